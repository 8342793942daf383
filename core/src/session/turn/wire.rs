//! The payloads of a turn, and what the agent is sent for one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use crate::{Millis, PromptId, SessionId, session::TurnFailure};

/// When a cancelled run was cancelled, and how long it had run.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::session) struct Cancelled {
    pub(super) cancelled_at: Millis,
    pub(super) elapsed_ms: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingPromptAdded<'a> {
    pub(super) session_id: &'a SessionId,
    pub(super) prompt_id: &'a PromptId,
    pub(super) text: &'a str,
    pub(super) queued_at: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingPromptStarted<'a> {
    pub(super) session_id: &'a SessionId,
    pub(super) prompt_id: &'a PromptId,
    pub(super) text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingPromptCompleted<'a> {
    pub(super) session_id: &'a SessionId,
    pub(super) prompt_id: &'a PromptId,
    pub(super) state: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptCancelled<'a> {
    pub(super) session_id: &'a SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnComplete<'a> {
    pub(super) session_id: &'a SessionId,
    pub(super) stop_reason: &'a str,
    pub(super) prompt_id: &'a PromptId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_cancelled: Option<Cancelled>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnError<'a> {
    pub(super) session_id: &'a SessionId,
    #[serde(flatten)]
    pub(super) failure: &'a TurnFailure,
    pub(super) prompt_id: &'a PromptId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserMessage<'a> {
    pub(super) session_id: &'a SessionId,
    pub(super) update: Echo<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Echo<'a> {
    pub(super) session_update: &'static str,
    pub(super) content: &'a RawValue,
    #[serde(rename = "_meta")]
    pub(super) meta: EchoMeta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EchoMeta {
    pub(super) server_timestamp: Millis,
    pub(super) source: &'static str,
}

/// `session/prompt`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptParams<'a> {
    pub(super) session_id: &'a SessionId,
    pub(super) prompt: &'a [Box<RawValue>],
    #[serde(flatten)]
    pub(super) extra: &'a Map<String, Value>,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    pub(super) meta: &'a Map<String, Value>,
}

/// The result of `session/prompt`, as far as anybody needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptResult {
    pub(super) stop_reason: Option<Box<str>>,
}

/// `session/cancel`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelParams<'a> {
    pub(super) session_id: &'a SessionId,
}
