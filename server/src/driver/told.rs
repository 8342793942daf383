//! An answer on its way to the client: first to the disk, then into the response.

use std::{io, sync::Arc};

use roost_core::session::Answer;
use tokio::sync::oneshot;

use super::Answered;
use crate::store::Syncing;

/// What came of waiting for the disk: up to where the journal is on it. Closed where nobody waited, since whoever asked had hung up.
pub(super) type Synced = oneshot::Receiver<io::Result<u64>>;

/// An answer that holds once what it says is on disk.
#[derive(Debug)]
pub(super) struct Owed {
    answer: Answer,
    last_event_id: u64,
    syncing: Option<(Syncing, oneshot::Sender<io::Result<u64>>)>,
}

/// A driver waits while one of these is left. Put into a response it goes when the response is written, so that the client has its answer
/// before the session's next doings take the cores.
#[derive(Clone, Debug)]
pub struct Told(#[expect(dead_code, reason = "it works by being dropped")] Arc<Outcome>);

#[derive(Debug)]
struct Outcome(Option<(oneshot::Sender<io::Result<u64>>, io::Result<u64>)>);

impl Owed {
    /// The answer, and where its owner is to wait for the disk, if there is anything to wait for.
    pub(super) fn new(answer: Answer, last_event_id: u64, syncing: Option<Syncing>) -> (Self, Option<Synced>) {
        let (syncing, synced) = syncing
            .map(|syncing| {
                let (done, synced) = oneshot::channel();
                ((syncing, done), synced)
            })
            .unzip();
        (Self { answer, last_event_id, syncing }, synced)
    }

    /// Waits until what the answer says is on disk. Where the disk fails the answer stands, and everyone is told what has become of the
    /// recording.
    pub(super) async fn on_disk(self) -> (Answered, Option<Told>) {
        let Self { answer, last_event_id, syncing } = self;
        let told = match syncing {
            Some((syncing, done)) => {
                let result = syncing.finish().await;
                Some(Told(Arc::new(Outcome(Some((done, result))))))
            }
            None => None,
        };
        (Answered { answer, last_event_id }, told)
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if let Some((done, result)) = self.0.take() {
            // The driver lives as long as it waits.
            let _ = done.send(result);
        }
    }
}
