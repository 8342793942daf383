//! Problems, and what may become one.

use serde::Serialize;

use super::Full;
use crate::{App, admission::Rates, daemon_log, sessions::Overview};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    pub code: &'static str,
    pub severity: Severity,
    /// One sentence for people.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<&'static str>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Ok,
    Warning,
    Error,
}

/// A limit of which this share is used is reported.
const HIGH: f64 = 0.8;

impl Severity {
    pub(super) fn worst(issues: &[Issue]) -> Self {
        issues.iter().map(|issue| issue.severity).max().unwrap_or(Self::Ok)
    }
}

impl Issue {
    fn warning(code: &'static str, message: String) -> Self {
        Self { code, severity: Severity::Warning, message, section: None }
    }
}

/// Issues that can be told from memory.
pub(super) fn found(app: &App, overview: &Overview) -> Vec<Issue> {
    let is_high = |used: usize, limit: usize| used as f64 >= HIGH * limit as f64;
    let mut issues = Vec::new();
    for workspace in app.workspaces.all() {
        let used = workspace.sessions.activity().sessions;
        if let Some(limit) = app.config.limits.max_sessions.filter(|limit| is_high(used, limit.get())) {
            let message = format!("{used} of {limit} sessions of {} are live.", workspace.cwd.display());
            issues.push(Issue::warning("session_capacity_high", message));
        }
    }
    let used = overview.sessions;
    if app.workspaces.count() > 1
        && let Some(limit) = app.config.max_total_sessions().filter(|limit| is_high(used, limit.get()))
    {
        let message = format!("{used} of {limit} sessions of all workspaces are live.");
        issues.push(Issue::warning("session_capacity_high", message));
    }
    let used = app.metrics.connections();
    if let Some(limit) = app.config.limits.max_connections.filter(|limit| is_high(used, limit.get())) {
        issues.push(Issue::warning("connection_capacity_high", format!("{used} of {limit} connections are open.")));
    }
    if overview.pending_permissions > 0 {
        let message = format!("{} permission requests wait for an answer.", overview.pending_permissions);
        issues.push(Issue::warning("pending_permissions", message));
    }
    if overview.sessions > 0 && !overview.channel_alive {
        let message = "Sessions are live and no agent is up.".to_owned();
        issues.push(Issue { severity: Severity::Error, ..Issue::warning("acp_channel_down", message) });
    }
    if let Some(hits) = app.admission.rates().map(Rates::hits) {
        let sum = hits.prompt + hits.mutation + hits.read;
        if sum > 0 {
            let message = format!("{sum} requests were refused for their rate since the start.");
            issues.push(Issue::warning("rate_limit_hits", message));
        }
    }
    if let Some(log) = daemon_log::report().filter(|log| !log.is_healthy()) {
        issues.push(Issue::warning("daemon_log_degraded", format!("{} lines of the log were lost.", log.lost_lines)));
    }
    issues
}

/// Issues that the sections report.
pub(super) fn of_sections(full: &Full) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (name, section) in &full.workspace {
        let problem = |code, severity, message: String| Issue { code, severity, message, section: Some(name) };
        if let Some(error) = &section.error {
            let message = format!("The workspace's {name} cannot be told: {}", error.message);
            issues.push(problem("workspace_status_unavailable", Severity::Warning, message));
        }
        let cells = section.data.as_ref().and_then(|data| data["cells"].as_array());
        let failed = cells.into_iter().flatten().find(|cell| cell["status"] == "error");
        if let Some(cell) = failed.filter(|_| *name == "preflight") {
            let message =
                format!("The workspace's preflight reports an error: {}.", cell["kind"].as_str().unwrap_or("?"));
            issues.push(problem("preflight_error", Severity::Error, message));
        }
        let budgets = section.data.as_ref().and_then(|data| data["budgets"].as_array());
        for budget in budgets.into_iter().flatten() {
            if budget["status"] == "error" {
                let message = "MCP servers were refused for want of budget.".to_owned();
                issues.push(problem("mcp_budget_exhausted", Severity::Error, message));
            } else if budget["status"] == "warning" {
                let message = "The budget of MCP servers is nearly used up.".to_owned();
                issues.push(problem("mcp_budget_warning", Severity::Warning, message));
            }
        }
    }
    issues
}
