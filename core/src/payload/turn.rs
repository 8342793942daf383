//! The life of a prompt: queued, started, cancelled, ended.

use serde::{Deserialize, Serialize};

use super::readable;
use crate::{Millis, PromptId};

/// `turn_complete`: the prompt ended as prompts end, or was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnComplete {
    /// `end_turn`, `cancelled`, `max_tokens`, `max_turn_requests`, `refusal`…
    pub stop_reason: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt_id: Option<PromptId>,
}

readable!(TurnComplete { stop_reason: "stopReason"; prompt_id: "promptId" });

/// `turn_error`: the prompt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt_id: Option<PromptId>,
}

readable!(TurnError { message: "message"; code: "code", error_kind: "errorKind", prompt_id: "promptId" });

/// `prompt_cancelled`: somebody asked for an end; the terminal event follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptCancelled {
    /// `forward_failed` when the agent could not be reached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Box<str>>,
}

readable!(PromptCancelled { ; reason: "reason" });

/// `pending_prompt_added`, `pending_prompt_started` and `pending_prompt_completed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingPrompt {
    pub prompt_id: PromptId,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queued_at: Option<Millis>,
    /// Of `pending_prompt_completed`: `completed` or `removed`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<Box<str>>,
}

readable!(PendingPrompt { prompt_id: "promptId"; text: "text", queued_at: "queuedAt", state: "state" });

/// `mid_turn_message_injected`: messages that entered the running turn at a tool boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MidTurnMessages {
    pub messages: Vec<String>,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub message_ids: Vec<PromptId>,
}

readable!(MidTurnMessages { messages: "messages"; message_ids: "messageIds" });
