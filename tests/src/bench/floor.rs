//! The floor: a bare axum server that answers like a daemon with frames and bodies made beforehand.

use std::{
    convert::Infallible,
    fmt::Write,
    net::Ipv4Addr,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context;
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
    serve::ListenerExt,
};
use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};

use crate::packets::Packets;

/// Frames in one write, as many as the model writes chunks.
const FRAMES_PER_PACKET: usize = 64;

/// Packets between the task that chooses them and the socket.
const PACKETS_IN_FLIGHT: usize = 8;

const SESSION: &str = "00000000-0000-4000-8000-000000000000";

struct Floor {
    /// The frames of every turn, in packets.
    frames: RwLock<Arc<[Bytes]>>,
    turns: watch::Sender<u64>,
}

/// Serves on this loopback port until the process is killed.
pub async fn serve(port: u16) -> anyhow::Result<()> {
    let floor = Arc::new(Floor { frames: RwLock::new(turn(1)), turns: watch::Sender::new(0) });
    let router = Router::new()
        .route("/health", get(async || json(r#"{"status":"ok"}"#.into())))
        .route("/capabilities", get(async || json(CAPABILITIES.into())))
        .route("/session", post(async || json(format!(r#"{{"sessionId":"{SESSION}"}}"#))))
        .route("/session/{id}", axum::routing::delete(async || StatusCode::NO_CONTENT))
        .route("/session/{id}/status", get(async || json(STATUS.into())))
        .route("/session/{id}/context", get(async || json(CONTEXT.into())))
        .route("/session/{id}/prompt", post(prompt))
        .route("/session/{id}/events", get(events))
        .route("/words/{count}", put(words))
        .with_state(floor);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    #[expect(clippy::disallowed_methods, reason = "the floor is bare on purpose")]
    axum::serve(listener.tap_io(do_not_delay), router).await.context("the floor gave way")
}

/// Otherwise the floor would measure how long the kernel waits for more to send.
fn do_not_delay(socket: &mut TcpStream) {
    let _ = socket.set_nodelay(true);
}

fn json(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Makes the frames of every turn to come.
async fn words(State(floor): State<Arc<Floor>>, Path(count): Path<u64>) {
    let frames = turn(count);
    *floor.frames.write().unwrap_or_else(PoisonError::into_inner) = frames;
}

async fn prompt(State(floor): State<Arc<Floor>>, _body: Bytes) -> Response {
    floor.turns.send_modify(|turn| *turn += 1);
    let body = r#"{"promptId":"floor","lastEventId":0,"eventEpoch":"floor"}"#;
    (StatusCode::ACCEPTED, json(body.into())).into_response()
}

async fn events(State(floor): State<Arc<Floor>>, headers: HeaderMap) -> Response {
    let mut turns = floor.turns.subscribe();
    let (out, body) = Packets::channel(PACKETS_IN_FLIGHT);
    let replay = headers.contains_key("last-event-id");
    tokio::spawn(async move {
        // Every step ends the task when the reader has gone.
        send(&out, "retry: 3000\n\n").await?;
        if replay {
            send_turn(&out, &floor).await?;
            send(&out, REPLAY_COMPLETE).await?;
        }
        while turns.changed().await.is_ok() {
            send_turn(&out, &floor).await?;
        }
        Some(())
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::new(body)).into_response()
}

type Out = mpsc::Sender<Result<Bytes, Infallible>>;

async fn send(out: &Out, text: &'static str) -> Option<()> {
    out.send(Ok(Bytes::from_static(text.as_bytes()))).await.ok()
}

async fn send_turn(out: &Out, floor: &Floor) -> Option<()> {
    let frames = Arc::clone(&floor.frames.read().unwrap_or_else(PoisonError::into_inner));
    for packet in frames.iter() {
        out.send(Ok(packet.clone())).await.ok()?;
    }
    Some(())
}

/// A turn of `count` words and its end, in packets.
fn turn(count: u64) -> Arc<[Bytes]> {
    let mut packets = Vec::new();
    for from in (0..count).step_by(FRAMES_PER_PACKET) {
        let mut packet = String::new();
        for index in from..count.min(from + FRAMES_PER_PACKET as u64) {
            frame(
                &mut packet,
                index + 1,
                "session_update",
                &format!(
                    r#"{{"sessionId":"{SESSION}","update":{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"w{index} "}}}}}}"#
                ),
            );
        }
        packets.push(packet);
    }
    let end = format!(r#"{{"sessionId":"{SESSION}","stopReason":"end_turn","promptId":"floor"}}"#);
    let mut last = packets.pop().unwrap_or_default();
    frame(&mut last, count + 1, "turn_complete", &end);
    packets.push(last);
    packets.into_iter().map(Bytes::from).collect()
}

fn frame(out: &mut String, id: u64, kind: &str, data: &str) {
    write!(
        out,
        "id: {id}\nevent: {kind}\ndata: {{\"id\":{id},\"v\":1,\"type\":\"{kind}\",\"promptId\":\"{SESSION}\",\"data\":{data},\
         \"_meta\":{{\"serverTimestamp\":1700000000000}}}}\n\n"
    )
    .expect("a String takes every write");
}

const REPLAY_COMPLETE: &str = "event: replay_complete\ndata: {\"v\":1,\"type\":\"replay_complete\",\"data\":{}}\n\n";
const CAPABILITIES: &str = r#"{"v":1,"protocolVersions":{"current":"v1","supported":["v1"]},"mode":"http-bridge","features":["health","capabilities","session_create","session_prompt","session_events"]}"#;
const STATUS: &str = r#"{"sessionId":"00000000-0000-4000-8000-000000000000","clientCount":1,"hasActivePrompt":false,"pendingInteractions":[]}"#;
const CONTEXT: &str =
    r#"{"v":1,"sessionId":"00000000-0000-4000-8000-000000000000","state":{"models":{},"modes":{},"configOptions":[]}}"#;
