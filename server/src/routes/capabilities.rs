//! `GET /capabilities`: what this daemon can do (http.md §3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::json;

use crate::{App, Config, capabilities, files::MAX_UPLOAD_BYTES};

/// The answer, encoded once at start.
pub async fn show(State(app): State<Arc<App>>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], app.capabilities.clone()).into_response()
}

/// Encodes what `config` makes of the daemon.
#[must_use]
pub fn encode(config: &Config) -> Bytes {
    let limits = &config.limits;
    let workspace = json!({ "id": config.workspace_id(), "cwd": config.workspace, "primary": true, "trusted": true, "removable": false });
    let answer = json!({
        "v": 1,
        "protocolVersions": { "current": "v1", "supported": ["v1"] },
        "qwenCodeVersion": env!("CARGO_PKG_VERSION"),
        "mode": "http-bridge",
        "features": capabilities::features(config),
        "modelServices": [],
        "workspaceCwd": config.workspace,
        "transports": ["rest"],
        "policy": { "permission": "first-responder" },
        "limits": {
            "maxPendingPromptsPerSession": limits.max_pending_prompts_per_session,
            "maxSessionsPerWorkspace": limits.max_sessions,
            "maxTotalSessions": limits.max_sessions,
            "sessionRestoreTimeoutMs": config.timeouts.session_restore,
            "maxWorkspaceFileUploadBytes": MAX_UPLOAD_BYTES,
            "maxRegisteredWorkspaces": 1,
        },
        "workspaces": [workspace],
        "supportedLanguages": [],
    });
    Bytes::from(answer.to_string())
}
