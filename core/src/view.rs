//! What a client knows of a session besides its transcript: `DaemonSessionViewState` (rules S1–S5).
//!
//! Conformance is the point: the fields, counters and bounds are those of the protocol's published client. The page draws from the
//! [transcript](crate::transcript) instead.

mod auth;
mod shape;

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::{Envelope, EventType, RequestId};
pub use auth::{AuthFlow, AuthStatus, AuthView};
use shape::text;

/// Requests that may be open at once; further ones are counted and dropped.
pub const MAX_PENDING_PERMISSIONS: usize = 64;

/// Refused votes that are remembered.
pub const MAX_FORBIDDEN_VOTES: usize = 32;

/// The state after some events. [`Default`] is the state before the first.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionView {
    pub session_id: Option<String>,
    pub alive: bool,
    pub last_event_id: Option<u64>,
    pub last_session_update: Option<Value>,
    /// By request id; the whole `data`.
    pub pending_permissions: BTreeMap<RequestId, Value>,
    pub dropped_permission_request_count: u64,
    pub last_dropped_permission_request: Option<RequestId>,
    pub unmatched_permission_resolution_count: u64,
    pub last_unmatched_permission_resolution: Option<RequestId>,
    pub permission_vote_progress: BTreeMap<RequestId, Value>,
    /// The newest [`MAX_FORBIDDEN_VOTES`], oldest first.
    pub forbidden_votes: VecDeque<Value>,
    pub forbidden_vote_count: u64,
    pub current_model_id: Option<String>,
    pub last_model_switch_failure: Option<Value>,
    pub display_name: Option<String>,
    pub approval_mode: Option<String>,
    /// How often each of these happened, and its latest `data`.
    pub approval_mode_changes: Tally,
    pub tool_toggles: Tally,
    pub workspace_initializations: Tally,
    pub mcp_restarts: Tally,
    pub mcp_restart_refusals: Tally,
    pub mcp_budget_warnings: Tally,
    pub mcp_refused_batches: Tally,
    pub slow_client_warnings: Tally,
    pub history_truncations: Tally,
    pub resyncs: Tally,
    pub rewinds: Tally,
    pub last_workspace_mutation: Option<Mutation>,
    pub awaiting_resync: bool,
    pub recording_degraded: bool,
    pub last_turn_complete: Option<Value>,
    pub last_turn_error: Option<Value>,
    pub last_followup_suggestion: Option<Value>,
    pub last_session_branched: Option<Value>,
    pub terminal_event: Option<Envelope>,
    pub stream_error: Option<Value>,
    pub unrecognized_known_event_count: u64,
    pub last_unrecognized_known_event: Option<Envelope>,
}

/// A count with the latest of what was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub count: u64,
    pub last: Option<Value>,
}

impl Tally {
    fn add(&mut self, data: Value) {
        self.count += 1;
        self.last = Some(data);
    }
}

/// Something that changed the workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    pub kind: EventType,
    pub data: Value,
}

impl Default for SessionView {
    fn default() -> Self {
        Self {
            session_id: None,
            alive: true,
            last_event_id: None,
            last_session_update: None,
            pending_permissions: BTreeMap::new(),
            dropped_permission_request_count: 0,
            last_dropped_permission_request: None,
            unmatched_permission_resolution_count: 0,
            last_unmatched_permission_resolution: None,
            permission_vote_progress: BTreeMap::new(),
            forbidden_votes: VecDeque::new(),
            forbidden_vote_count: 0,
            current_model_id: None,
            last_model_switch_failure: None,
            display_name: None,
            approval_mode: None,
            approval_mode_changes: Tally::default(),
            tool_toggles: Tally::default(),
            workspace_initializations: Tally::default(),
            mcp_restarts: Tally::default(),
            mcp_restart_refusals: Tally::default(),
            mcp_budget_warnings: Tally::default(),
            mcp_refused_batches: Tally::default(),
            slow_client_warnings: Tally::default(),
            history_truncations: Tally::default(),
            resyncs: Tally::default(),
            rewinds: Tally::default(),
            last_workspace_mutation: None,
            awaiting_resync: false,
            recording_degraded: false,
            last_turn_complete: None,
            last_turn_error: None,
            last_followup_suggestion: None,
            last_session_branched: None,
            terminal_event: None,
            stream_error: None,
            unrecognized_known_event_count: 0,
            last_unrecognized_known_event: None,
        }
    }
}

