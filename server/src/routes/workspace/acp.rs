//! `/workspace/acp`: the workspace's agent, up or not, started ahead of its first session, and again when it is stuck.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    routing::{get, post},
};
use serde::Serialize;

use super::access::Visible;
use crate::{
    App, WireError,
    body::JsonBody,
    routes::{path::Selected, query::Query},
    sessions::{PreheatError, Preheated},
    workspaces::Workspace,
};

const DEFAULT_PATIENCE: Duration = Duration::from_millis(5_000);
const MAX_PATIENCE_MS: u64 = 60_000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Status {
    channel_live: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Readiness {
    ready: bool,
    channel_live: bool,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    let table = |workspace: &str| {
        Router::new()
            .route(&format!("{workspace}/acp/status"), get(status))
            .route(&format!("{workspace}/acp/preheat"), post(preheat))
            .route(&format!("{workspace}/acp/restart"), post(restart))
    };
    table("/workspace").merge(table("/workspaces/{workspace}"))
}

async fn status(Selected(workspace): Selected) -> Json<Status> {
    Json(Status { channel_live: workspace.sessions.has_agent() })
}

/// Always 200: that there is no agent yet is an answer, not a failure.
async fn preheat(
    Visible { workspace, .. }: Visible,
    query: Query,
    JsonBody(_): JsonBody,
) -> Result<Json<Readiness>, WireError> {
    let patience = query.get("timeoutMs").map_or(Ok(DEFAULT_PATIENCE), patience)?;
    let preheated = workspace.sessions.preheat(patience).await;
    Ok(readiness(&workspace, &preheated))
}

/// Ends the agent first, whatever it is doing: the way out when it neither works nor answers. Roost's own; the protocol has none.
async fn restart(
    Visible { workspace, .. }: Visible,
    query: Query,
    JsonBody(_): JsonBody,
) -> Result<Json<Readiness>, WireError> {
    let patience = query.get("timeoutMs").map_or(Ok(DEFAULT_PATIENCE), patience)?;
    let restarted = workspace.sessions.restart_agent(patience).await;
    Ok(readiness(&workspace, &restarted))
}

fn readiness(workspace: &Workspace, Preheated { outcome, took }: &Preheated) -> Json<Readiness> {
    let (reason, error) = match outcome {
        Ok(()) => (None, None),
        Err(PreheatError::Timeout(_)) => (Some("timeout"), None),
        Err(error @ PreheatError::Start(_)) => (Some("error"), Some(error.to_string())),
    };
    Json(Readiness {
        ready: outcome.is_ok(),
        channel_live: workspace.sessions.has_agent(),
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        reason,
        error,
    })
}

fn patience(text: &str) -> Result<Duration, WireError> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let millis = digits.and_then(|text| text.parse().ok()).filter(|millis| (1..=MAX_PATIENCE_MS).contains(millis));
    millis.map(Duration::from_millis).ok_or_else(|| {
        let said = format!("`timeoutMs` must be a positive integer no greater than {MAX_PATIENCE_MS}");
        WireError::bad_request(said).code("invalid_timeout")
    })
}
