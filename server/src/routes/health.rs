//! `GET /health`: is the daemon up, and on request, what is it doing.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, header, request};
use roost_core::{Millis, rate_limit::RateHits};
use serde::Serialize;

use crate::{App, admission::Rates, clock};

/// `{"status":"ok"}`; with `?deep`, `?deep=1` or `?deep=true` also counts.
pub async fn show(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    if is_deep(query.as_deref().unwrap_or_default()) {
        return Json(Deep::of(&app)).into_response();
    }
    alive()
}

/// Whether a request asks just that. Such requests are answered without a look at the routes: monitors ask often.
#[must_use]
pub fn is_plain(head: &request::Parts) -> bool {
    head.method == Method::GET && head.uri.path() == "/health" && head.uri.query().is_none()
}

/// `{"status":"ok"}`.
#[must_use]
pub fn alive() -> Response {
    let mut response = Response::new(Body::from(r#"{"status":"ok"}"#));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn is_deep(query: &str) -> bool {
    query.split('&').any(|parameter| matches!(parameter, "deep" | "deep=" | "deep=1" | "deep=true"))
}

/// The long answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deep {
    status: &'static str,
    workspace_count: usize,
    sessions: usize,
    pending_permissions: usize,
    active_prompts: usize,
    /// Whether some prompt runs or waits; of what an agent does beyond its prompts nothing is known.
    active_work: bool,
    active_work_reporting: WorkReporting,
    /// Age of the oldest report of an agent's, in milliseconds; 0 where there is none.
    active_work_stale_ms: u64,
    connected_clients: usize,
    channel_alive: bool,
    last_activity_at: Option<String>,
    idle_since_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit_hits: Option<RateHits>,
}

/// How much of what agents do beyond their prompts is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum WorkReporting {
    /// There is no session of which it could be unknown.
    Full,
    /// No agent says.
    None,
}

impl Deep {
    fn of(app: &App) -> Self {
        let overview = app.workspaces.overview();
        let is_idle = overview.active_prompts == 0;
        Self {
            status: "ok",
            workspace_count: app.workspaces.count(),
            sessions: overview.sessions,
            pending_permissions: overview.pending_permissions,
            active_prompts: overview.active_prompts,
            active_work: overview.pending_prompts > 0,
            active_work_reporting: if overview.sessions == 0 { WorkReporting::Full } else { WorkReporting::None },
            active_work_stale_ms: 0,
            connected_clients: overview.connected_clients,
            channel_alive: overview.channel_alive,
            last_activity_at: overview.last_activity_at.map(Millis::to_iso),
            idle_since_ms: overview.last_activity_at.filter(|_| is_idle).map(|moment| clock::now().since(moment).0),
            rate_limit_hits: app.admission.rates().map(Rates::hits),
        }
    }
}
