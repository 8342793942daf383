//! A connection over one WebSocket (http.md §12).

use std::{net::IpAddr, pin::Pin, sync::Arc, sync::atomic::Ordering, time::Duration};

use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roost_core::{
    acp::{RpcError, RpcId, code},
    acp_bridge::Frame,
};
use serde_json::value::to_raw_value;
use tokio::{
    sync::watch,
    time::{Instant, Sleep, sleep, timeout, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Call, Door, Incoming, Peer, Seat, Transport, stopped};
use crate::{App, WireError, workspaces::Workspace};

/// The entry among the offered protocols by which a browser, which cannot set `Authorization`, sends its token.
pub const BEARER_PROTOCOL: &str = "qwen-bearer.";

/// How often a peer is asked whether it is still there…
const PULSE: Duration = Duration::from_secs(15);
/// …and how long it may leave that unanswered.
const MOST_SILENCE: Duration = Duration::from_secs(45);
/// For a peer to answer a close.
const FAREWELL: Duration = Duration::from_secs(2);

/// A request to speak WebSocket that can be granted.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
    /// The first protocol that was offered, tokens aside.
    protocol: Option<HeaderValue>,
}

/// Why a request to speak WebSocket cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAHandshake {
    #[error("`Connection` must name `upgrade`")]
    Connection,
    #[error("`Sec-WebSocket-Version` must be 13")]
    Version,
    #[error("`Sec-WebSocket-Key` must be the base64 of 16 bytes")]
    Key,
}

impl Handshake {
    /// Whether a request asks for one.
    #[must_use]
    pub fn is_wanted(headers: &HeaderMap) -> bool {
        lists(headers, header::UPGRADE, "websocket")
    }

    /// # Errors
    /// A header of it is missing or wrong.
    pub fn read(headers: &HeaderMap) -> Result<Self, NotAHandshake> {
        if !lists(headers, header::CONNECTION, "upgrade") {
            return Err(NotAHandshake::Connection);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(NotAHandshake::Version);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).filter(|key| key.len() == 24);
        let accept = derive_accept_key(key.ok_or(NotAHandshake::Key)?);
        let accept = HeaderValue::try_from(accept).map_err(|_| NotAHandshake::Key)?;
        let protocol = offered(headers).find(|protocol| !protocol.starts_with(BEARER_PROTOCOL));
        Ok(Self { accept, protocol: protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()) })
    }

    /// The answer that grants it.
    #[must_use]
    pub fn answer(self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

impl From<NotAHandshake> for Response {
    fn from(error: NotAHandshake) -> Self {
        let status = match error {
            NotAHandshake::Version => StatusCode::UPGRADE_REQUIRED,
            NotAHandshake::Connection | NotAHandshake::Key => StatusCode::BAD_REQUEST,
        };
        let mut response = WireError::new(status, error.to_string()).into_response();
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        response
    }
}

/// The protocols a request offers, in its order.
pub fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|protocol| !protocol.is_empty())
}

