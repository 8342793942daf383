//! `/acp` and `/workspaces/:workspace/acp`.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{FromRequestParts, MatchedPath, Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use roost_core::{
    acp::{NotAMessage, RpcError, RpcId, code},
    acp_bridge::Frame,
    rate_limit::Tier,
};
use serde_json::value::to_raw_value;

use super::{page, path::Selected};
use crate::{
    App, WireError,
    acp::{Call, Caller, Door, Handshake, Incoming, Peer, Socket, Transport, respond},
    admission::too_many,
    body, events,
    serve::Connection,
};

const CONNECTION_ID: HeaderName = HeaderName::from_static("acp-connection-id");
const SESSION_ID: HeaderName = HeaderName::from_static("acp-session-id");
const EVENT_STREAM: &str = "text/event-stream";
/// When to come back after a refusal for want of room, in seconds.
const RETRY_AFTER: u32 = 5;

/// The other routes, for a connection to be asked of.
#[derive(Clone)]
struct Others(Router);

/// The table of routes; `others` are all there are beside it.
pub(super) fn routes(others: Router) -> Router<Arc<App>> {
    let table = |path: &str| Router::new().route(path, get(open).post(receive).delete(end));
    let table = table("/acp").merge(table("/workspaces/{workspace}/acp"));
    table.method_not_allowed_fallback(page::show).layer(Extension(Others(others)))
}

/// Who asks, and for which workspace.
struct Asking(Caller);

impl FromRequestParts<Arc<App>> for Asking {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let Selected(workspace) = Selected::from_request_parts(parts, app).await?;
        let others = parts.extensions.get::<Others>().cloned();
        let connection = parts.extensions.get::<Connection>().cloned();
        let (Some(Others(others)), Some(connection)) = (others, connection) else { return Err(WireError::internal()) };
        let is_qualified = parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str() != "/acp");
        Ok(Self(Caller { app: Arc::clone(app), door: Door::new(others, connection), workspace, is_qualified }))
    }
}

