//! The 202 of a message: what was asked is begun only once the receipt is on its way.
//!
//! Some clients listen for an answer only once they have the receipt, and the two travel on different connections. So a call begins
//! when its receipt is with the kernel, to the last byte, and a moment later: whatever is written afterwards, on whichever connection,
//! can be read by a peer on the same machine only after the receipt can. The moment is for a peer that does not take what has arrived in
//! its order. It is a margin and no proof: nothing in HTTP says when an answer was read, and an answer cannot be taken back. Without
//! it, the published client missed one in ten to twenty answers to calls that are answered at once.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use tokio::sync::oneshot;

use crate::serve::Connection;

/// From the receipt being with the kernel to its reader having taken note of it.
const HEAD_START: Duration = Duration::from_millis(5);

/// Holds a call back until its receipt has gone.
#[derive(Debug)]
pub(super) struct Held(oneshot::Receiver<()>);

impl Held {
    /// Returns once the receipt has gone and its reader had its head start, or there is no reader any more.
    pub(super) async fn released(self) {
        // Where the connection broke off there is nobody to wait for.
        if self.0.await.is_ok() {
            tokio::time::sleep(HEAD_START).await;
        }
    }
}

/// A receipt to be sent on `connection`, and what waits for it.
pub(super) fn receipt(connection: &Connection) -> (Response, Held) {
    let (gone, held) = oneshot::channel();
    let mut response = Response::new(Body::new(Nothing { connection: connection.clone(), gone: Some(gone) }));
    *response.status_mut() = StatusCode::ACCEPTED;
    (response, Held(held))
}

/// No body at all. The server drops it when the head stands in the connection's buffer, and flushes after that.
struct Nothing {
    connection: Connection,
    gone: Option<oneshot::Sender<()>>,
}

impl http_body::Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

impl Drop for Nothing {
    fn drop(&mut self) {
        if let Some(gone) = self.gone.take() {
            self.connection.tell_once_flushed(gone);
        }
    }
}
