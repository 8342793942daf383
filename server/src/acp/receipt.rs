//! The 202 of a message: what was asked is begun only once the receipt is on its way.
//!
//! Some clients listen for an answer only once they have the receipt, and the two travel on different connections. So a call begins
//! when its receipt is with the kernel, to the last byte, and a moment later: whatever is written afterwards, on whichever connection,
//! can be read by a peer on the same machine only after the receipt can. The moment is for a peer that does not take what has arrived in
//! its order. It is a margin and no proof: nothing in HTTP says when an answer was read, and an answer cannot be taken back. Without
//! it, the published client missed one in ten to twenty answers to calls that are answered at once.

use std::time::Duration;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use tokio::sync::oneshot;

use crate::serve::{Awaited, Patience};

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

/// A receipt, and what waits for it.
pub(super) fn receipt() -> (Response, Held) {
    let (gone, held) = oneshot::channel();
    let awaited = Extension(Awaited::new(gone, Patience::ToTheEnd));
    ((StatusCode::ACCEPTED, awaited).into_response(), Held(held))
}
