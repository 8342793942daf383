//! What the daemon was started with: whom it lets in, and how much of everything it allows.

use serde::Serialize;

use crate::{
    App,
    admission::OriginPattern,
    store::{MAX_LIVE_JOURNAL_BYTES, MAX_LIVE_JOURNAL_EVENTS},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Security {
    token_configured: bool,
    require_auth: bool,
    loopback_bind: bool,
    allow_origin_configured: bool,
    /// `none`, `specific` or `any`.
    allow_origin_mode: &'static str,
    session_shell_command_enabled: bool,
}

/// 0 or null is no limit, as in `GET /capabilities` and the flags.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Limits {
    max_registered_workspaces: usize,
    max_sessions: Option<usize>,
    max_total_sessions: Option<usize>,
    max_pending_prompts_per_session: Option<usize>,
    listener_max_connections: Option<usize>,
    max_subscribers: usize,
    event_ring_size: usize,
    compacted_replay_max_bytes: u64,
    /// Of the `liveJournal` of a load.
    max_journal_events: usize,
    max_journal_bytes: usize,
    prompt_deadline_ms: Option<u64>,
    writer_idle_timeout_ms: Option<u64>,
    channel_idle_timeout_ms: u64,
    session_idle_timeout_ms: u64,
    acp_connection_cap: usize,
}

impl Security {
    pub(super) fn of(app: &App) -> Self {
        let (config, origins) = (&app.config, &app.config.allow_origins);
        Self {
            token_configured: app.auth.is_on(),
            require_auth: config.require_auth,
            loopback_bind: app.address.ip().to_canonical().is_loopback(),
            allow_origin_configured: !origins.is_empty(),
            allow_origin_mode: match origins {
                origins if origins.is_empty() => "none",
                origins if origins.contains(&OriginPattern::Any) => "any",
                _ => "specific",
            },
            session_shell_command_enabled: config.enable_session_shell,
        }
    }
}

impl Limits {
    pub(super) fn of(app: &App) -> Self {
        let (limits, timeouts) = (&app.config.limits, &app.config.timeouts);
        let millis = |length: std::time::Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self {
            max_registered_workspaces: limits.max_workspaces.get(),
            max_sessions: limits.max_sessions.map(Into::into),
            max_total_sessions: app.config.max_total_sessions().map(Into::into),
            max_pending_prompts_per_session: limits.max_pending_prompts_per_session.map(Into::into),
            listener_max_connections: limits.max_connections.map(Into::into),
            max_subscribers: limits.max_subscribers.get(),
            event_ring_size: limits.event_ring_size.get(),
            compacted_replay_max_bytes: limits.compacted_replay_max_bytes.get(),
            max_journal_events: MAX_LIVE_JOURNAL_EVENTS,
            max_journal_bytes: MAX_LIVE_JOURNAL_BYTES,
            prompt_deadline_ms: timeouts.prompt_deadline.map(|length| length.0),
            writer_idle_timeout_ms: timeouts.writer_idle.map(millis),
            channel_idle_timeout_ms: millis(timeouts.channel_idle),
            session_idle_timeout_ms: timeouts.session_idle.unwrap_or_default().0,
            acp_connection_cap: app.acp.policy().max_connections.get(),
        }
    }
}
