//! The strict mutation gate: without a token, these routes are closed before they look at anything.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
};
use futures_util::future::{Either, Ready, ready};
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

use crate::{App, WireError, routes::table::Table};

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
        if pattern.is_some_and(|path| Table::get().is_strict(request.method(), path.as_str())) {
            return Either::Left(ready(Ok(WireError::token_required().into_response())));
        }
        Either::Right(self.inner.call(request))
    }
}
