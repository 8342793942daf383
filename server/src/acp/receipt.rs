//! The 202 of a message: what was asked is begun only once its asker can know that it was taken.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::StatusCode;
use http_body::Frame;
use tokio::sync::oneshot;

/// From letting the receipt's body go to its last byte being read at the other end, which nothing reports.
const HEAD_START: Duration = Duration::from_millis(5);

/// Holds a call back until its receipt is written.
#[derive(Debug)]
pub(super) struct Held(oneshot::Receiver<()>);

impl Held {
    /// Returns once the receipt is on its way, or its reader has gone.
    pub(super) async fn released(self) {
        // The other end says nothing; it goes.
        let _ = self.0.await;
        tokio::time::sleep(HEAD_START).await;
    }
}

/// A receipt, and what waits for it. Some clients listen for an answer only after its receipt; one that overtakes it, on another
/// connection, would never be heard.
pub(super) fn receipt() -> (Response, Held) {
    let (written, held) = oneshot::channel();
    let mut response = Response::new(Body::new(Empty { is_head_written: false, _written: written }));
    *response.status_mut() = StatusCode::ACCEPTED;
    (response, Held(held))
}

/// Nothing, but only after the head has been written: the first time it is asked, it lets the connection flush.
struct Empty {
    is_head_written: bool,
    _written: oneshot::Sender<()>,
}

impl http_body::Body for Empty {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_head_written {
            return Poll::Ready(None);
        }
        self.is_head_written = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
