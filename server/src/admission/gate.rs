//! The strict mutation gate (http.md §1.3): without a token, these routes are closed before they look at anything.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
};
use futures_util::future::{Either, Ready, ready};
use http::Method;
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

use crate::{App, WireError};

/// Every strict route: method and pattern.
pub const STRICT: &[(Method, &str)] = &[
    (Method::PATCH, "/session/{id}/metadata"),
    // Open on some daemons. Closed is what no client with a token can tell apart.
    (Method::POST, "/session/{id}/approval-mode"),
    (Method::POST, "/session/{id}/continue"),
    (Method::POST, "/session/{id}/shell"),
    (Method::PUT, "/session/{id}/_meta"),
    (Method::PATCH, "/session/{id}/_meta"),
    (Method::DELETE, "/session/{id}/_meta"),
    (Method::POST, "/file/write"),
    (Method::POST, "/file/edit"),
    (Method::POST, "/file/upload"),
    (Method::POST, "/workspaces/{workspace}/file/write"),
    (Method::POST, "/workspaces/{workspace}/file/edit"),
    (Method::POST, "/workspaces/{workspace}/file/upload"),
    (Method::POST, "/workspace/settings"),
    (Method::POST, "/workspace/permissions"),
    (Method::POST, "/workspace/trust/request"),
    (Method::POST, "/workspace/tools/{tool}/enable"),
    (Method::POST, "/workspace/init"),
    (Method::POST, "/workspace/reload"),
    (Method::POST, "/workspaces/{workspace}/settings"),
    (Method::POST, "/workspaces/{workspace}/permissions"),
    (Method::POST, "/workspaces/{workspace}/trust/request"),
    (Method::POST, "/workspaces/{workspace}/tools/{tool}/enable"),
    (Method::POST, "/workspaces/{workspace}/init"),
    (Method::POST, "/workspaces/{workspace}/reload"),
    (Method::PATCH, "/workspaces/{workspace}"),
    (Method::DELETE, "/workspaces/{workspace}"),
    (Method::DELETE, "/workspace-registrations/{registration}"),
    (Method::POST, "/workspace/auth/provider"),
    (Method::POST, "/workspace/auth/device-flow"),
    (Method::GET, "/workspace/auth/device-flow/{flow}"),
    (Method::DELETE, "/workspace/auth/device-flow/{flow}"),
    (Method::POST, "/workspaces/{workspace}/auth/provider"),
    (Method::POST, "/workspaces/{workspace}/auth/device-flow"),
    (Method::GET, "/workspaces/{workspace}/auth/device-flow/{flow}"),
    (Method::DELETE, "/workspaces/{workspace}/auth/device-flow/{flow}"),
];

/// Whether the gate closes anything. Every layer costs every request two allocations.
#[must_use]
pub fn is_closed(app: &App) -> bool {
    !app.auth.is_on() && !app.config.trust_loopback
}

/// Lays the gate, closed, around each route.
#[must_use]
pub fn layer<S>() -> impl Layer<S, Service = Gate<S>> + Clone + Send + Sync + use<S> {
    layer_fn(|inner| Gate { inner })
}

/// A route behind the gate.
#[derive(Debug, Clone)]
pub struct Gate<S> {
    inner: S,
}

impl<S> Service<Request> for Gate<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let pattern = request.extensions().get::<MatchedPath>();
        if pattern.is_some_and(|path| is_strict(request.method(), path.as_str())) {
            return Either::Left(ready(Ok(WireError::token_required().into_response())));
        }
        Either::Right(self.inner.call(request))
    }
}

fn is_strict(method: &Method, pattern: &str) -> bool {
    STRICT.iter().any(|(strict, path)| strict == method && *path == pattern)
}
