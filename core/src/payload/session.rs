//! What happens to the session as a whole, and the marks on its stream.

use serde::{Deserialize, Serialize};

use super::readable;
use crate::ClientId;

/// `approval_mode_changed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalModeChanged {
    pub previous: Box<str>,
    pub next: Box<str>,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub persisted: bool,
}

readable!(ApprovalModeChanged { previous: "previous", next: "next"; persisted: "persisted" });

/// `model_switched`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelSwitched {
    pub model_id: Box<str>,
}

readable!(ModelSwitched { model_id: "modelId"; });

/// `model_switch_failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelSwitchFailed {
    pub requested_model_id: Box<str>,
    pub error: String,
}

readable!(ModelSwitchFailed { requested_model_id: "requestedModelId", error: "error"; });

/// `session_metadata_updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionMetadata {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_name: Option<String>,
}

readable!(SessionMetadata { ; display_name: "displayName" });

/// `session_snapshot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSnapshot {
    #[serde(default)]
    pub current_model_id: Option<Box<str>>,
    #[serde(default)]
    pub current_approval_mode: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recording_degraded: Option<bool>,
}

readable!(SessionSnapshot {
    ;
    current_model_id: "currentModelId", current_approval_mode: "currentApprovalMode", recording_degraded:
    "recordingDegraded"
});

/// `session_closed`, `session_died`, `client_evicted` and `stream_error`: nothing more follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionEnd {
    pub reason: Option<String>,
    /// Of `stream_error`.
    pub error: Option<String>,
    /// Of `session_closed`.
    pub closed_by: Option<ClientId>,
    /// Of `session_died`.
    pub exit_code: Option<i64>,
    /// Of `session_died`.
    pub signal_code: Option<String>,
}

readable!(SessionEnd {
    ;
    reason: "reason", error: "error", closed_by: "closedBy", exit_code: "exitCode", signal_code: "signalCode"
});

/// `state_resync_required`: the cursor cannot be served exactly; load again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResyncRequired {
    pub reason: Box<str>,
    pub last_delivered_id: u64,
    pub earliest_available_id: u64,
}

readable!(ResyncRequired {
    reason: "reason", last_delivered_id: "lastDeliveredId", earliest_available_id: "earliestAvailableId";

});

/// `history_truncated`: older entries are not in this replay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HistoryTruncated {
    pub reason: Box<str>,
    pub truncated_events: u64,
    pub retained_events: u64,
    pub max_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated_turns: Option<u64>,
    pub full_transcript_available: bool,
}

readable!(HistoryTruncated {
    ;
    reason: "reason", truncated_events: "truncatedEvents", retained_events: "retainedEvents", max_bytes:
    "maxBytes", truncated_turns: "truncatedTurns", full_transcript_available: "fullTranscriptAvailable"
});

/// `followup_suggestion`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowupSuggestion {
    pub suggestion: String,
}

readable!(FollowupSuggestion { suggestion: "suggestion"; });

/// `user_shell_command`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellCommand {
    pub command: String,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub cwd: String,
}

readable!(ShellCommand { command: "command"; cwd: "cwd" });

/// `user_shell_result`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShellResult {
    #[serde(default)]
    pub exit_code: Option<i64>,
    #[serde(default)]
    pub signal: Option<String>,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub aborted: bool,
}

readable!(ShellResult { ; exit_code: "exitCode", signal: "signal", aborted: "aborted" });
