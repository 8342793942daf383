//! What travels on a session's event stream: the envelope around every event, and the vocabulary of types.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use crate::{ClientId, Millis, PromptId, payload::may};

/// The version every envelope carries in `v`.
pub const ENVELOPE_VERSION: u8 = 1;

/// One event as a client reads it: the whole JSON of a `data:` line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// 1, 2, 3… per session. Absent on synthetic frames, which concern one subscriber only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<u64>,
    #[serde(default = "envelope_version")]
    pub v: u8,
    #[serde(rename = "type")]
    pub kind: EventType,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt_id: Option<PromptId>,
    #[serde(default)]
    pub data: Value,
    /// The client whose request caused the event.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub originator_client_id: Option<ClientId>,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty", default)]
    pub meta: Map<String, Value>,
}

fn envelope_version() -> u8 {
    ENVELOPE_VERSION
}

impl Envelope {
    /// Takes an envelope out of its JSON, without a copy of its payload. `None` when it is none.
    #[must_use]
    pub fn take(json: Value) -> Option<Self> {
        let Value::Object(mut fields) = json else { return None };
        let (data, meta) = (fields.remove("data"), fields.remove("_meta"));
        let head = Value::Object(fields);
        Some(Self {
            id: may(&head, "id")?,
            v: u8::try_from(may::<Option<u64>>(&head, "v")?.unwrap_or(ENVELOPE_VERSION.into())).ok()?,
            kind: EventType::from(head.get("type")?.as_str()?),
            prompt_id: may(&head, "promptId")?,
            data: data.unwrap_or_default(),
            originator_client_id: may(&head, "originatorClientId")?,
            meta: match meta {
                None => Map::new(),
                Some(Value::Object(meta)) => meta,
                Some(_) => return None,
            },
        })
    }

    /// `_meta.serverTimestamp`: when the daemon published the event.
    #[must_use]
    pub fn server_timestamp(&self) -> Option<Millis> {
        self.meta.get("serverTimestamp")?.as_u64().map(Millis)
    }
}

/// An event that has no number yet. The bus stamps it (id, time) and encodes it once.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: EventType,
    /// The payload, already JSON on one line: agent output passes through without being re-encoded.
    pub data: Box<RawValue>,
    pub prompt_id: Option<PromptId>,
    pub originator: Option<ClientId>,
}

impl Draft {
    /// A draft from a payload of our own making.
    ///
    /// # Panics
    /// When `data` has a map key that is not a string, which no payload type of ours has.
    pub fn new(kind: EventType, data: &impl Serialize) -> Self {
        let data = serde_json::value::to_raw_value(data).expect("payload types have string keys only");
        Self { kind, data, prompt_id: None, originator: None }
    }

    /// The same draft, correlated with a turn.
    #[must_use]
    pub fn in_prompt(mut self, prompt: Option<PromptId>) -> Self {
        self.prompt_id = prompt;
        self
    }

    /// The same draft, attributed to the client that caused it.
    #[must_use]
    pub fn caused_by(mut self, client: Option<ClientId>) -> Self {
        self.originator = client;
        self
    }
}

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The `type` of an event. A name we do not know is kept, never an error: the vocabulary grows.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum EventType {
            $($(#[$doc])* $variant,)*
            /// A type this build does not know.
            Other(Box<str>),
        }

        impl EventType {
            /// Every type this build knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for EventType {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }
        }
    };
}

event_types! {
    SessionUpdate = "session_update",
    SessionSnapshot = "session_snapshot",
    ReplayComplete = "replay_complete",
    StateResyncRequired = "state_resync_required",
    HistoryTruncated = "history_truncated",
    SlowClientWarning = "slow_client_warning",
    ClientEvicted = "client_evicted",
    StreamError = "stream_error",
    SessionClosed = "session_closed",
    SessionDied = "session_died",
    SessionMetadataUpdated = "session_metadata_updated",
    SessionRecordingDegraded = "session_recording_degraded",
    SessionRewound = "session_rewound",
    SessionBranched = "session_branched",
    SessionCwdChanged = "session_cwd_changed",
    ArtifactChanged = "artifact_changed",
    SourceChanged = "source_changed",
    TurnComplete = "turn_complete",
    TurnError = "turn_error",
    PromptCancelled = "prompt_cancelled",
    PendingPromptAdded = "pending_prompt_added",
    PendingPromptStarted = "pending_prompt_started",
    PendingPromptCompleted = "pending_prompt_completed",
    MidTurnMessageInjected = "mid_turn_message_injected",
    FollowupSuggestion = "followup_suggestion",
    UserShellCommand = "user_shell_command",
    UserShellResult = "user_shell_result",
    LanguageChanged = "language_changed",
    PermissionRequest = "permission_request",
    PermissionResolved = "permission_resolved",
    PermissionAlreadyResolved = "permission_already_resolved",
    PermissionPartialVote = "permission_partial_vote",
    PermissionForbidden = "permission_forbidden",
    ModelSwitched = "model_switched",
    ModelSwitchFailed = "model_switch_failed",
    ApprovalModeChanged = "approval_mode_changed",
    ToolToggled = "tool_toggled",
    WorkspaceInitialized = "workspace_initialized",
    MemoryChanged = "memory_changed",
    AgentChanged = "agent_changed",
    SettingsChanged = "settings_changed",
    SettingsReloaded = "settings_reloaded",
    TrustChangeRequested = "trust_change_requested",
    ExtensionsChanged = "extensions_changed",
    GithubSetupCompleted = "github_setup_completed",
    McpBudgetWarning = "mcp_budget_warning",
    McpChildRefusedBatch = "mcp_child_refused_batch",
    McpServerRestarted = "mcp_server_restarted",
    McpServerRestartRefused = "mcp_server_restart_refused",
    McpServerAdded = "mcp_server_added",
    McpServerRemoved = "mcp_server_removed",
    McpServerChanged = "mcp_server_changed",
    AuthDeviceFlowStarted = "auth_device_flow_started",
    AuthDeviceFlowThrottled = "auth_device_flow_throttled",
    AuthDeviceFlowAuthorized = "auth_device_flow_authorized",
    AuthDeviceFlowFailed = "auth_device_flow_failed",
    AuthDeviceFlowCancelled = "auth_device_flow_cancelled",
    ChannelDeliveryResult = "channel_delivery_result",
    GitBranchChanged = "git_branch_changed",
    GitStatusChanged = "git_status_changed",
}

impl From<String> for EventType {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<EventType> for String {
    fn from(kind: EventType) -> Self {
        kind.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_known_type_survives_its_name() {
        for kind in EventType::KNOWN {
            assert_eq!(&EventType::from(kind.as_str()), kind);
        }
    }

    #[test]
    fn an_unknown_type_is_kept_as_it_is() {
        let kind = EventType::from("moon_landed");
        assert_eq!(kind.as_str(), "moon_landed");
    }

    #[test]
    fn an_envelope_survives_json() {
        let json = r#"{"id":7,"v":1,"type":"turn_complete","promptId":"p","data":{"stopReason":"end_turn"},"_meta":{"serverTimestamp":12}}"#;
        let envelope: Envelope = serde_json::from_str(json).expect("a well-formed envelope");
        assert_eq!(envelope.server_timestamp(), Some(Millis(12)));
        assert_eq!(serde_json::to_string(&envelope).expect("encodes"), json);
    }
}
