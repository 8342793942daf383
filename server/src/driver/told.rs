//! An answer on its way to the client: first to the disk, then onto the wire.

use std::io;

use roost_core::session::Answer;
use tokio::sync::oneshot;

use super::Answered;
use crate::store::Syncing;

/// An answer that holds once what it says is on disk.
#[derive(Debug)]
pub(super) struct Owed {
    answer: Answer,
    last_event_id: u64,
    syncing: Option<(Syncing, Teller)>,
}

#[derive(Debug)]
struct Teller {
    outcome: oneshot::Sender<io::Result<u64>>,
    told: oneshot::Sender<()>,
}

/// Where a driver waits until an answer has been given.
#[derive(Debug)]
pub(super) struct Telling {
    outcome: oneshot::Receiver<io::Result<u64>>,
    told: oneshot::Receiver<()>,
}

/// A driver does nothing else until one of these is sent or dropped. Who sends it once the answer has left gives the client its answer
/// before the session's next doings take the cores.
pub type Told = oneshot::Sender<()>;

impl Owed {
    /// The answer, and where its owner is to wait for the disk, if there is anything to wait for.
    pub(super) fn new(answer: Answer, last_event_id: u64, syncing: Option<Syncing>) -> (Self, Option<Telling>) {
        let (syncing, telling) = syncing
            .map(|syncing| {
                let (outcome, known) = oneshot::channel();
                let (told, heard) = oneshot::channel();
                ((syncing, Teller { outcome, told }), Telling { outcome: known, told: heard })
            })
            .unzip();
        (Self { answer, last_event_id, syncing }, telling)
    }

    /// Waits until what the answer says is on disk. Where the disk fails the answer stands, and everyone is told what has become of the
    /// recording.
    pub(super) async fn on_disk(self) -> (Answered, Option<Told>) {
        let Self { answer, last_event_id, syncing } = self;
        let told = match syncing {
            Some((syncing, Teller { outcome, told })) => {
                // The driver lives as long as it waits.
                let _ = outcome.send(syncing.finish().await);
                Some(told)
            }
            None => None,
        };
        (Answered { answer, last_event_id }, told)
    }
}

impl Telling {
    /// Returns once the answer has been given: what came of the disk, and up to where the journal is on it. None where nobody waited for
    /// it, since whoever asked had hung up.
    pub(super) async fn done(mut self) -> Option<io::Result<u64>> {
        // Dropped is as good as sent: nobody is left to be told first.
        let _ = self.told.await;
        self.outcome.try_recv().ok()
    }
}
