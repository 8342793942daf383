//! What this daemon says it can do. Clients gate their controls on these tags, so a tag stands here only while its behaviour exists.

use crate::Config;

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
type Condition = fn(&Config) -> bool;
const CONDITIONAL: &[(&str, Condition)] = &[
    ("require_auth", |config| config.require_auth),
    ("allow_origin", |config| !config.allow_origins.is_empty()),
    ("prompt_absolute_deadline", |config| config.timeouts.prompt_deadline.is_some()),
    ("writer_idle_timeout", |config| config.timeouts.writer_idle.is_some()),
];

/// The `features` of `GET /capabilities`.
#[must_use]
pub fn features(config: &Config) -> Vec<&'static str> {
    let switched = CONDITIONAL.iter().filter(|(_, holds)| holds(config)).map(|(tag, _)| *tag);
    ALWAYS.iter().copied().chain(switched).collect()
}
