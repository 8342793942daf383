//! What is true of the session now, beside its entries: latest wins.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Envelope,
    payload::{Command, ContextUsage, HistoryTruncated, ResyncRequired, SessionEnd},
    transcript::Seq,
};

/// The session's present.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Approval mode.
    pub mode: Option<Box<str>>,
    pub model: Option<Box<str>>,
    pub title: Option<String>,
    pub commands: Vec<Command>,
    pub skills: Vec<Box<str>>,
    /// The agent's `configOptions`, as they came.
    pub config_options: Option<Value>,
    /// How full the model's context is, where the agent says so itself.
    pub context: Option<ContextUsage>,
    /// The agent's `goalState`, as it came.
    pub goal: Option<Value>,
    /// What the reader might ask next; gone when a turn begins.
    pub followup: Option<String>,
    /// The session's records are no longer written.
    pub recording_degraded: bool,
    /// The stream or the session is over.
    pub end: Option<End>,
    /// The stream cannot be served exactly: load the session again.
    pub resync: Option<ResyncRequired>,
    /// Older entries are missing from what was loaded.
    pub truncation: Option<HistoryTruncated>,
}

/// Why nothing more comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub cause: EndCause,
    pub details: SessionEnd,
}

/// What ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    SessionClosed,
    SessionDied,
    /// Only this client's stream.
    ClientEvicted,
    /// Only this client's stream.
    StreamError,
}

impl EndCause {
    /// The session itself is over, for every client.
    #[must_use]
    pub fn ends_session(self) -> bool {
        match self {
            Self::SessionClosed | Self::SessionDied => true,
            Self::ClientEvicted | Self::StreamError => false,
        }
    }
}

impl State {
    /// The first end stands, but the end of the session replaces the end of a stream. Answers whether `end` was taken.
    pub(super) fn finish(&mut self, end: End) -> bool {
        let free = match &self.end {
            None => true,
            Some(standing) => end.cause.ends_session() && !standing.cause.ends_session(),
        };
        if free {
            self.end = Some(end);
        }
        free
    }
}

/// One part of the state that an event sets as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Commands,
    Mode,
    Model,
    Title,
    Config,
    Context,
    Goal,
    Followup,
    Recording,
    End,
}

/// The event that last set each slot, for replay.
pub(super) type Slots = BTreeMap<Slot, (Seq, Envelope)>;
