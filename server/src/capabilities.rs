//! What this daemon says it can do. Clients gate their controls on these tags, so a tag stands here only while its behaviour exists.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    Config,
    config::TokenSource,
    files::MAX_UPLOAD_BYTES,
    settings,
    workspaces::{Workspace, Workspaces},
};

/// How often a client that follows no stream is to ask how the live sessions stand, in milliseconds.
const LIVE_STATE_POLL_MS: u32 = 5_000;

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
    "daemon_status",
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
    "session_prompt_key",
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
    "session_transcript_pagination",
    "session_turn_status",
    "session_mid_turn_message_mutation",
    "session_mid_turn_message_query",
    "session_context_usage",
    "session_stats",
    "session_language",
    "session_meta",
    "session_artifacts",
    "session_artifacts_persistence",
    "permission_mediation",
    "workspace_persisted_transcript",
    "workspace_session_export",
    "workspace_archived_session_export",
    "workspace_file_read",
    "workspace_file_read_cursor",
    "workspace_file_bytes",
    "workspace_file_write",
    "workspace_file_upload",
    "auth_provider_install",
    "workspace_settings",
    "workspace_permissions",
    "workspace_trust",
    "workspace_env",
    "workspace_preflight",
    "workspace_providers",
    "workspace_tool_toggle",
    "workspace_init",
    "workspace_reload",
    "workspace_acp_preheat",
    "workspace_acp_status",
    "dynamic_workspace_registration",
    "persistent_workspace_registration",
    "workspace_runtime_removal",
    "workspace_display_name",
    "workspace_qualified_rest_core",
];

/// Tags of behaviour that the configuration switches.
type Condition = fn(&Config, &Workspaces) -> bool;
const CONDITIONAL: &[(&str, Condition)] = &[
    ("require_auth", |config, _| config.require_auth),
    ("allow_origin", |config, _| !config.allow_origins.is_empty()),
    ("prompt_absolute_deadline", |config, _| config.timeouts.prompt_deadline.is_some()),
    ("rate_limit", |config, _| config.rate_limits.is_some()),
    ("auth_device_flow", |config, _| !config.identity_providers.is_empty()),
    ("session_shell_command", |config, _| has_shell(config)),
    ("writer_idle_timeout", |config, _| config.timeouts.writer_idle.is_some()),
    ("multi_workspace_sessions", |_, workspaces| workspaces.count() > 1),
    ("multi_workspace_session_shell", |config, workspaces| has_shell(config) && workspaces.count() > 1),
    ("workspace_qualified_acp", |config, workspaces| config.acp.is_some() && workspaces.count() > 1),
];

/// Whether clients may run command lines.
fn has_shell(config: &Config) -> bool {
    config.enable_session_shell && is_guarded(config)
}

/// Whether strict routes are open to somebody at all.
fn is_guarded(config: &Config) -> bool {
    config.trust_loopback || !matches!(config.token, TokenSource::Off)
}

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
        "policy": { "permission": workspaces.primary().sessions.vote_policy().policy },
        "limits": {
            "maxPendingPromptsPerSession": limits.max_pending_prompts_per_session,
            "maxSessionsPerWorkspace": limits.max_sessions,
            "maxTotalSessions": config.max_total_sessions(),
            "sessionRestoreTimeoutMs": config.timeouts.session_restore,
            "maxWorkspaceFileUploadBytes": MAX_UPLOAD_BYTES,
            "maxRegisteredWorkspaces": limits.max_workspaces,
        },
        "workspaces": workspaces.all().iter().map(|one| describe(one)).collect::<Vec<_>>(),
        "supportedLanguages": settings::languages(),
        "sessionLiveStatePollIntervalMs": LIVE_STATE_POLL_MS,
    });
    Bytes::from(answer.to_string())
}

fn describe(workspace: &Workspace) -> Value {
    let mut described = json!({
        "id": workspace.id,
        "cwd": workspace.cwd,
        "primary": workspace.is_primary(),
        "trusted": workspace.is_trusted(),
        "removable": workspace.is_removable(),
    });
    if let Some(name) = workspace.display_name() {
        described["displayName"] = json!(name);
    }
    described
}