fn lists(headers: &HeaderMap, name: header::HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

/// A WebSocket that was granted, and what its connection will need.
#[derive(Debug)]
pub struct Socket {
    pub app: Arc<App>,
    pub door: Door,
    pub workspace: Arc<Workspace>,
    pub is_qualified: bool,
    /// Those of the request that asked for it.
    pub headers: HeaderMap,
    /// None when there is none left.
    pub seat: Option<Seat>,
}

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// Why a socket is closed by the daemon.
enum Farewell {
    /// The peer has gone already.
    Gone,
    Close(CloseCode, &'static str),
}

const STOPPING: Farewell = Farewell::Close(CloseCode::Restart, "the daemon is shutting down");
const NO_TEXT: Farewell = Farewell::Close(CloseCode::Unsupported, "text frames only");

impl Socket {
    /// Holds the connection, from its first frame to its last. `stopping` is held for as long as it runs.
    pub async fn converse(mut self, upgraded: Upgraded, mut stopping: watch::Receiver<bool>) {
        let most = Some(self.app.config.limits.max_body_bytes);
        let config = WebSocketConfig::default().max_message_size(most).max_frame_size(most);
        let io = TokioIo::new(upgraded);
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let gauge = Arc::clone(&self.app);
        gauge.acp.gauges().sockets.fetch_add(1, Ordering::Relaxed);
        let farewell = match self.seat.take() {
            None => Farewell::Close(CloseCode::Again, "too many connections"),
            Some(seat) => {
                let farewell = tokio::select! {
                    farewell = self.hold(&mut stream) => farewell,
                    () = stopped(&mut stopping) => STOPPING,
                };
                drop(seat);
                farewell
            }
        };
        gauge.acp.gauges().sockets.fetch_sub(1, Ordering::Relaxed);
        if let Farewell::Close(code, reason) = farewell {
            // A peer that does not listen is left.
            let _ = timeout(FAREWELL, close(stream, code, reason)).await;
        }
    }

    async fn hold(&self, stream: &mut Stream) -> Farewell {
        let first = Instant::now() + self.app.acp.policy().first_frame;
        let call = match timeout_at(first, first_call(stream)).await {
            Ok(Ok(call)) => call,
            Ok(Err(farewell)) => return farewell,
            Err(_) => return Farewell::Close(CloseCode::Protocol, "no initialize in time"),
        };
        let (door, workspace) = (self.door.clone(), Arc::clone(&self.workspace));
        let peer = Peer::begin(&self.app, door, workspace, self.is_qualified, Transport::Socket, None);
        let leaving = Leaving(&peer);
        leaving.0.came();
        if let (Some(id), Ok(greeting)) = (call.id, to_raw_value(&peer.greeting())) {
            peer.outbox().push(Frame::reply(id, Ok(&greeting))).await;
        }
        self.exchange(&peer, stream).await
    }

    /// Both directions, until either ends. Calls wait here while the connection's line is full, and nothing more is read; what is to
    /// be written is written meanwhile.
    async fn exchange(&self, peer: &Arc<Peer>, stream: &mut Stream) -> Farewell {
        let reader = peer.outbox().reader();
        let mut waiting: Option<Call> = None;
        let mut heard = Instant::now();
        let mut pulse: Pin<Box<Sleep>> = Box::pin(sleep(PULSE));
        loop {
            tokio::select! {
                () = peer.ended() => return self.ended(),
                frames = reader.next() => {
                    let sent = send(stream, frames.unwrap_or_default()).await;
                    if sent.is_err() {
                        return Farewell::Gone;
                    }
                }
                permit = peer.lane().reserve(), if waiting.is_some() => match (permit, waiting.take()) {
                    (Ok(permit), Some(call)) => permit.send(call),
                    (Ok(_) | Err(_), _) => return Farewell::Gone,
                },
                message = stream.next(), if waiting.is_none() => {
                    heard = Instant::now();
                    peer.heard();
                    match received(message) {
                        Ok(Some(text)) => waiting = self.take(peer, &text).await,
                        Ok(None) => {}
                        Err(farewell) => return farewell,
                    }
                }
                () = &mut pulse => {
                    if heard.elapsed() > MOST_SILENCE || stream.send(Message::Ping(Vec::new().into())).await.is_err() {
                        return Farewell::Gone;
                    }
                    pulse.as_mut().reset(Instant::now() + PULSE);
                }
            }
        }
    }

    /// Whether the connection alone is over, or the daemon with it.
    fn ended(&self) -> Farewell {
        if *self.app.acp.stopping().borrow() {
            STOPPING
        } else {
            Farewell::Close(CloseCode::Normal, "the connection was ended")
        }
    }

    /// A call to be put in line; anything else is dealt with at once.
    async fn take(&self, peer: &Arc<Peer>, text: &str) -> Option<Call> {
        match Incoming::read(text.as_bytes()) {
            Ok(Incoming::Call(call)) if self.is_over_the_limit(peer, &call) => {
                if let Some(id) = call.id {
                    let mut error = RpcError::new(code::INTERNAL_ERROR, "Rate limit exceeded");
                    error.data = to_raw_value(&serde_json::json!({ "errorKind": "rate_limit_exceeded" })).ok();
                    peer.outbox().push(Frame::reply(id, Err(error))).await;
                }
                None
            }
            Ok(Incoming::Call(call)) => Some(call),
            Ok(Incoming::Answer { id, outcome }) => {
                tokio::spawn(Arc::clone(peer).decide(id, outcome));
                None
            }
            Err(error) => {
                peer.outbox().push(Incoming::refusal(&error)).await;
                None
            }
        }
    }

    fn is_over_the_limit(&self, peer: &Peer, call: &Call) -> bool {
        let (Some(rates), Some(tier)) = (self.app.admission.rates(), peer.tier(&call.method)) else { return false };
        let address: IpAddr = self.door.connection().peer().ip();
        rates.charge(tier, address, &self.headers).is_err()
    }
}

/// Says that the socket has gone, however it went.
struct Leaving<'a>(&'a Arc<Peer>);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.socket_went();
    }
}

/// The `initialize` that has to come first. What is no message is answered, and waited on.
async fn first_call(stream: &mut Stream) -> Result<Call, Farewell> {
    loop {
        let Some(text) = received(stream.next().await)? else { continue };
        let refusal = match Incoming::read(text.as_bytes()) {
            Ok(Incoming::Call(call)) if &*call.method == "initialize" && call.id.is_some() => return Ok(call),
            Ok(Incoming::Call(call)) => Err(call.id.unwrap_or(RpcId::Null)),
            Ok(Incoming::Answer { id, .. }) => Err(id),
            Err(error) => Ok(Incoming::refusal(&error)),
        };
        let (frame, is_last) = match refusal {
            Ok(frame) => (frame, false),
            Err(id) => {
                (Frame::reply(id, Err(RpcError::new(code::INVALID_REQUEST, "First message must be initialize"))), true)
            }
        };
        send(stream, vec![frame]).await.map_err(|_| Farewell::Gone)?;
        if is_last {
            return Err(Farewell::Close(CloseCode::Protocol, "the first message must be initialize"));
        }
    }
}

/// The text of a frame; none for those that keep the socket alive.
fn received(message: Option<Result<Message, Error>>) -> Result<Option<Utf8Bytes>, Farewell> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err(NO_TEXT),
        Some(Err(Error::Capacity(_))) => Err(Farewell::Close(CloseCode::Size, "the message is too large")),
        Some(Err(Error::Utf8(_))) => Err(Farewell::Close(CloseCode::Invalid, "the text is not UTF-8")),
        Some(Err(Error::Protocol(_))) => Err(Farewell::Close(CloseCode::Protocol, "not WebSocket")),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Farewell::Gone),
    }
}

async fn send(stream: &mut Stream, frames: Vec<Frame>) -> Result<(), Error> {
    for frame in frames {
        // JSON is UTF-8; a frame that is none was never made.
        let Ok(text) = Utf8Bytes::try_from(frame.json) else { continue };
        stream.feed(Message::Text(text)).await?;
    }
    stream.flush().await
}

/// Says goodbye and listens until the peer has, too.
async fn close(mut stream: Stream, code: CloseCode, reason: &'static str) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    if stream.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}
