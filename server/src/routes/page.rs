//! Every path that is not a route: the page, or 404.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Uri};

use crate::{App, WireError};

/// `GET /`, `/session/<id>` for a browser, and the page's files. Anything else, a wrong method included, is 404.
pub async fn show(State(app): State<Arc<App>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    answer(&app, &method, &uri, &headers)
}

/// The same, for a request that takes no route.
#[must_use]
pub fn answer(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let reads = method == Method::GET || method == Method::HEAD;
    let found = reads.then(|| app.config.page.get(uri.path(), headers)).flatten();
    found.unwrap_or_else(|| WireError::not_found().into_response())
}
