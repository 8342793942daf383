//! `/acp` and `/workspaces/:workspace/acp` (http.md §12).

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{MatchedPath, Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use roost_core::{
    acp::{NotAMessage, RpcError, RpcId, code},
    acp_bridge::Frame,
};
use serde_json::value::to_raw_value;

use super::{page, path::Selected};
use crate::{
    App, WireError,
    acp::{Call, Door, Handshake, Incoming, Peer, Socket, Transport, respond},
    body, events,
    serve::Connection,
    workspaces::Workspace,
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

/// Who wants a connection, and to what.
struct Caller {
    app: Arc<App>,
    door: Door,
    workspace: Arc<Workspace>,
    is_qualified: bool,
}

/// A message of a peer. All but `initialize` is answered on a stream.
async fn receive(
    State(app): State<Arc<App>>,
    Selected(workspace): Selected,
    Extension(Others(others)): Extension<Others>,
    Extension(connection): Extension<Connection>,
    path: MatchedPath,
    request: Request,
) -> Result<Response, WireError> {
    let headers = request.headers().clone();
    if !body::is_json(&headers) {
        body::discard(request.into_body(), app.config.timeouts.body_read);
        return Err(WireError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    let bytes = body::whole(request, &app).await?;
    let incoming = match Incoming::read(body::without_mark(&bytes)) {
        Ok(incoming) => incoming,
        Err(error) => return Ok(not_a_message(&error)),
    };
    let address = connection.peer().ip();
    let caller = Caller { door: Door::new(others, connection), is_qualified: is_qualified(&path), workspace, app };
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
    if let (Incoming::Call(call), Some(rates)) = (&incoming, caller.app.admission.rates()) {
        let tier = peer.as_ref().map_or(Some(roost_core::rate_limit::Tier::Mutation), |peer| peer.tier(&call.method));
        if let Some(exceeded) = tier.and_then(|tier| rates.charge(tier, address, &headers).err()) {
            return Err(WireError::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded")
                .code("rate_limit_exceeded")
                .with("tier", exceeded.tier)
                .retry_after(RETRY_AFTER));
        }
    }
    match (incoming, peer) {
        (Incoming::Call(call), Some(peer)) => {
            let session = headers.get(SESSION_ID).and_then(|id| id.to_str().ok());
            return Ok(peer.take(call.for_session(session)).await);
        }
        (Incoming::Answer { id, outcome }, Some(peer)) => peer.decide(id, outcome).await,
        (Incoming::Call(call), None) => return caller.begin(call).await,
        (Incoming::Answer { .. }, None) => {}
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

impl Caller {
    async fn begin(self, call: Call) -> Result<Response, WireError> {
        let full = || {
            let most = self.app.acp.policy().max_connections;
            WireError::new(StatusCode::SERVICE_UNAVAILABLE, format!("There are {most} connections already"))
                .code("connection_limit_exceeded")
                .with("limit", most)
                .retry_after(RETRY_AFTER)
        };
        let seat = self.app.acp.seat().ok_or_else(full)?;
        let peer = Peer::begin(&self.app, self.door, self.workspace, self.is_qualified, Transport::Http, Some(seat));
        let greeting = to_raw_value(&peer.greeting()).map_err(|_| WireError::internal())?;
        let mut response = message(StatusCode::OK, &Frame::reply(call.id.unwrap_or(RpcId::Null), Ok(&greeting)));
        if let Ok(id) = HeaderValue::from_str(&peer.id) {
            response.headers_mut().insert(CONNECTION_ID, id);
        }
        Ok(response)
    }
}

/// An event stream of a connection, or the beginning of a connection over a WebSocket.
async fn open(
    State(app): State<Arc<App>>,
    Selected(workspace): Selected,
    Extension(Others(others)): Extension<Others>,
    Extension(connection): Extension<Connection>,
    path: MatchedPath,
    mut request: Request,
) -> Result<Response, WireError> {
    if Handshake::is_wanted(request.headers()) {
        let is_stranger = !app.auth.is_on() && !connection.peer().ip().to_canonical().is_loopback();
        if is_stranger {
            return Err(WireError::new(
                StatusCode::FORBIDDEN,
                "Without a token, only programs on this machine may connect",
            ));
        }
        let handshake = match Handshake::read(request.headers()) {
            Ok(handshake) => handshake,
            Err(error) => return Ok(error.into()),
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let stopping = app.acp.stopping();
        let socket = Socket {
            door: Door::new(others, connection),
            workspace,
            is_qualified: is_qualified(&path),
            headers: request.headers().clone(),
            seat: app.acp.seat(),
            app,
        };
        tokio::spawn(async move {
            // A peer that breaks off here is its own affair.
            if let Ok(upgraded) = upgrade.await {
                socket.converse(upgraded, stopping).await;
            }
        });
        return Ok(handshake.answer());
    }
    let headers = request.headers();
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if !accepts.into_iter().any(|accept| accept.contains(EVENT_STREAM)) {
        return Err(WireError::new(StatusCode::NOT_ACCEPTABLE, "Accept header must include text/event-stream"));
    }
    let peer = named(&app, headers)?;
    let session = headers.get(SESSION_ID).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    respond(&peer, session, events::cursor(headers))
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

fn is_qualified(path: &MatchedPath) -> bool {
    path.as_str() != "/acp"
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
