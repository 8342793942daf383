//! A response body that is fed packet by packet.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::mpsc;

/// The reading end of a channel as an HTTP body; it ends when the last sender is dropped, or breaks off with an error.
#[derive(Debug)]
pub(crate) struct Packets<E = Infallible>(mpsc::Receiver<Result<Bytes, E>>);

impl<E> Packets<E> {
    /// A body that takes up to `capacity` packets before its writer has to wait for the reader.
    pub(crate) fn channel(capacity: usize) -> (mpsc::Sender<Result<Bytes, E>>, Self) {
        let (out, packets) = mpsc::channel(capacity);
        (out, Self(packets))
    }
}

impl<E> Body for Packets<E> {
    type Data = Bytes;
    type Error = E;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        self.0.poll_recv(cx).map(|packet| packet.map(|packet| packet.map(Frame::data)))
    }
}
