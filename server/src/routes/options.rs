//! `OPTIONS`: which methods a path takes.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};

use super::table::Table;

const ASKED: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// The answer to an `OPTIONS` of a path that there is; none to anything else.
#[must_use]
pub fn answer(method: &Method, path: &str) -> Option<Response> {
    if method != Method::OPTIONS {
        return None;
    }
    let is_taken = |method: &Method| Table::get().take(method, path).is_some_and(|taken| taken.index().is_some());
    let mut methods = Vec::new();
    for method in ASKED.iter().filter(|method| is_taken(method)) {
        methods.push(method.as_str());
        if method == Method::GET {
            methods.push(Method::HEAD.as_str());
        }
    }
    let list = methods.join(", ");
    let allow = HeaderValue::from_str(&list).ok().filter(|_| !list.is_empty())?;
    Some(([(header::ALLOW, allow)], list).into_response())
}