impl SessionView {
    /// Takes one event in (S1–S5).
    pub fn apply(&mut self, event: &Envelope) {
        self.last_event_id = self.last_event_id.max(event.id);
        if matches!(event.kind, EventType::Other(_)) || (self.awaiting_resync && !passes_resync(&event.kind)) {
            return;
        }
        if shape::is_valid(event) {
            self.known(event);
        } else {
            self.unrecognized_known_event_count += 1;
            self.last_unrecognized_known_event = Some(event.clone());
        }
    }

    fn known(&mut self, event: &Envelope) {
        let data = &event.data;
        match &event.kind {
            EventType::SessionUpdate => {
                self.learn_session(data);
                self.last_session_update = Some(data.clone());
            }
            EventType::PermissionRequest => self.request(event),
            EventType::PermissionResolved | EventType::PermissionAlreadyResolved => self.resolve(data),
            EventType::PermissionPartialVote => {
                if let Some(id) = request_id(data) {
                    self.permission_vote_progress.insert(id, with_originator(event));
                }
            }
            EventType::PermissionForbidden => {
                self.forbidden_vote_count += 1;
                self.forbidden_votes.push_back(with_originator(event));
                if self.forbidden_votes.len() > MAX_FORBIDDEN_VOTES {
                    self.forbidden_votes.pop_front();
                }
            }
            EventType::ModelSwitched => {
                self.current_model_id = text(data, "modelId");
                self.last_model_switch_failure = None;
            }
            EventType::ModelSwitchFailed => self.last_model_switch_failure = Some(data.clone()),
            EventType::SessionMetadataUpdated => self.display_name = text(data, "displayName"),
            EventType::ApprovalModeChanged => {
                self.approval_mode = text(data, "next");
                self.approval_mode_changes.add(with_originator(event));
            }
            EventType::ToolToggled => self.tool_toggles.add(with_originator(event)),
            EventType::WorkspaceInitialized => self.workspace_initializations.add(with_originator(event)),
            EventType::McpServerRestarted => self.mcp_restarts.add(with_originator(event)),
            EventType::McpServerRestartRefused => self.mcp_restart_refusals.add(with_originator(event)),
            EventType::MemoryChanged | EventType::AgentChanged => {
                self.last_workspace_mutation = Some(Mutation { kind: event.kind.clone(), data: data.clone() });
            }
            EventType::McpBudgetWarning => self.mcp_budget_warnings.add(data.clone()),
            EventType::McpChildRefusedBatch => self.mcp_refused_batches.add(data.clone()),
            EventType::SlowClientWarning => self.slow_client_warnings.add(data.clone()),
            EventType::HistoryTruncated => self.history_truncations.add(data.clone()),
            EventType::StateResyncRequired => {
                self.awaiting_resync = true;
                self.resyncs.add(data.clone());
            }
            EventType::SessionSnapshot => self.snapshot(data),
            EventType::SessionRecordingDegraded => self.recording_degraded = true,
            EventType::TurnComplete => self.last_turn_complete = Some(data.clone()),
            EventType::TurnError => self.last_turn_error = Some(data.clone()),
            EventType::FollowupSuggestion => self.last_followup_suggestion = Some(data.clone()),
            EventType::SessionBranched => self.last_session_branched = Some(data.clone()),
            EventType::SessionRewound => self.rewinds.add(data.clone()),
            EventType::SessionDied | EventType::SessionClosed | EventType::ClientEvicted | EventType::StreamError => {
                self.end(event);
            }
            // Valid, and nothing a view remembers. Those without a guard never come here.
            EventType::SettingsChanged
            | EventType::SettingsReloaded
            | EventType::TrustChangeRequested
            | EventType::McpServerAdded
            | EventType::McpServerRemoved
            | EventType::McpServerChanged
            | EventType::ExtensionsChanged
            | EventType::ArtifactChanged
            | EventType::SourceChanged
            | EventType::PendingPromptAdded
            | EventType::PendingPromptStarted
            | EventType::PendingPromptCompleted
            | EventType::MidTurnMessageInjected
            | EventType::AuthDeviceFlowStarted
            | EventType::AuthDeviceFlowThrottled
            | EventType::AuthDeviceFlowAuthorized
            | EventType::AuthDeviceFlowFailed
            | EventType::AuthDeviceFlowCancelled
            | EventType::ReplayComplete
            | EventType::PromptCancelled
            | EventType::UserShellCommand
            | EventType::UserShellResult
            | EventType::LanguageChanged
            | EventType::SessionCwdChanged
            | EventType::GithubSetupCompleted
            | EventType::ChannelDeliveryResult
            | EventType::GitBranchChanged
            | EventType::GitStatusChanged
            | EventType::Other(_) => {}
        }
    }

