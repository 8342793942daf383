//! An event stream of a connection: its own, or that of one of its sessions.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode};
use roost_core::{acp_bridge::Frame, bus::Cursor, sse};
use tokio::time::{Instant, Sleep, sleep};

use super::{binding::Binding, feed::Feed, outbox::Reader, peer::Peer};
use crate::{
    WireError, clock,
    events::{self, EVENT_EPOCH},
};

/// A comment is written when nothing else was for so long.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The answer to `GET /acp`: the connection's stream, or with a session that of the session, from `cursor` on or where it was left.
///
/// # Errors
/// The connection does not have the session, the session is not live, or has too many subscribers.
pub fn respond(peer: &Arc<Peer>, session: Option<&str>, cursor: Option<Cursor>) -> Result<Response, WireError> {
    match session {
        None => Ok(open(peer, None)),
        Some(session) => {
            let not_owned = || WireError::new(StatusCode::FORBIDDEN, "Session not owned by this connection");
            let binding = peer.binding(session).ok_or_else(not_owned)?;
            let feed = resume(peer, &binding, cursor)?;
            let epoch = feed.epoch();
            let mut response = open(peer, Some((binding, feed)));
            if let Ok(epoch) = HeaderValue::from_str(epoch.as_str()) {
                response.headers_mut().insert(EVENT_EPOCH, epoch);
            }
            Ok(response)
        }
    }
}

/// A peer that names a place continues there; what a load left is for one that starts over.
fn resume(peer: &Arc<Peer>, binding: &Arc<Binding>, cursor: Option<Cursor>) -> Result<Feed, WireError> {
    let id = binding.session.as_str();
    let live = peer.live(id).ok_or_else(|| WireError::session_not_found(id))?;
    let place = binding.take_place();
    let starts_over = cursor.as_ref().is_none_or(|cursor| cursor.last_event_id == 0);
    let history = if starts_over { place.history.clone() } else { Vec::new() };
    let is_seamless = cursor.is_none() && history.is_empty();
    let cursor = if history.is_empty() { cursor.unwrap_or_else(|| place.cursor()) } else { place.cursor() };
    Feed::open(peer, binding, live, cursor, history, is_seamless).map_err(|error| {
        // For the next try.
        binding.set_place(place);
        WireError::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
            .code("subscriber_limit_exceeded")
            .with("limit", error.limit)
            .retry_after(5)
    })
}

fn open(peer: &Arc<Peer>, session: Option<(Arc<Binding>, Feed)>) -> Response {
    let (binding, feed) = session.unzip();
    let outbox = binding.as_ref().map_or_else(|| peer.outbox(), |binding| &binding.outbox);
    let reader = outbox.reader();
    let pages = Pages {
        guard: Guard::new(peer, binding),
        reader,
        feed,
        heartbeat: Box::pin(sleep(HEARTBEAT)),
        begun: false,
        over: false,
    };
    let body = Body::from_stream(stream::unfold(pages, |mut pages| async {
        let piece = pages.next().await?;
        Some((Ok::<_, Infallible>(piece), pages))
    }));
    (events::HEADERS, body).into_response()
}

/// The body of a stream.
struct Pages {
    guard: Guard,
    reader: Reader,
    feed: Option<Feed>,
    heartbeat: Pin<Box<Sleep>>,
    begun: bool,
    over: bool,
}

/// What one round of waiting brought.
enum Turn {
    Frames(Vec<Frame>),
    Quiet,
    /// The session is over: what waits is written, then the stream ends.
    SessionOver,
    Replaced,
}

impl Pages {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            return Some(Bytes::from_static(sse::PRELUDE));
        }
        if self.over {
            return None;
        }
        let feeding = self.feed.is_some();
        let turn = tokio::select! {
            () = self.guard.peer.ended() => Turn::Replaced,
            frames = self.reader.next() => frames.map_or(Turn::Replaced, Turn::Frames),
            frames = next_of(&mut self.feed), if feeding => frames.map_or(Turn::SessionOver, Turn::Frames),
            () = &mut self.heartbeat => Turn::Quiet,
        };
        self.heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
        self.guard.peer.heard();
        match turn {
            Turn::Frames(frames) => Some(written(&frames)),
            Turn::Quiet => Some(Bytes::from_static(sse::HEARTBEAT)),
            Turn::SessionOver => {
                self.over = true;
                let rest = self.reader.rest();
                (!rest.is_empty()).then(|| written(&rest))
            }
            Turn::Replaced => None,
        }
    }
}

async fn next_of(feed: &mut Option<Feed>) -> Option<Vec<Frame>> {
    feed.as_mut()?.next().await
}

fn written(frames: &[Frame]) -> Bytes {
    let mut out = Vec::with_capacity(frames.iter().map(|frame| frame.json.len() + 24).sum());
    frames.iter().for_each(|frame| frame.write_sse(&mut out));
    out.into()
}

/// Counts the stream as open for as long as it lives.
struct Guard {
    peer: Arc<Peer>,
    binding: Option<Arc<Binding>>,
}

impl Guard {
    fn new(peer: &Arc<Peer>, binding: Option<Arc<Binding>>) -> Self {
        let guard = Self { peer: Arc::clone(peer), binding };
        guard.peer.came();
        if let Some(binding) = &guard.binding {
            binding.came(clock::now());
        }
        guard.gauge().fetch_add(1, Ordering::Relaxed);
        guard
    }

    fn gauge(&self) -> &std::sync::atomic::AtomicUsize {
        let gauges = self.peer.hub().gauges();
        if self.binding.is_some() { &gauges.session_streams } else { &gauges.connection_streams }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.gauge().fetch_sub(1, Ordering::Relaxed);
        if let Some(binding) = &self.binding {
            binding.went(clock::now());
        }
        self.peer.went();
    }
}
