//! One event on its way into the transcript, and what folding wrote beside it.

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, Envelope, Millis, PromptId,
    payload::{Read, readable},
    transcript::Seq,
};

/// What every part of the reducer needs to know about an event.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    pub(super) seq: Seq,
    pub(super) at: Option<Millis>,
    pub(super) prompt: Option<&'a PromptId>,
    pub(super) by: Option<&'a ClientId>,
    pub(super) folded: Folded,
}

impl<'a> Step<'a> {
    pub(super) fn of(event: &'a Envelope, seq: Seq) -> Self {
        Self {
            seq,
            at: event.server_timestamp(),
            prompt: event.prompt_id.as_ref(),
            by: event.originator_client_id.as_ref(),
            folded: Folded::of(event),
        }
    }
}

/// The envelope's `_meta.folded`: what the events folded into one cannot say in the protocol's own fields. Clients that do not know
/// it lose times and counts, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Folded {
    /// When the last of them was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Millis>,
    /// Of a tool call, together: its times are these, not the event's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool: Option<ToolTimes>,
    /// Model requests counted in the usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requests: Option<u64>,
    /// Only opens its turn.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) opens: bool,
    /// Tells the state, but its line was dropped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) state_only: bool,
}

readable!(Folded { ; until: "until", tool: "tool", requests: "requests", opens: "opens", state_only: "stateOnly" });

/// When a tool call ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolTimes {
    #[serde(default)]
    pub(super) running_at: Option<Millis>,
    #[serde(default)]
    pub(super) ended_at: Option<Millis>,
}

readable!(ToolTimes { ; running_at: "runningAt", ended_at: "endedAt" });

impl Folded {
    /// Its key in the envelope's `_meta`.
    pub(super) const KEY: &'static str = "folded";

    fn of(event: &Envelope) -> Self {
        event.meta.get(Self::KEY).and_then(Self::read).unwrap_or_default()
    }
}
