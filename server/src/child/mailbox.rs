//! What an agent has said to one session and the session has not heard yet.
//!
//! All sessions of an agent share one pipe. A session that reads slowly, because a client of its own does, may leave a good deal lying here
//! before the pipe is not read any further. It is told when that is so: from then on others wait for it.

use std::{
    pin::pin,
    sync::{Arc, Weak},
};

use futures_util::future::poll_immediate;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::{FromAgent, switchboard::Switchboard};

/// What may lie unread, in units of [`UNIT_BYTES`]; a single batch may be larger.
const ROOM: u32 = 4 * 1024;
const UNIT_BYTES: usize = 1024;
/// Batches that may lie unread, however small.
const MAX_BATCHES: usize = 4 * 1024;

/// The session's end. Dropping it takes its name off the switchboard.
#[derive(Debug)]
pub struct Mailbox {
    parcels: mpsc::Receiver<Parcel>,
    /// Rung when a batch finds no room.
    crowded: Arc<Notify>,
    /// Where it can be found, and under which name.
    place: Option<(Weak<Switchboard>, Box<str>)>,
}

/// The agent's end. Clones put into the same mailbox.
#[derive(Clone, Debug)]
pub(super) struct MailboxSender {
    parcels: mpsc::Sender<Parcel>,
    room: Arc<Semaphore>,
    crowded: Arc<Notify>,
}

#[derive(Debug)]
struct Parcel {
    batch: Vec<FromAgent>,
    /// Given back when the batch is taken.
    _room: Option<OwnedSemaphorePermit>,
}

/// An empty mailbox.
pub(super) fn mailbox() -> (MailboxSender, Mailbox) {
    let (parcels, taken) = mpsc::channel(MAX_BATCHES);
    let crowded: Arc<Notify> = Arc::default();
    let sender =
        MailboxSender { parcels, room: Arc::new(Semaphore::new(ROOM as usize)), crowded: Arc::clone(&crowded) };
    (sender, Mailbox { parcels: taken, crowded, place: None })
}

impl MailboxSender {
    /// Puts a batch in, once there is room for it. A session that is over takes nothing more.
    pub(super) async fn send(&self, batch: Vec<FromAgent>) {
        let mut sending = pin!(self.send_in_time(batch));
        if poll_immediate(&mut sending).await.is_none() {
            self.crowded.notify_one();
            sending.await;
        }
    }

    async fn send_in_time(&self, batch: Vec<FromAgent>) {
        let bytes: usize = batch.iter().map(FromAgent::bytes).sum();
        let wanted = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(ROOM).min(ROOM);
        let room = tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(wanted) => room.ok(),
            () = self.parcels.closed() => return,
        };
        let _ = self.parcels.send(Parcel { batch, _room: room }).await;
    }

    /// Puts the first batch into a mailbox that nobody has seen yet.
    pub(super) fn begin_with(&self, batch: Vec<FromAgent>) {
        let _ = self.parcels.try_send(Parcel { batch, _room: None });
    }

    /// Whether the session is over.
    pub(super) fn is_closed(&self) -> bool {
        self.parcels.is_closed()
    }
}

impl Mailbox {
    /// The next batch, which is not empty; waits for it. None once nobody can put anything in any more.
    pub async fn recv(&mut self) -> Option<Vec<FromAgent>> {
        self.parcels.recv().await.map(|parcel| parcel.batch)
    }

    /// The next batch, if there is one.
    pub fn try_recv(&mut self) -> Option<Vec<FromAgent>> {
        self.parcels.try_recv().ok().map(|parcel| parcel.batch)
    }

    /// Returns when the agent is not read any further because nothing more fits in here; at times once more than that.
    pub async fn crowded(&self) {
        self.crowded.notified().await;
    }

    /// It stands there under this name.
    pub(super) fn stands(&mut self, switchboard: &Arc<Switchboard>, session: &str) {
        self.place = Some((Arc::downgrade(switchboard), session.into()));
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.parcels.close();
        if let Some((switchboard, session)) = &self.place
            && let Some(switchboard) = switchboard.upgrade()
        {
            switchboard.disconnect_closed(session);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use serde_json::value::to_raw_value;

    use super::*;

    fn batch_of(bytes: usize) -> Vec<FromAgent> {
        let params = to_raw_value(&"x".repeat(bytes)).expect("a string is JSON");
        vec![FromAgent::Notification { method: "said".into(), params }]
    }

    #[tokio::test]
    async fn whoever_speaks_to_a_session_that_does_not_listen_waits_once_four_mebibytes_lie_there() {
        let (sender, mut mailbox) = mailbox();
        for _ in 0..3 {
            sender.send(batch_of(1024 * 1024)).now_or_never().expect("there is room");
        }
        assert_eq!(mailbox.crowded().now_or_never(), None);
        let mut waiting = pin!(sender.send(batch_of(1024 * 1024)));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        mailbox.crowded().now_or_never().expect("it is told that others wait");
        mailbox.recv().await.expect("it lies there");
        waiting.now_or_never().expect("there is room again");
    }

    #[tokio::test]
    async fn a_batch_larger_than_the_mailbox_gets_through_one_at_a_time() {
        let (sender, mut mailbox) = mailbox();
        sender.send(batch_of(9 * 1024 * 1024)).now_or_never().expect("it is empty");
        let mut waiting = pin!(sender.send(batch_of(1)));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        mailbox.recv().await.expect("it lies there");
        waiting.now_or_never().expect("there is room again");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_session_that_is_over() {
        let (sender, mailbox) = mailbox();
        sender.send(batch_of(9 * 1024 * 1024)).await;
        let mut waiting = pin!(sender.send(batch_of(1)));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(mailbox);
        waiting.await;
    }
}
