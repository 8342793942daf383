//! The process itself: who it is, when it began, where it logs.

use roost_core::Millis;
use serde::Serialize;

use super::process;
use crate::{App, clock, daemon_log};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Daemon {
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

impl Daemon {
    pub(super) fn of(app: &App) -> Self {
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

    /// Adds where the log is, and what it has lost.
    pub(super) fn detail_log(&mut self) {
        let (Some(log), Some(known)) = (&mut self.log, daemon_log::report()) else { return };
        log.details = Some(LogDetails {
            log_path: known.path.display().to_string(),
            log_issues: known.issue.into_iter().collect(),
            log_dropped_records: known.lost_lines,
            log_dropped_bytes: known.lost_bytes,
        });
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
