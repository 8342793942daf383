//! What is done in a conversation, and what is waited for.

use serde_json::Value;

use crate::fake_model::Turn;

/// Steps with a name.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) steps: Vec<Step>,
}

/// One thing that is done, or waited for.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Asks the model for these turns: the first, and one more after the results of each batch of calls.
    Prompt(Vec<Turn>),
    Hear(Moment),
    /// Decides about what was asked last.
    Vote(Vote),
    Cancel,
    /// Lets the model go on that waits for it.
    LetGo,
    Mode(&'static str),
    Model(Model),
    /// Closes the session.
    Close,
    /// Sends a request of HTTP; only over REST.
    Ask {
        method: &'static str,
        path: &'static str,
        body: Value,
    },
    /// Listens anew with these headers and this query, and hears nothing of the old stream any more; only over REST.
    Listen {
        headers: Vec<(&'static str, &'static str)>,
        query: &'static str,
    },
    /// Asks for the session as it is loaded, and takes note of each of its entries; only over REST.
    Load,
    /// Sends a call of JSON-RPC; only over `/acp`.
    Call {
        method: &'static str,
        params: Value,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// The agent's first words since the last moment.
    Word,
    /// It asks whether it may.
    Question,
    /// A turn is over.
    End,
    /// The session is.
    Gone,
    /// An event that is called so, or begins so.
    Event(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Vote {
    For(&'static str),
    Cancelled,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Model {
    /// The one it has.
    Own,
    Unknown,
}

impl Model {
    /// The id of a model nobody has.
    pub(super) const UNKNOWN: &str = "no-such-model";
}
