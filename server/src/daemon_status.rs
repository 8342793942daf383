//! The state of the daemon, for those who operate it: `GET /daemon/status`.
//!
//! The summary looks at memory only, so it can be asked often and answers even when disk and agent do not. No token, client id or
//! code is in it.

mod configuration;
mod daemon;
mod full;
mod issue;
mod perf;
mod process;
mod runtime;

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use self::{
    configuration::{Limits, Security},
    daemon::Daemon,
    runtime::Runtime,
};
pub use self::{
    full::{Full, Section, SectionError},
    issue::{Issue, Severity},
    process::{Process, Usage},
};
use crate::{App, clock};

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
struct Capabilities {
    protocol_versions: Value,
    features: Value,
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
        report.daemon.detail_log();
        report.full = Some(full);
        report
    }
}
