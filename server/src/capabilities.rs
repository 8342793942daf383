//! What this daemon says it can do. Clients gate their controls on these tags, so a tag stands here only while its behaviour exists.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    Config,
    files::MAX_UPLOAD_BYTES,
    workspaces::{Workspace, Workspaces},
};

/// The answer of `GET /capabilities`, encoded when it changes.
#[derive(Debug)]
pub struct Capabilities(RwLock<Bytes>);

impl Capabilities {
    #[must_use]
    pub fn new(config: &Config, workspaces: &Workspaces) -> Self {
        Self(RwLock::new(encode(config, workspaces)))
    }

    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// To be called when a workspace came, went or changed.
    pub fn refresh(&self, config: &Config, workspaces: &Workspaces) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = encode(config, workspaces);
    }
}

/// Tags of behaviour that no flag switches.
const ALWAYS: &[&str] = &[
    "health",
    "capabilities",
    "session_create",
    "session_scope_override",
    "session_id_override",
    "session_source_metadata",
    "session_load",
    "session_resume",
    "unstable_session_resume",
    "session_list",
    "session_info",
    "session_prompt",
    "non_blocking_prompt",
    "session_cancel",
    "session_events",
    "slow_client_warning",
    "typed_event_schema",
    "session_set_model",
    "session_approval_mode_control",
    "client_identity",
    "client_heartbeat",
    "session_permission_vote",
    "permission_vote",
    "session_context",
    "session_supported_commands",
    "session_status",
    "session_close",
    "session_metadata",
    "session_organization",
    "session_archive",
    "session_export",
    "session_transcript",
    "session_turn_status",
    "workspace_persisted_transcript",
    "workspace_session_export",
    "workspace_archived_session_export",
    "workspace_file_read",
    "workspace_file_read_cursor",
    "workspace_file_bytes",
    "workspace_file_write",
    "workspace_file_upload",
];

/// Tags of behaviour that the configuration switches.
type Condition = fn(&Config, &Workspaces) -> bool;
const CONDITIONAL: &[(&str, Condition)] = &[
    ("require_auth", |config, _| config.require_auth),
    ("allow_origin", |config, _| !config.allow_origins.is_empty()),
    ("prompt_absolute_deadline", |config, _| config.timeouts.prompt_deadline.is_some()),
    ("writer_idle_timeout", |config, _| config.timeouts.writer_idle.is_some()),
    ("multi_workspace_sessions", |_, workspaces| workspaces.count() > 1),
];

/// The `features` of `GET /capabilities`.
#[must_use]
pub fn features(config: &Config, workspaces: &Workspaces) -> Vec<&'static str> {
    let switched = CONDITIONAL.iter().filter(|(_, holds)| holds(config, workspaces)).map(|(tag, _)| *tag);
    ALWAYS.iter().copied().chain(switched).collect()
}

fn encode(config: &Config, workspaces: &Workspaces) -> Bytes {
    let limits = &config.limits;
    let answer = json!({
        "v": 1,
        "protocolVersions": { "current": "v1", "supported": ["v1"] },
        "qwenCodeVersion": env!("CARGO_PKG_VERSION"),
        "mode": "http-bridge",
        "features": features(config, workspaces),
        "modelServices": [],
        "workspaceCwd": workspaces.primary().cwd,
        "transports": ["rest"],
        "policy": { "permission": "first-responder" },
        "limits": {
            "maxPendingPromptsPerSession": limits.max_pending_prompts_per_session,
            "maxSessionsPerWorkspace": limits.max_sessions,
            "maxTotalSessions": config.max_total_sessions(),
            "sessionRestoreTimeoutMs": config.timeouts.session_restore,
            "maxWorkspaceFileUploadBytes": MAX_UPLOAD_BYTES,
            "maxRegisteredWorkspaces": workspaces.count(),
        },
        "workspaces": workspaces.all().iter().map(|one| describe(one, workspaces)).collect::<Vec<_>>(),
        "supportedLanguages": [],
    });
    Bytes::from(answer.to_string())
}

fn describe(workspace: &Workspace, all: &Workspaces) -> Value {
    json!({ "id": workspace.id, "cwd": workspace.cwd, "primary": all.is_primary(workspace), "trusted": true, "removable": false })
}
