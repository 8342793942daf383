//! A session's bus as tasks share it: the driver publishes, subscribers take.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bytes::{Bytes, BytesMut};
use roost_core::{
    Draft, Millis,
    bus::{Bus, Frame, Subscribe, SubscribeError, SubscriberId, Take},
};
use tokio::sync::Notify;

use crate::{clock, tally::Tally};

/// The bus, and who is to be woken about it.
#[derive(Debug)]
pub struct EventStream {
    bus: Mutex<Bus>,
    tally: Tally,
    /// Rung after something was published, for every subscriber.
    published: Arc<Notify>,
    /// Rung after something was taken, for a driver that holds the agent back.
    taken: Notify,
    awaits_progress: AtomicBool,
    /// Rung after a subscriber came or went, for the driver.
    counted: Notify,
}

/// One open event stream. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    stream: Arc<EventStream>,
    id: SubscriberId,
}

impl EventStream {
    pub(super) fn new(bus: Bus, tally: Tally) -> Self {
        Self {
            bus: Mutex::new(bus),
            tally,
            published: Arc::default(),
            taken: Notify::new(),
            awaits_progress: AtomicBool::new(false),
            counted: Notify::new(),
        }
    }

    /// The bus, for a moment: never hold it across a wait.
    pub fn bus(&self) -> MutexGuard<'_, Bus> {
        self.bus.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a subscriber as of now.
    ///
    /// # Errors
    /// The session has as many as it may have.
    pub fn subscribe(self: &Arc<Self>, wish: Subscribe) -> Result<Subscription, SubscribeError> {
        let id = self.bus().subscribe(clock::now(), wish)?;
        self.counted.notify_one();
        Ok(Subscription { stream: Arc::clone(self), id })
    }

    /// Takes no more events; every stream ends when it has drained.
    pub fn end(&self) {
        self.bus().close();
        self.ring();
    }

    /// Numbers an event and keeps it from the subscribers until [`EventStream::ring`]. None once the stream has ended.
    pub(super) fn publish(&self, draft: &Draft) -> Option<Frame> {
        let mut bus = self.bus();
        bus.hold();
        let frame = bus.publish(clock::now(), draft)?;
        self.tally.published(&frame.kind);
        Some(frame)
    }

    /// Shows the subscribers what was published, and wakes those that wait.
    pub(super) fn ring(&self) {
        self.bus().show();
        self.published.notify_waiters();
    }

    /// The oldest event a cursor can still be served, and the newest.
    pub(super) fn reach(&self) -> (u64, u64) {
        let bus = self.bus();
        (bus.earliest(), bus.last_event_id())
    }

    /// How long to hold the agent back at most, for the sake of a reader that is about to fall behind; [`EventStream::progress`] may
    /// end it earlier.
    pub(super) fn pressure(&self, now: Millis) -> Option<Millis> {
        // Asked for before looking: a take after the look then rings, and none is missed.
        self.awaits_progress.store(true, Ordering::SeqCst);
        let pressure = self.bus().pressure(now);
        if pressure.is_none() {
            self.awaits_progress.store(false, Ordering::SeqCst);
        }
        pressure
    }

    /// Returns after some subscriber has taken something since the last look at the pressure.
    pub(super) async fn progress(&self) {
        self.taken.notified().await;
    }

    /// How many subscribers there are, after there was a change.
    pub(super) async fn subscribers_changed(&self) -> usize {
        self.counted.notified().await;
        self.bus().subscriber_count()
    }
}

impl Subscription {
    /// Everything that is due, at most about `max_bytes` of it, as one piece; waits until there is something. `None` is the end.
    pub async fn next(&self, max_bytes: usize) -> Option<Bytes> {
        self.frames(max_bytes).await.map(joined)
    }

    /// The same, frame by frame.
    pub async fn frames(&self, max_bytes: usize) -> Option<Vec<Bytes>> {
        loop {
            // Made before looking, so that nothing published in between is missed.
            let published = self.stream.published.notified();
            let take = self.stream.bus().take(clock::now(), self.id, max_bytes);
            match take {
                Take::Frames(frames) => {
                    self.made_progress();
                    return Some(frames);
                }
                Take::Wait => published.await,
                Take::End => return None,
            }
        }
    }

    fn made_progress(&self) {
        if self.stream.awaits_progress.swap(false, Ordering::SeqCst) {
            self.stream.taken.notify_one();
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.stream.bus().abort(self.id);
        self.stream.counted.notify_one();
        self.made_progress();
    }
}

fn joined(mut frames: Vec<Bytes>) -> Bytes {
    if frames.len() == 1 {
        return frames.swap_remove(0);
    }
    let mut all = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    frames.iter().for_each(|frame| all.extend_from_slice(frame));
    all.freeze()
}
