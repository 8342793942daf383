//! Event payloads, decoded: what the reducers read out of an envelope's `data`.
//!
//! Decoding is total and looks forward: a field nobody knows is skipped, a sub-kind nobody knows is kept as it is, and a payload that
//! lacks what its kind needs is a [`Malformed`] with the reason. Nothing here panics, whatever the input.

mod content;
mod meta;
mod permission;
mod plan;
mod read;
mod session;
mod tool;
mod turn;
mod update;

pub use content::{ContentBlock, Media, Resource, ResourceLink};
pub use meta::{GoalStatus, Usage};
pub use permission::{
    Outcome, OutcomeKind, PartialVote, PermissionForbidden, PermissionOption, PermissionRequest, PermissionResolved,
    Question, QuestionOption,
};
pub use plan::{PlanEntry, PlanStatus};
pub use read::Read;
pub(crate) use read::{may, must, readable};
pub use session::{
    ApprovalModeChanged, FollowupSuggestion, HistoryTruncated, ModelSwitchFailed, ModelSwitched, ResyncRequired,
    SessionEnd, SessionMetadata, SessionSnapshot, ShellCommand, ShellResult,
};
pub use tool::{Location, ToolCallId, ToolContent, ToolKind, ToolPatch, ToolStatus};
pub use turn::{MidTurnMessages, PendingPrompt, PromptCancelled, TurnComplete, TurnError};
pub(crate) use update::parent_of;
pub use update::{Chunk, Command, CommandInput, ContextUsage, Update};

use serde::Deserialize;
use serde_json::Value;

/// A payload that lacks what its kind needs. Nothing is lost: the caller still has the envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}: {why}")]
pub struct Malformed {
    /// The event type or the `sessionUpdate` kind.
    pub what: Box<str>,
    /// What the decoder missed.
    pub why: Box<str>,
}

/// Decodes `data` as `T`; `what` names the payload in the error.
///
/// # Errors
/// [`Malformed`] when a needed field is absent or a known field has another type.
pub fn decode<T: Read>(what: &str, data: &Value) -> Result<T, Malformed> {
    let why = "a field that it needs is missing, or one has another type than it should";
    T::read(data).ok_or_else(|| Malformed { what: what.into(), why: why.into() })
}

/// `null` and "absent" are the same to every payload: agents write both.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
