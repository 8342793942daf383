//! Routes for whoever keeps the daemon running: `/daemon/status`, `/metrics`, `/openapi.json`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};

use super::query::Query;
use crate::{App, WireError, daemon_status::Report, metrics, openapi};

/// What scrapers expect.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/daemon/status", get(status))
        .route("/metrics", get(exposition))
        .route("/openapi.json", get(description))
}

async fn status(State(app): State<Arc<App>>, query: Query) -> Result<Json<Report>, WireError> {
    match query.get("detail") {
        None | Some("summary") => Ok(Json(Report::summary(&app))),
        Some("full") => Ok(Json(Report::full(&app).await)),
        Some(_) => Err(WireError::bad_request("`detail` must be summary or full").code("invalid_detail")),
    }
}

async fn exposition(State(app): State<Arc<App>>) -> Response {
    let format = HeaderValue::from_static(TEXT_FORMAT);
    ([(header::CONTENT_TYPE, format)], metrics::exposition(&app)).into_response()
}

async fn description() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], openapi::bytes()).into_response()
}
