//! `GET /session/:id/events`: the body of an event stream.
//!
//! A stream is a cursor and nothing else: what is due is taken from the session's ring in one piece whenever the connection can
//! take more, so a reader that is slow costs no memory, and one that is fast gets many events in one write.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use roost_core::{EventEpoch, bus::Cursor, sse};
use tokio::time::{Instant, Sleep, sleep};

use crate::driver::Subscription;

/// The header that names the numbering a cursor belongs to.
pub const EVENT_EPOCH: HeaderName = HeaderName::from_static("x-qwen-event-epoch");
/// The header that names one response, for the log.
const STREAM_ID: HeaderName = HeaderName::from_static("x-qwen-sse-stream-id");

/// A comment is written when nothing else was for so long.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What is taken from the ring at a time: enough that a replay costs few writes, little enough to keep memory flat.
const MAX_PIECE_BYTES: usize = 128 * 1024;

/// The largest id a client can have read: beyond it, not every JSON reader counts exactly.
pub const MAX_EVENT_ID: u64 = (1 << 53) - 1;
const MAX_EPOCH_CHARS: usize = 128;

/// How many event streams are open.
#[derive(Clone, Debug, Default)]
pub struct OpenStreams(Arc<AtomicUsize>);

struct Open(OpenStreams);

impl OpenStreams {
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn enter(&self) -> Open {
        self.0.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How far a request says it has read. A cursor that cannot be read counts as absent: the stream is live only.
#[must_use]
pub fn cursor(headers: &HeaderMap) -> Option<Cursor> {
    let text = headers.get("last-event-id")?.to_str().ok()?;
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let last_event_id = text.parse().ok().filter(|id| is_decimal && *id <= MAX_EVENT_ID)?;
    Some(Cursor { last_event_id, epoch: epoch(headers) })
}

fn epoch(headers: &HeaderMap) -> Option<EventEpoch> {
    let text = headers.get(EVENT_EPOCH)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    ((1..=MAX_EPOCH_CHARS).contains(&text.len()) && text.bytes().all(plain)).then(|| EventEpoch::from(text))
}

/// Of every event stream, so that nothing on the way keeps, changes or collects it.
pub(crate) const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/event-stream"),
    (header::CACHE_CONTROL, "no-cache, no-transform"),
    (header::CONNECTION, "keep-alive"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// The response that streams a subscription until it ends.
pub fn respond(subscription: Subscription, epoch: &EventEpoch, open: &OpenStreams) -> Response {
    let stream = EventBody { subscription, heartbeat: Box::pin(sleep(HEARTBEAT)), begun: false, _open: open.enter() };
    let body = Body::from_stream(stream::unfold(stream, |mut stream| async {
        let piece = stream.next().await?;
        Some((Ok::<_, Infallible>(piece), stream))
    }));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    if let Ok(epoch) = HeaderValue::from_str(epoch.as_str()) {
        headers.insert(EVENT_EPOCH, epoch);
    }
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert(STREAM_ID, id);
    }
    response
}

struct EventBody {
    subscription: Subscription,
    heartbeat: Pin<Box<Sleep>>,
    begun: bool,
    _open: Open,
}

impl EventBody {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            return Some(Bytes::from_static(sse::PRELUDE));
        }
        let piece = tokio::select! {
            biased;
            piece = self.subscription.next(MAX_PIECE_BYTES) => piece?,
            () = &mut self.heartbeat => Bytes::from_static(sse::HEARTBEAT),
        };
        self.heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
        Some(piece)
    }
}
