//! What a reader of the stream sees.

use crate::{Envelope, Millis};

/// One thing a client learns from the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A dispatched event.
    Event(Event),
    /// A comment line without its colon. It carries nothing but proof that the connection is alive.
    Comment(String),
    /// How long to wait before a reconnect, from now on.
    Retry(Millis),
}

/// A dispatched event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The id line of this very event; absent on synthetic ones. [`super::Parser::last_event_id`] is the sticky one.
    pub id: Option<String>,
    /// The type, `message` when the event names none.
    pub event: String,
    /// The data lines, joined by LF.
    pub data: String,
}

/// An event whose data is not an envelope.
#[derive(Debug, thiserror::Error)]
pub enum NotAnEnvelope {
    #[error("the event's data is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the event's data is JSON, but not an envelope")]
    OtherJson,
}

impl Event {
    /// Reads the data as the envelope the daemon puts there.
    pub fn envelope(&self) -> Result<Envelope, NotAnEnvelope> {
        Envelope::take(serde_json::from_str(&self.data)?).ok_or(NotAnEnvelope::OtherJson)
    }
}
