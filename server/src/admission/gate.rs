//! The strict mutation gate (http.md §1.3): without a token, these routes are closed before they look at anything.

use std::{
    convert::Infallible,
    sync::Arc,
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

use crate::{
    App, WireError,
    telemetry::{self, RoutePattern},
};

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

/// Whether the gate closes anything, or the log asks for patterns. Every layer costs every request two allocations.
#[must_use]
pub fn is_needed(app: &App) -> bool {
    is_closed(app) || telemetry::logs_requests()
}

/// Lays the gate around each route, and notes the route's pattern on the answer for the request log.
pub fn layer<S>(app: &Arc<App>) -> impl Layer<S, Service = Gate<S>> + Clone + Send + Sync + use<S> {
    let closed = is_closed(app);
    layer_fn(move |inner| Gate { inner, closed })
}

/// A route behind the gate.
#[derive(Debug, Clone)]
pub struct Gate<S> {
    inner: S,
    closed: bool,
}

impl<S> Service<Request> for Gate<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Noted<Either<Ready<Result<Response, Infallible>>, S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let pattern = request.extensions().get::<MatchedPath>().cloned();
        let is_shut = self.closed && pattern.as_ref().is_some_and(|path| is_strict(request.method(), path.as_str()));
        let answer = if is_shut {
            Either::Left(ready(Ok(WireError::token_required().into_response())))
        } else {
            Either::Right(self.inner.call(request))
        };
        Noted { answer, pattern: pattern.map(RoutePattern) }
    }
}

fn is_closed(app: &App) -> bool {
    !app.auth.is_on() && !app.config.trust_loopback
}

fn is_strict(method: &Method, pattern: &str) -> bool {
    STRICT.iter().any(|(strict, path)| strict == method && *path == pattern)
}

pin_project_lite::pin_project! {
    /// An answer to come, which will carry its route's pattern when the log has a use for it.
    #[derive(Debug)]
    pub struct Noted<F> {
        #[pin]
        answer: F,
        pattern: Option<RoutePattern>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Noted<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answered = this.answer.poll(context);
        answered.map_ok(|mut response| {
            if let Some(pattern) = this.pattern.take().filter(|_| telemetry::will_log(response.status())) {
                response.extensions_mut().insert(pattern);
            }
            response
        })
    }
}
