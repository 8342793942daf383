//! Turns: one prompt and what came of it.

use crate::{
    ClientId, Envelope, Millis, PromptId,
    payload::Usage,
    transcript::{Seq, TurnId},
};

/// One turn. Its entries name it by [`TurnId`].
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub id: TurnId,
    /// `None` for a turn nobody prompted, until its terminal event names one.
    pub prompt: Option<PromptId>,
    pub by: Option<ClientId>,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub outcome: TurnOutcome,
    /// Somebody asked for an end; the terminal event may still be on its way.
    pub cancelled: Option<Cancellation>,
    /// The sum over its model requests.
    pub usage: Usage,
    /// The latest model request: its `input_tokens` tell how full the context is.
    pub last_request: Usage,
    /// Model requests counted in `usage`.
    pub requests: u64,
    pub(crate) opened_as: Option<PromptId>,
    pub(crate) terminal: Option<Box<Envelope>>,
    pub(crate) usage_at: Option<UsagePlaces>,
    /// The sum over all requests but the latest frame's.
    pub(crate) earlier_requests: Usage,
}

/// How a turn stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnOutcome {
    Running,
    /// `turn_complete`.
    Ended {
        stop_reason: Box<str>,
    },
    /// `turn_error`; the error is an entry.
    Failed,
    /// The session ended, or another unprompted turn began, with no terminal event.
    Abandoned,
}

/// Who asked for an end, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    pub by: Option<ClientId>,
    pub at: Option<Millis>,
    pub reason: Option<Box<str>>,
    pub(crate) seq: Seq,
}

/// Where a turn's first and latest usage frames stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsagePlaces {
    pub(crate) first: UsagePlace,
    pub(crate) last: UsagePlace,
    /// Model requests counted in the latest frame.
    pub(crate) last_requests: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsagePlace {
    pub(crate) seq: Seq,
    pub(crate) at: Option<Millis>,
    pub(crate) prompt: Option<PromptId>,
    pub(crate) by: Option<ClientId>,
}

impl Turn {
    /// No terminal event yet.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.outcome == TurnOutcome::Running
    }
}

/// An accepted prompt that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedPrompt {
    pub prompt: PromptId,
    pub text: String,
    pub by: Option<ClientId>,
    pub queued_at: Option<Millis>,
    pub(crate) seq: Seq,
    pub(crate) at: Option<Millis>,
}
