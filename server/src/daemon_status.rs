//! The state of the daemon, for those who operate it: `GET /daemon/status`.
//!
//! The summary looks at memory only, so it can be asked often and answers even when disk and agent do not. No token, client id or
//! code is in it.

mod full;
mod issue;
mod perf;
mod process;

use std::sync::Arc;

use roost_core::{Millis, rate_limit::RateHits, session::Policy};
use serde::Serialize;
use serde_json::Value;

use self::perf::Perf;
pub use self::{
    full::{Full, Section, SectionError},
    issue::{Issue, Severity},
    process::{Process, Usage},
};
use crate::{
    App,
    acp::Traffic,
    admission::{OriginPattern, Rates},
    clock, daemon_log,
    sessions::Overview,
    store::{MAX_JOURNAL_BYTES, MAX_JOURNAL_EVENTS},
};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    Summary,
    Full,
}

/// The whole answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    v: u8,
    detail: Detail,
    /// ISO 8601.
    generated_at: String,
    /// The worst of the issues.
    status: Severity,
    issues: Vec<Issue>,
    daemon: Daemon,
    security: Security,
    limits: Limits,
    /// As in `GET /capabilities`.
    workspaces: Value,
    capabilities: Capabilities,
    runtime: Runtime,
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<Full>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Daemon {
    pid: u32,
    uptime_ms: u64,
    mode: &'static str,
    workspace_cwd: String,
    qwen_code_version: &'static str,
    daemon_id: String,
    /// Names this run of it.
    run_id: String,
    startup: Startup,
    #[serde(flatten)]
    log: Option<Log>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Startup {
    /// ISO 8601. None where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    process_started_at: Option<String>,
    /// ISO 8601.
    listener_ready_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_to_listen_ms: Option<u64>,
    preheat: Preheat,
}

/// Agents are started when somebody needs them, or asks ahead.
#[derive(Debug, Serialize)]
struct Preheat {
    /// `disabled`: none is started with the daemon.
    status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    log_mode: &'static str,
    /// `ok`, or `degraded` once lines were lost.
    log_health: &'static str,
    #[serde(flatten)]
    details: Option<LogDetails>,
}

/// Only in full.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogDetails {
    log_path: String,
    log_issues: Vec<String>,
    log_dropped_records: u64,
    log_dropped_bytes: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Security {
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
struct Limits {
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    protocol_versions: Value,
    features: Value,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    sessions: ActiveSessions,
    permissions: Permissions,
    channel: Channel,
    channel_worker: ChannelWorker,
    transport: Transport,
    rate_limit: RateLimit,
    perf: Perf,
    activity: Activity,
    process: Process,
}

#[derive(Debug, Serialize)]
struct ActiveSessions {
    active: usize,
}

#[derive(Debug, Serialize)]
struct Permissions {
    pending: usize,
    policy: Policy,
}

#[derive(Debug, Serialize)]
struct Channel {
    /// An agent is up.
    live: bool,
}

/// Roost has no channel workers; the protocol has a place for them.
#[derive(Debug, Serialize)]
struct ChannelWorker {
    enabled: bool,
    state: &'static str,
    channels: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Transport {
    rest_sse_active: usize,
    acp: Acp,
}

#[derive(Debug, Serialize)]
struct Acp {
    enabled: bool,
    #[serde(flatten)]
    traffic: Traffic,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RateLimit {
    enabled: bool,
    rejected_since_start: RateHits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    active_prompts: usize,
    /// Running and queued.
    pending_prompts: usize,
    queued_prompts: usize,
    /// ISO 8601.
    last_activity_at: Option<String>,
    idle_since_ms: Option<u64>,
}

impl Report {
    /// From memory alone.
    #[must_use]
    pub fn summary(app: &App) -> Self {
        let overview = app.workspaces.overview();
        let said: Value = serde_json::from_slice(&app.capabilities.bytes()).unwrap_or_default();
        let issues = issue::found(app, &overview);
        Self {
            v: 1,
            detail: Detail::Summary,
            generated_at: clock::now().to_iso(),
            status: Severity::worst(&issues),
            issues,
            daemon: Daemon::of(app),
            security: Security::of(app),
            limits: Limits::of(app),
            workspaces: said["workspaces"].clone(),
            capabilities: Capabilities {
                protocol_versions: said["protocolVersions"].clone(),
                features: said["features"].clone(),
            },
            runtime: Runtime::of(app, &overview),
            full: None,
        }
    }

    /// Session by session, and what the primary workspace says of itself.
    pub async fn full(app: &Arc<App>) -> Self {
        let mut report = Self::summary(app);
        let full = Full::of(app).await;
        report.issues.extend(issue::of_sections(&full));
        report.status = Severity::worst(&report.issues);
        report.detail = Detail::Full;
        if let (Some(log), Some(known)) = (&mut report.daemon.log, daemon_log::report()) {
            log.details = Some(LogDetails {
                log_path: known.path.display().to_string(),
                log_issues: known.issue.into_iter().collect(),
                log_dropped_records: known.lost_lines,
                log_dropped_bytes: known.lost_bytes,
            });
        }
        report.full = Some(full);
        report
    }
}

impl Daemon {
    fn of(app: &App) -> Self {
        let (pid, uptime) = (std::process::id(), app.started_at.elapsed());
        let uptime_ms = u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX);
        let log = daemon_log::report().map(|log| Log {
            log_mode: "stable",
            log_health: if log.is_healthy() { "ok" } else { "degraded" },
            details: None,
        });
        Self {
            pid,
            uptime_ms,
            mode: "http-bridge",
            workspace_cwd: app.workspaces.primary().cwd.display().to_string(),
            qwen_code_version: env!("CARGO_PKG_VERSION"),
            daemon_id: format!("daemon:{pid}"),
            run_id: app.run_id.to_string(),
            startup: Startup::of(Millis(clock::now().0.saturating_sub(uptime_ms))),
            log,
        }
    }
}

impl Startup {
    fn of(listening: Millis) -> Self {
        let started = process::started_at();
        Self {
            process_started_at: started.map(Millis::to_iso),
            listener_ready_at: listening.to_iso(),
            process_to_listen_ms: started.map(|started| listening.since(started).0),
            preheat: Preheat { status: "disabled" },
        }
    }
}

impl Security {
    fn of(app: &App) -> Self {
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
    fn of(app: &App) -> Self {
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
            max_journal_events: MAX_JOURNAL_EVENTS,
            max_journal_bytes: MAX_JOURNAL_BYTES,
            prompt_deadline_ms: timeouts.prompt_deadline.map(|length| length.0),
            writer_idle_timeout_ms: timeouts.writer_idle.map(millis),
            channel_idle_timeout_ms: millis(timeouts.channel_idle),
            session_idle_timeout_ms: timeouts.session_idle.unwrap_or_default().0,
            acp_connection_cap: app.acp.policy().max_connections.get(),
        }
    }
}

impl Runtime {
    fn of(app: &App, overview: &Overview) -> Self {
        let is_idle = overview.active_prompts == 0;
        let idle_since = overview.last_activity_at.filter(|_| is_idle);
        Self {
            sessions: ActiveSessions { active: overview.sessions },
            permissions: Permissions {
                pending: overview.pending_permissions,
                policy: app.workspaces.primary().sessions.vote_policy().policy,
            },
            channel: Channel { live: overview.channel_alive },
            channel_worker: ChannelWorker { enabled: false, state: "disabled", channels: Vec::new() },
            transport: Transport {
                rest_sse_active: overview.connected_clients,
                acp: Acp { enabled: app.config.acp.is_some(), traffic: app.acp.traffic() },
            },
            rate_limit: RateLimit {
                enabled: app.admission.rates().is_some(),
                rejected_since_start: app.admission.rates().map(Rates::hits).unwrap_or_default(),
            },
            perf: Perf::of(app),
            activity: Activity {
                active_prompts: overview.active_prompts,
                pending_prompts: overview.pending_prompts,
                queued_prompts: overview.queued_prompts,
                last_activity_at: overview.last_activity_at.map(Millis::to_iso),
                idle_since_ms: idle_since.map(|moment| clock::now().since(moment).0),
            },
            process: Process::now(),
        }
    }
}