    fn learn_session(&mut self, data: &Value) {
        if let Some(id) = text(data, "sessionId") {
            self.session_id = Some(id);
        }
    }

    fn request(&mut self, event: &Envelope) {
        let Some(id) = request_id(&event.data) else { return };
        let is_new = !self.pending_permissions.contains_key(&id);
        if is_new && self.pending_permissions.len() >= MAX_PENDING_PERMISSIONS {
            self.dropped_permission_request_count += 1;
            self.last_dropped_permission_request = Some(id);
            return;
        }
        self.pending_permissions.insert(id, event.data.clone());
    }

    fn resolve(&mut self, data: &Value) {
        let Some(id) = request_id(data) else { return };
        self.permission_vote_progress.remove(&id);
        if self.pending_permissions.remove(&id).is_none() {
            self.unmatched_permission_resolution_count += 1;
            self.last_unmatched_permission_resolution = Some(id);
        }
    }

    fn snapshot(&mut self, data: &Value) {
        self.learn_session(data);
        if let Some(model) = text(data, "currentModelId") {
            self.current_model_id = Some(model);
        }
        if let Some(mode) = text(data, "currentApprovalMode") {
            self.approval_mode = Some(mode);
        }
        if let Some(degraded) = data.get("recordingDegraded").and_then(Value::as_bool) {
            self.recording_degraded = degraded;
        }
    }

    fn end(&mut self, event: &Envelope) {
        self.alive = false;
        let ends_session = |event: &Envelope| matches!(event.kind, EventType::SessionDied | EventType::SessionClosed);
        let standing = self.terminal_event.as_ref();
        if standing.is_none_or(|standing| ends_session(event) && !ends_session(standing)) {
            self.terminal_event = Some(event.clone());
        }
        if event.kind == EventType::StreamError {
            self.stream_error = Some(event.data.clone());
        }
        self.pending_permissions.clear();
        self.permission_vote_progress.clear();
        self.forbidden_votes.clear();
        self.forbidden_vote_count = 0;
    }
}

/// S3: what is still taken in while a resync is due.
fn passes_resync(kind: &EventType) -> bool {
    matches!(
        kind,
        EventType::StateResyncRequired
            | EventType::HistoryTruncated
            | EventType::SessionDied
            | EventType::SessionClosed
            | EventType::ClientEvicted
            | EventType::StreamError
            | EventType::SessionRecordingDegraded
            | EventType::SessionSnapshot
    )
}

fn request_id(data: &Value) -> Option<RequestId> {
    text(data, "requestId").map(RequestId::from)
}

/// S5: `data`, with the envelope's originator where `data` names none.
fn with_originator(event: &Envelope) -> Value {
    let mut data = event.data.clone();
    if let (Value::Object(fields), Some(originator)) = (&mut data, &event.originator_client_id)
        && !fields.contains_key("originatorClientId")
    {
        fields.insert("originatorClientId".to_owned(), originator.as_str().into());
    }
    data
}

#[cfg(test)]
mod tests;
