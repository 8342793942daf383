//! What several routes refuse alike. How it is written stands in `openapi/refusals.rs`.

/// The `cwd` of a body.
pub(super) const CWD: &str = "400 - workspace_mismatch";
/// Servers of tools that a client brings along.
pub(super) const MCP: &str = "400 invalid_mcp_servers mcp_transport_not_supported; 401 token_required";
/// A folder that is not trusted, and a mode that is not for such.
pub(super) const TRUST: &str = "403 untrusted_workspace trust_gate";
/// The session's files are being moved.
pub(super) const BUSY: &str = "409 session_archiving";
/// Two workspaces have a session of this id.
pub(super) const OWNER: &str = "500 ambiguous_session_owner";
/// What an agent does not do.
pub(super) const AGENT: &str = "403 trust_gate; 500 #; 503 acp_channel_unavailable; 504 init_timeout";
/// The same of what not every agent can be asked.
pub(super) const QUESTION: &str =
    "403 trust_gate; 500 #; 501 not_supported_by_agent; 503 acp_channel_unavailable; 504 init_timeout";
/// A session that does not begin.
pub(super) const START: &str = "403 trust_gate; 500 session_store_failed #; 504 init_timeout; \
                                503 session_limit_exceeded workspace_draining acp_channel_unavailable daemon_shutting_down";
/// A session that does not come back.
pub(super) const RESTORE: &str = "403 trust_gate; 500 session_store_failed #; 504 init_timeout session_restore_timeout; \
                                  503 session_limit_exceeded workspace_draining acp_channel_unavailable daemon_shutting_down; \
                                  409 session_archived session_conflict session_archiving restore_in_progress session_workspace_conflict \
                                  session_held_elsewhere";
/// A past that cannot be read.
pub(super) const PAST: &str = "409 session_archived session_conflict session_archiving transcript_snapshot_unavailable; \
                               413 transcript_too_large transcript_page_too_large";
/// A path in a workspace.
pub(super) const PATH: &str = "400 @parse_error @path_outside_workspace @symlink_escape; 403 @permission_denied; \
                               404 @path_not_found; 500 @internal_error; 503 @io_error";
/// Git.
pub(super) const GIT: &str = "400 @parse_error; 503 @io_error";
/// A settings file that cannot be written.
pub(super) const SETTINGS: &str = "500 settings_write_failed";
/// The file of registrations.
pub(super) const REGISTRATIONS: &str = "500 workspace_registration_store_error";
