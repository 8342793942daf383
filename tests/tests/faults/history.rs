//! What a run has seen, been told and been promised: all that the laws are checked against.

use roost_core::{
    Envelope, EventEpoch, PromptId, RequestId,
    client::{Cursor, LoadedSession, Resync},
};
use roost_tests::scripted_agent::script::Spoken;

/// Everything about one run.
#[derive(Debug)]
pub(crate) struct Record {
    /// The ring was large enough for all of it: no cursor can have been lost.
    pub(crate) ring_is_whole: bool,
    pub(crate) readers: Vec<Reader>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) votes: Vec<Voted>,
    /// How the session loads when all is over.
    pub(crate) last: LoadedSession,
}

/// One subscriber.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) stretches: Vec<Stretch>,
    /// Every answer 200 to its requests for the stream, as the bytes had it.
    pub(crate) connections: Vec<Connection>,
}

/// From a start to the next load, as core's stream machine delivered it.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) start: Start,
    pub(crate) events: Vec<Envelope>,
    /// Why it ended before the run did.
    pub(crate) resync: Option<Resync>,
}

#[derive(Debug)]
pub(crate) enum Start {
    /// With the first event there ever was.
    Beginning,
    Loaded(Box<LoadedSession>),
}

impl Start {
    pub(crate) fn cursor(&self) -> Cursor {
        match self {
            Self::Beginning => Cursor { last_event_id: 0, epoch: None },
            Self::Loaded(loaded) => loaded.cursor(),
        }
    }
}

/// One connection's worth of the stream: what was asked for, and every whole frame that came.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) asked: Cursor,
    pub(crate) epoch: Option<EventEpoch>,
    pub(crate) events: Vec<Envelope>,
}

/// A prompt that was sent.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) spoken: Spoken,
    pub(crate) text: String,
    /// `None`: the answer was lost, and it may or may not have been accepted.
    pub(crate) acknowledged: Option<PromptId>,
    /// The daemon said `{"removed": true}`.
    pub(crate) removed: bool,
    /// How the daemon says the turn went, when all is over.
    pub(crate) state: Option<String>,
}

/// A vote that was answered with 200.
#[derive(Debug)]
pub(crate) struct Voted {
    pub(crate) request: RequestId,
    /// `None`: cancelled.
    pub(crate) option: Option<String>,
}
