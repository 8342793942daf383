//! A connection over one WebSocket.

use std::{net::IpAddr, pin::Pin, sync::Arc, sync::atomic::Ordering, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roost_core::{
    acp::{RpcError, RpcId, code},
    acp_bridge::Frame,
};
use serde_json::value::to_raw_value;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, Sleep, sleep, timeout, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Call, Caller, Incoming, Peer, Seat, Transport, stopped};

/// How often a peer is asked whether it is still there…
const PULSE: Duration = Duration::from_secs(15);
/// …and how long it may leave that unanswered.
const MOST_SILENCE: Duration = Duration::from_secs(45);
/// For a peer to answer a close.
const FAREWELL: Duration = Duration::from_secs(2);

/// A WebSocket that was granted, and what its connection will need.
#[derive(Debug)]
pub struct Socket {
    pub caller: Caller,
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
        let most = Some(self.caller.app.config.limits.max_body_bytes);
        let config = WebSocketConfig::default().max_message_size(most).max_frame_size(most);
        let io = TokioIo::new(upgraded);
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let gauge = Arc::clone(&self.caller.app);
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
        let first = Instant::now() + self.caller.app.acp.policy().first_frame;
        let call = match timeout_at(first, first_call(stream)).await {
            Ok(Ok(call)) => call,
            Ok(Err(farewell)) => return farewell,
            Err(_) => return Farewell::Close(CloseCode::Protocol, "no initialize in time"),
        };
        let peer = Peer::begin(self.caller.clone(), Transport::Socket, None);
        let leaving = Leaving(&peer);
        leaving.0.came();
        if let (Some(id), Ok(greeting)) = (call.id, to_raw_value(&peer.greeting())) {
            peer.outbox().push(Frame::reply(id, Ok(&greeting))).await;
        }
        self.exchange(&peer, stream).await
    }

    /// Both directions, until either ends. While the connection's line is full, or an answer is being counted, nothing more is read, so
    /// that frames take effect in their order; what is to be written is written meanwhile.
    async fn exchange(&self, peer: &Arc<Peer>, stream: &mut Stream) -> Farewell {
        let reader = peer.outbox().reader();
        let mut waiting: Option<Call> = None;
        let mut deciding: Option<JoinHandle<()>> = None;
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
                _ = async { deciding.as_mut().expect("the branch is on only then").await }, if deciding.is_some() => {
                    deciding = None;
                }
                message = stream.next(), if waiting.is_none() && deciding.is_none() => {
                    heard = Instant::now();
                    peer.heard();
                    match received(message) {
                        Ok(Some(text)) => match self.take(peer, &text) {
                            Taken::Call(call) => waiting = Some(call),
                            Taken::Answer(decision) => deciding = Some(decision),
                            // Not through the outbox: who reads it must not wait for room in it.
                            Taken::Refused(refusal) => if send(stream, vec![refusal]).await.is_err() {
                                return Farewell::Gone;
                            },
                            Taken::Nothing => {}
                        },
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
        if *self.caller.app.acp.stopping().borrow() {
            STOPPING
        } else {
            Farewell::Close(CloseCode::Normal, "the connection was ended")
        }
    }

    fn take(&self, peer: &Arc<Peer>, text: &str) -> Taken {
        match Incoming::read(text.as_bytes()) {
            Ok(Incoming::Call(call)) if self.is_over_the_limit(peer, &call) => match call.id {
                Some(id) => {
                    let mut error = RpcError::new(code::INTERNAL_ERROR, "Rate limit exceeded");
                    error.data = to_raw_value(&serde_json::json!({ "errorKind": "rate_limit_exceeded" })).ok();
                    Taken::Refused(Frame::reply(id, Err(error)))
                }
                None => Taken::Nothing,
            },
            Ok(Incoming::Call(call)) => Taken::Call(call),
            Ok(Incoming::Answer { id, outcome }) => Taken::Answer(tokio::spawn(Arc::clone(peer).decide(id, outcome))),
            Err(error) => Taken::Refused(Incoming::refusal(&error)),
        }
    }

    fn is_over_the_limit(&self, peer: &Peer, call: &Call) -> bool {
        let (Some(rates), Some(tier)) = (self.caller.app.admission.rates(), peer.tier(&call.method)) else {
            return false;
        };
        let address: IpAddr = self.caller.door.connection().peer().ip();
        rates.charge(tier, address, &self.headers).is_err()
    }
}

/// What has become of a frame.
enum Taken {
    /// To be put in line.
    Call(Call),
    /// Being counted, which goes on should the socket go.
    Answer(JoinHandle<()>),
    /// Not taken, for the peer to hear.
    Refused(Frame),
    /// Not taken, and nobody asked to hear of it.
    Nothing,
}

/// Says that the socket has gone, however it went.
struct Leaving<'a>(&'a Arc<Peer>);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.socket_went();
    }
}

/// The `initialize` that has to come first. What is not a message is answered with an error, and the wait goes on.
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
        // JSON is UTF-8, and every frame is JSON.
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
