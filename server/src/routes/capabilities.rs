//! `GET /capabilities`: what this daemon can do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::App;

/// The answer, encoded when it last changed.
pub async fn show(State(app): State<Arc<App>>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], app.capabilities.bytes()).into_response()
}
