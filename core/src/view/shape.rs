//! Which payloads of known types are well-formed, as the published client's guards decide it.

use serde_json::Value;

use crate::{Envelope, EventType};

/// The payload has what the guard of its type looks at. A known type without a guard never passes (S2).
pub(super) fn is_valid(event: &Envelope) -> bool {
    let data = &event.data;
    let texts = |keys: &[&str]| keys.iter().all(|key| has_text(data, key));
    let numbers = |keys: &[&str]| keys.iter().all(|key| has_number(data, key));
    data.is_object()
        && match &event.kind {
            EventType::SessionUpdate => true,
            EventType::PermissionRequest => texts(&["requestId"]) && is_object(data, "toolCall") && are_options(data),
            EventType::PermissionResolved | EventType::PermissionAlreadyResolved => {
                texts(&["requestId"]) && is_object(data, "outcome")
            }
            EventType::PermissionPartialVote => {
                texts(&["requestId"]) && numbers(&["votesReceived", "votesNeeded", "quorum"])
            }
            EventType::PermissionForbidden => texts(&["requestId", "reason"]),
            EventType::ModelSwitched => texts(&["modelId"]),
            EventType::ModelSwitchFailed => texts(&["requestedModelId", "error"]),
            EventType::SessionDied => texts(&["reason"]),
            EventType::SessionClosed | EventType::ClientEvicted => texts(&["reason"]),
            EventType::StreamError => texts(&["error"]),
            EventType::SessionMetadataUpdated => texts(&["sessionId"]),
            EventType::SessionRecordingDegraded => texts(&["sessionId"]),
            EventType::SessionSnapshot => texts(&["sessionId"]),
            EventType::SlowClientWarning => numbers(&["queueSize", "maxQueued"]),
            EventType::StateResyncRequired => {
                texts(&["reason"]) && numbers(&["lastDeliveredId", "earliestAvailableId"])
            }
            EventType::HistoryTruncated => texts(&["reason"]) && numbers(&["truncatedEvents", "retainedEvents"]),
            EventType::McpBudgetWarning => {
                numbers(&["liveCount", "budget"]) && data["thresholdRatio"].as_f64() == Some(0.75)
            }
            EventType::McpChildRefusedBatch => data["refusedServers"].is_array(),
            EventType::MemoryChanged => texts(&["scope"]),
            EventType::AgentChanged => texts(&["change", "name"]),
            EventType::ApprovalModeChanged => texts(&["previous", "next"]),
            EventType::ToolToggled => texts(&["toolName"]) && data["enabled"].is_boolean(),
            EventType::WorkspaceInitialized => texts(&["path", "action"]),
            EventType::McpServerRestarted => texts(&["serverName"]) && numbers(&["durationMs"]),
            EventType::McpServerRestartRefused => texts(&["serverName"]) && is_refusal(&data["reason"]),
            EventType::McpServerAdded | EventType::McpServerRemoved => texts(&["name", "originatorClientId"]),
            EventType::McpServerChanged => texts(&["serverName", "action"]),
            EventType::SettingsChanged => texts(&["key"]),
            EventType::SettingsReloaded => data["changedKeys"].is_array(),
            EventType::TrustChangeRequested => texts(&["desiredState"]),
            EventType::PendingPromptAdded | EventType::PendingPromptStarted => texts(&["promptId", "text"]),
            EventType::PendingPromptCompleted => texts(&["promptId", "state"]),
            EventType::MidTurnMessageInjected => data["messages"].is_array(),
            EventType::FollowupSuggestion => texts(&["suggestion"]),
            EventType::TurnComplete => texts(&["stopReason"]),
            EventType::TurnError => texts(&["message"]),
            EventType::SessionRewound => data["promptId"].as_str().is_some_and(|id| !id.is_empty()),
            EventType::SessionBranched => texts(&["sourceSessionId", "newSessionId"]),
            EventType::ArtifactChanged => is_object(data, "change"),
            EventType::AuthDeviceFlowStarted | EventType::AuthDeviceFlowAuthorized => {
                texts(&["deviceFlowId", "providerId"])
            }
            EventType::AuthDeviceFlowThrottled | EventType::AuthDeviceFlowCancelled => texts(&["deviceFlowId"]),
            EventType::AuthDeviceFlowFailed => texts(&["deviceFlowId", "errorKind"]),
            EventType::ExtensionsChanged | EventType::SourceChanged => true,
            // In the client's list without a guard.
            EventType::PromptCancelled
            | EventType::ReplayComplete
            | EventType::UserShellCommand
            | EventType::UserShellResult
            | EventType::GithubSetupCompleted
            | EventType::ChannelDeliveryResult
            | EventType::GitBranchChanged
            | EventType::GitStatusChanged => false,
            // Not in the client's list: unknown to it, so nothing to judge.
            EventType::LanguageChanged | EventType::SessionCwdChanged | EventType::Other(_) => true,
        }
}

/// A text field.
pub(super) fn text(data: &Value, key: &str) -> Option<String> {
    data.get(key)?.as_str().map(str::to_owned)
}

fn has_text(data: &Value, key: &str) -> bool {
    data.get(key).is_some_and(Value::is_string)
}

fn has_number(data: &Value, key: &str) -> bool {
    data.get(key).is_some_and(Value::is_number)
}

fn is_object(data: &Value, key: &str) -> bool {
    data.get(key).is_some_and(Value::is_object)
}

fn are_options(data: &Value) -> bool {
    data["options"].as_array().is_some_and(|options| options.iter().all(|option| has_text(option, "optionId")))
}

fn is_refusal(reason: &Value) -> bool {
    let known = ["in_flight", "disabled", "budget_would_exceed", "authentication_required", "restart_failed"];
    reason.as_str().is_some_and(|reason| known.contains(&reason))
}
