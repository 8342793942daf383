//! The daemon's own routes, asked without a socket.

use std::panic::AssertUnwindSafe;

use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use roost_core::{
    acp::{RpcError, code},
    acp_bridge::refusal,
    client::Request,
};
use serde::de::DeserializeOwned;
use tower_service::Service;

use crate::serve::Connection;

/// A way to the routes behind admission, for a peer that has passed it.
#[derive(Clone, Debug)]
pub struct Door {
    router: Router,
    /// The peer's socket: a vote may depend on where it comes from.
    connection: Connection,
}

impl Door {
    #[must_use]
    pub fn new(router: Router, connection: Connection) -> Self {
        Self { router, connection }
    }

    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Sends the request and reads the whole answer: its body, or what its refusal says in JSON-RPC.
    ///
    /// # Errors
    /// The route refused.
    pub async fn ask(&self, request: Request) -> Result<Bytes, RpcError> {
        let method = Method::from_bytes(request.method.as_str().as_bytes()).map_err(|_| internal())?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| internal())?;
            headers.insert(name, HeaderValue::from_str(value).map_err(|_| internal())?);
        }
        let body = request.body.map_or_else(Body::empty, Body::from);
        let (status, body) = self.send(method, &request.path, headers, body).await?;
        if status.is_success() { Ok(body) } else { Err(refusal(status.as_u16(), &body)) }
    }

    /// The same, read as `T`.
    ///
    /// # Errors
    /// The route refused, or answered in another shape.
    pub async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, RpcError> {
        let path = request.path.clone();
        let body = self.ask(request).await?;
        serde_json::from_slice(&body).map_err(|error| {
            tracing::error!(%error, path, "a route answered in a shape nobody expected");
            internal()
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> Result<(StatusCode, Bytes), RpcError> {
        let request = self.request(method, path, headers, body).ok_or_else(internal)?;
        let routed = AssertUnwindSafe(self.router.clone().call(request)).catch_unwind().await;
        let Ok(Ok(answer)) = routed else {
            tracing::error!(path, "a handler panicked");
            return Err(internal());
        };
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| internal())?.to_bytes();
        Ok((head.status, body))
    }

    fn request(&self, method: Method, path: &str, headers: HeaderMap, body: Body) -> Option<http::Request<Body>> {
        let mut request = http::Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().ok()?;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(self.connection.clone());
        Some(request)
    }
}

pub(super) fn internal() -> RpcError {
    RpcError::new(code::INTERNAL_ERROR, "Internal error")
}
