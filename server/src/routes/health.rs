//! `GET /health`: is the daemon up, and on request, what is it doing.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use serde::Serialize;

use crate::{App, clock, sessions::Overview};

/// `{"status":"ok"}`; with `?deep`, `?deep=1` or `?deep=true` also counts.
pub async fn show(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response {
    if is_deep(query.as_deref().unwrap_or_default()) {
        return Json(Deep::of(&app.sessions.overview())).into_response();
    }
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], r#"{"status":"ok"}"#).into_response()
}

fn is_deep(query: &str) -> bool {
    query.split('&').any(|parameter| matches!(parameter, "deep" | "deep=" | "deep=1" | "deep=true"))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Deep {
    status: &'static str,
    workspace_count: usize,
    sessions: usize,
    pending_permissions: usize,
    active_prompts: usize,
    connected_clients: usize,
    channel_alive: bool,
    last_activity_at: Option<String>,
    idle_since_ms: Option<u64>,
}

impl Deep {
    fn of(overview: &Overview) -> Self {
        let is_idle = overview.active_prompts == 0;
        Self {
            status: "ok",
            workspace_count: 1,
            sessions: overview.sessions,
            pending_permissions: overview.pending_permissions,
            active_prompts: overview.active_prompts,
            connected_clients: overview.connected_clients,
            channel_alive: overview.channel_alive,
            last_activity_at: overview.last_activity_at.map(clock::iso),
            idle_since_ms: overview.last_activity_at.filter(|_| is_idle).map(|moment| clock::now().since(moment).0),
        }
    }
}