/// A message of a peer. All but `initialize` is answered on a stream.
async fn receive(Asking(caller): Asking, request: Request) -> Result<Response, WireError> {
    let headers = request.headers().clone();
    if !body::is_json(&headers) {
        body::discard(request.into_body(), caller.app.config.timeouts.body_read);
        return Err(WireError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    let bytes = body::whole(request, &caller.app).await?;
    let incoming = match Incoming::read(body::without_mark(&bytes)) {
        Ok(incoming) => incoming,
        Err(error) => return Ok(not_a_message(&error)),
    };
    let peer = match &incoming {
        Incoming::Call(call) if &*call.method == "initialize" => None,
        Incoming::Call(call) => match named(&caller.app, &headers) {
            Ok(peer) => Some(peer),
            Err(missing) => return Ok(missing.to_message(call.id.clone())),
        },
        Incoming::Answer { id, .. } => match named(&caller.app, &headers) {
            Ok(peer) => Some(peer),
            Err(missing) => return Ok(missing.to_message(Some(id.clone()))),
        },
    };
    if let Incoming::Call(call) = &incoming {
        charge(&caller, peer.as_deref(), call, &headers)?;
    }
    match (incoming, peer) {
        (Incoming::Call(call), Some(peer)) => {
            let session = headers.get(SESSION_ID).and_then(|id| id.to_str().ok());
            return Ok(peer.take(call.for_session(session)).await);
        }
        (Incoming::Answer { id, outcome }, Some(peer)) => peer.decide(id, outcome).await,
        (Incoming::Call(call), None) => return begin(caller, call),
        (Incoming::Answer { .. }, None) => {}
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Takes what a call costs where requests are limited (L1); a connection to come costs as much as a change.
fn charge(caller: &Caller, peer: Option<&Peer>, call: &Call, headers: &HeaderMap) -> Result<(), WireError> {
    let Some(rates) = caller.app.admission.rates() else { return Ok(()) };
    let tier = peer.map_or(Some(Tier::Mutation), |peer| peer.tier(&call.method));
    let address = caller.door.connection().peer().ip();
    let charged = tier.map_or(Ok(()), |tier| rates.charge(tier, address, headers));
    charged.map_err(|exceeded| too_many(&exceeded))
}

fn begin(caller: Caller, call: Call) -> Result<Response, WireError> {
    let full = || {
        let most = caller.app.acp.policy().max_connections;
        WireError::new(StatusCode::SERVICE_UNAVAILABLE, format!("There are {most} connections already"))
            .code("connection_limit_exceeded")
            .with("limit", most)
            .retry_after(RETRY_AFTER)
    };
    let seat = caller.app.acp.seat().ok_or_else(full)?;
    let peer = Peer::begin(caller, Transport::Http, Some(seat));
    let greeting = to_raw_value(&peer.greeting()).map_err(|_| WireError::internal())?;
    let mut response = message(StatusCode::OK, &Frame::reply(call.id.unwrap_or(RpcId::Null), Ok(&greeting)));
    if let Ok(id) = HeaderValue::from_str(&peer.id) {
        response.headers_mut().insert(CONNECTION_ID, id);
    }
    Ok(response)
}

/// An event stream of a connection, or the beginning of a connection over a WebSocket.
async fn open(Asking(caller): Asking, mut request: Request) -> Result<Response, WireError> {
    if Handshake::is_wanted(request.headers()) {
        return upgrade(caller, &mut request);
    }
    let headers = request.headers();
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if !accepts.into_iter().any(|accept| accept.contains(EVENT_STREAM)) {
        return Err(WireError::new(StatusCode::NOT_ACCEPTABLE, "Accept header must include text/event-stream"));
    }
    let peer = named(&caller.app, headers)?;
    let session = headers.get(SESSION_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    respond(&peer, session, events::cursor(headers))
}

fn upgrade(caller: Caller, request: &mut Request) -> Result<Response, WireError> {
    if !caller.app.auth.is_on() && !caller.door.connection().is_local() {
        let said = "Without a token, only programs on this machine may connect";
        return Err(WireError::new(StatusCode::FORBIDDEN, said));
    }
    let handshake = match Handshake::read(request.headers()) {
        Ok(handshake) => handshake,
        Err(error) => return Ok(error.into()),
    };
    let upgrade = hyper::upgrade::on(&mut *request);
    let stopping = caller.app.acp.stopping();
    let socket = Socket { headers: request.headers().clone(), seat: caller.app.acp.seat(), caller };
    tokio::spawn(async move {
        // A peer that breaks off here is its own affair.
        if let Ok(upgraded) = upgrade.await {
            socket.converse(upgraded, stopping).await;
        }
    });
    Ok(handshake.answer())
}

/// The end of a connection; one that has ended is none the worse for it.
async fn end(State(app): State<Arc<App>>, _: Selected, headers: HeaderMap) -> Result<StatusCode, WireError> {
    match named(&app, &headers) {
        Ok(peer) => peer.end(),
        Err(NoConnection::Missing) => return Err(NoConnection::Missing.into()),
        Err(NoConnection::Unknown) => {}
    }
    Ok(StatusCode::ACCEPTED)
}

/// Why a request belongs to no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum NoConnection {
    #[error("Missing Acp-Connection-Id")]
    Missing,
    #[error("Unknown Acp-Connection-Id")]
    Unknown,
}

impl NoConnection {
    fn status(self) -> StatusCode {
        match self {
            Self::Missing => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::NOT_FOUND,
        }
    }

    fn to_message(self, id: Option<RpcId>) -> Response {
        let error = RpcError::new(code::INVALID_REQUEST, self.to_string());
        message(self.status(), &Frame::reply(id.unwrap_or(RpcId::Null), Err(error)))
    }
}

impl From<NoConnection> for WireError {
    fn from(error: NoConnection) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

fn named(app: &App, headers: &HeaderMap) -> Result<Arc<Peer>, NoConnection> {
    let id = headers.get(CONNECTION_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    app.acp.peer(id.ok_or(NoConnection::Missing)?).ok_or(NoConnection::Unknown)
}

fn not_a_message(error: &NotAMessage) -> Response {
    match error {
        NotAMessage::Batch => {
            WireError::new(StatusCode::NOT_IMPLEMENTED, "Batch JSON-RPC requests are not supported").into_response()
        }
        NotAMessage::Utf8(_) | NotAMessage::Json(_) | NotAMessage::NotAnObject => {
            WireError::bad_request("Invalid JSON in request body").into_response()
        }
        _ => message(StatusCode::BAD_REQUEST, &Incoming::refusal(error)),
    }
}

fn message(status: StatusCode, frame: &Frame) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], frame.json.clone()).into_response()
}
