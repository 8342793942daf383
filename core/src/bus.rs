//! The bus of one session: it numbers events, encodes each once, keeps the newest in a ring, and lets every subscriber walk that ring
//! with a cursor of its own.
//!
//! Laws:
//! - ids are 1, 2, 3… without a gap, under one [`EventEpoch`]; [`Bus::last_event_id`] is the newest (B1);
//! - what a subscriber is handed is, in order and without a gap, everything published after its cursor, or it is told
//!   (`state_resync_required`) that this is impossible;
//! - a published frame is one allocation, shared by the ring, every subscriber and the journal; publishing costs the same with 1 or
//!   1,000,000 frames in the ring, and no allocation per subscriber;
//! - a subscriber whose reader makes progress is never cut off while [`BusLimits::stall_grace`] is above zero and the publisher heeds
//!   [`Bus::pressure`].
//!
//! The bus never wakes anybody: after `publish`, `close` and a `sweep` that evicted, the shell wakes its waiting readers, who `take`.

mod accounting;
mod cursor;
mod encoder;
mod frame;
mod limits;
mod marker;
mod ring;
mod subscriber;
mod tail;

use std::collections::BTreeMap;

use bytes::Bytes;

pub use cursor::{Cursor, Subscribe, SubscribeError};
pub use frame::{Frame, InvalidFrame, synthetic};
pub use limits::{BusLimits, InvalidMaxQueued, MaxQueued};
pub use tail::Tail;

use encoder::Encoder;
use ring::Ring;
use subscriber::{Reader, Subscriber};

use crate::{Draft, EventEpoch, Millis};

/// Names a subscriber of one bus; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId(u64);

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// Whole SSE frames, in order, at least one. They are shared, not copied.
    Frames(Vec<Bytes>),
    /// Nothing is due. The reader now counts as waiting; wake it after the next publish.
    Wait,
    /// There will never be more: end the response. The subscriber is gone.
    End,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Bus {
    epoch: EventEpoch,
    limits: BusLimits,
    ring: Ring,
    encoder: Encoder,
    subscribers: BTreeMap<SubscriberId, Subscriber>,
    next_subscriber: u64,
    watch: accounting::Watch,
    /// Events from this one on are in the ring and not yet handed out.
    held_from: Option<u64>,
    closed: bool,
    /// Subscribers looked at while publishing; what the law of cost is tested with.
    #[cfg(test)]
    visits: u64,
}

impl Bus {
    /// An empty bus; its first event gets id 1.
    #[must_use]
    pub fn new(epoch: EventEpoch, limits: BusLimits) -> Self {
        Self::restore(epoch, Tail::new(limits))
    }

    /// A bus that continues where a journal stops. A cursor below what its tail holds gets an explicit resync.
    #[must_use]
    pub fn restore(epoch: EventEpoch, tail: Tail) -> Self {
        let (limits, ring) = (tail.limits.clone(), tail.into_ring());
        Self {
            epoch,
            limits,
            ring,
            encoder: Encoder::default(),
            subscribers: BTreeMap::new(),
            next_subscriber: 0,
            watch: accounting::Watch::default(),
            held_from: None,
            closed: false,
            #[cfg(test)]
            visits: 0,
        }
    }

    #[must_use]
    pub fn epoch(&self) -> &EventEpoch {
        &self.epoch
    }

    #[must_use]
    pub fn limits(&self) -> &BusLimits {
        &self.limits
    }

    /// The id of the newest event; 0 before the first.
    #[must_use]
    pub fn last_event_id(&self) -> u64 {
        self.ring.next_id() - 1
    }

    /// The oldest id a cursor can still be served from; one past the newest when the ring is empty.
    #[must_use]
    pub fn earliest(&self) -> u64 {
        self.ring.earliest()
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Open subscribers; evicted ones that still drain are not among them.
    #[must_use]
    pub fn subscriber_count(&self) -> usize {
        self.subscribers.values().filter(|subscriber| subscriber.is_live()).count()
    }

    /// The retained events after `id`, oldest first. Exact only while `id + 1 >= earliest()`.
    pub fn frames_after(&self, id: u64) -> impl ExactSizeIterator<Item = &Frame> {
        self.ring.frames_from(id.saturating_add(1).max(self.earliest()))
    }

    /// Numbers, stamps and encodes an event, and puts it where every subscriber finds it. `None` once the bus is closed (B1).
    pub fn publish(&mut self, now: Millis, draft: &Draft) -> Option<Frame> {
        if self.closed {
            return None;
        }
        let frame = self.encoder.encode(self.ring.next_id(), now, draft);
        self.ring.push(frame.clone());
        if self.watch.is_due(&self.ring) {
            self.account(now);
        }
        self.trim(now);
        Some(frame)
    }

    /// Holds back what is published from now on, until [`Bus::show`]: it is numbered and in the ring, and no subscriber gets it. For a shell
    /// that must not let anybody see what is not yet in its journal.
    pub fn hold(&mut self) {
        self.held_from.get_or_insert(self.ring.next_id());
    }

    /// Lets go of what is held back.
    pub fn show(&mut self) {
        self.held_from = None;
    }

    /// Hands out what is due, up to `max_bytes` (one frame more is possible, and a single larger frame passes). Every call is progress.
    pub fn take(&mut self, now: Millis, id: SubscriberId, max_bytes: usize) -> Take {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return Take::End };
        self.ring.cursor_moves(subscriber.next);
        let frames = subscriber.collect(&self.ring, self.held_from.unwrap_or(u64::MAX), max_bytes);
        if !frames.is_empty() {
            subscriber.reader = Reader::Busy { since: now };
            return Take::Frames(frames);
        }
        let is_held_back =
            self.held_from.is_some() && !subscriber.is_drained() && subscriber.next < self.ring.next_id();
        if (self.closed || !subscriber.is_live()) && !is_held_back {
            self.subscribers.remove(&id);
            return Take::End;
        }
        subscriber.reader = Reader::Waiting { at: subscriber.next };
        Take::Wait
    }

    /// The subscriber went away: what was due to it is dropped at once (B8).
    pub fn abort(&mut self, id: SubscriberId) {
        if let Some(subscriber) = self.subscribers.remove(&id) {
            self.ring.cursor_moves(subscriber.next);
        }
    }

    /// Takes no more events. Subscribers drain what is there, then end.
    pub fn close(&mut self) {
        self.closed = true;
    }
}

#[cfg(test)]
mod tests;
