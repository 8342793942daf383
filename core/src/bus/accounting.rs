//! Back-pressure: who is warned, who is evicted, and when the publisher should pause (B4–B7).
//!
//! A subscriber's queue is the span of the ring between its cursor and the newest event, counted only while its reader is busy. Nothing
//! about it is stored, so a publish needs to look at subscribers only when one of them may have reached a threshold.

use super::{
    Bus, BusLimits, SubscriberId,
    marker::{self, ClientEvicted, EvictionReason, SlowClientWarning, Threshold},
    ring::Ring,
    subscriber::Subscriber,
};
use crate::{EventType, Millis};

/// The earliest publish that may concern a subscriber. It may come too early, never too late.
#[derive(Debug)]
pub(super) struct Watch {
    next_id: u64,
    total_bytes: u64,
    pressure: Pressure,
}

/// The earliest publish after which [`Bus::pressure`] may be due.
#[derive(Clone, Copy, Debug)]
struct Pressure {
    next_id: u64,
    total_bytes: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Self { next_id: u64::MAX, total_bytes: u64::MAX, pressure: Pressure::NEVER }
    }
}

impl Pressure {
    const NEVER: Self = Self { next_id: u64::MAX, total_bytes: u64::MAX };

    /// When this subscriber, left alone, will lag three quarters of the ring behind.
    fn of(subscriber: &Subscriber, ring: &Ring) -> Self {
        let from = subscriber.counted_from();
        let lag = (ring.size() * 3 / 4).max(1) + 1;
        Self { next_id: from.saturating_add(lag), total_bytes: ring.offset(from) + ring.max_bytes() / 4 * 3 }
    }

    fn is_due(self, ring: &Ring) -> bool {
        ring.next_id() >= self.next_id || ring.total_bytes() > self.total_bytes
    }

    fn earlier(self, other: Self) -> Self {
        Self { next_id: self.next_id.min(other.next_id), total_bytes: self.total_bytes.min(other.total_bytes) }
    }
}

impl Watch {
    pub(super) fn is_due(&self, ring: &Ring) -> bool {
        ring.next_id() >= self.next_id || ring.total_bytes() >= self.total_bytes
    }

    pub(super) fn include(&mut self, subscriber: &Subscriber, ring: &Ring, limits: &BusLimits) {
        if !subscriber.is_live() {
            return;
        }
        let from = subscriber.counted_from();
        let (frames, bytes) = if subscriber.warned {
            (0, 0) // re-arming, and eviction, may be due at any publish
        } else {
            let warn = |cap: u64| (cap * 3).div_ceil(4);
            (from + warn(subscriber.max_queued.get()), ring.offset(from) + warn(limits.max_queued_bytes))
        };
        self.next_id = self.next_id.min(frames);
        self.total_bytes = self.total_bytes.min(bytes);
        self.pressure = self.pressure.earlier(Pressure::of(subscriber, ring));
    }
}

/// The length of one subscriber's queue, as of some event.
struct Queue {
    frames: u64,
    bytes: u64,
}

enum Verdict {
    Keep,
    Evict(EvictionReason),
}

/// Why and where a subscriber's stream ends.
struct Eviction {
    reason: EvictionReason,
    /// The first id it will not get.
    end: u64,
    /// The size of the event that did not fit, in bytes of JSON, if it was bytes that ran out.
    event_bytes: Option<u64>,
}

impl Bus {
    /// Looks at every subscriber without a publish: a stalled reader is evicted even when the agent is silent. Returns who was evicted.
    pub fn sweep(&mut self, now: Millis) -> Vec<SubscriberId> {
        let live = |bus: &Self| -> Vec<SubscriberId> {
            bus.subscribers.iter().filter(|(_, subscriber)| subscriber.is_live()).map(|(id, _)| *id).collect()
        };
        let before = live(self);
        self.account(now);
        let after = live(self);
        before.into_iter().filter(|id| !after.contains(id)).collect()
    }

    /// Whether the publisher should pause: a subscriber that makes progress is about to fall behind the ring. The time is how long the
    /// pause may last at most; ask again then, and after every take.
    #[must_use]
    pub fn pressure(&mut self, now: Millis) -> Option<Millis> {
        let (ring, grace) = (&self.ring, self.limits.stall_grace);
        if !self.watch.pressure.is_due(ring) {
            return None;
        }
        let live = || self.subscribers.values().filter(|subscriber| subscriber.is_live());
        self.watch.pressure =
            live().map(|subscriber| Pressure::of(subscriber, ring)).fold(Pressure::NEVER, Pressure::earlier);
        live()
            .filter(|subscriber| Pressure::of(subscriber, ring).is_due(ring))
            .filter_map(|subscriber| subscriber.stalled_for(now, ring))
            .filter(|stalled| *stalled < grace)
            .map(|stalled| grace.since(stalled))
            .min()
    }

    /// Applies B4, B6 and B7 to every subscriber, as of the newest event.
    pub(super) fn account(&mut self, now: Millis) {
        let pressure = self.watch.pressure;
        self.watch = Watch { pressure, ..Watch::default() };
        for subscriber in self.subscribers.values_mut() {
            #[cfg(test)]
            {
                self.visits += 1;
            }
            if subscriber.is_live() {
                judge(subscriber, &self.ring, &self.limits, now);
                self.watch.include(subscriber, &self.ring, &self.limits);
            }
        }
    }

    /// Lets the ring shrink back to its size, and evicts who would keep it from doing so for too long.
    pub(super) fn trim(&mut self, now: Millis) {
        self.ring.drop_unneeded();
        if self.ring.needs_floor() {
            self.refresh_floor();
        }
        while self.ring.is_overfull() {
            let first = self.ring.first();
            for subscriber in self.subscribers.values_mut().filter(|subscriber| subscriber.next <= first) {
                overrun(subscriber, &self.ring, &self.limits, now);
            }
            self.refresh_floor();
        }
    }

    fn refresh_floor(&mut self) {
        #[cfg(test)]
        {
            self.visits += self.subscribers.len() as u64;
        }
        let head = self.ring.next_id();
        // An evicted subscriber that has drained its part needs nothing.
        let needed = |subscriber: &Subscriber| if subscriber.is_drained() { head } else { subscriber.next };
        self.ring.set_floor(self.subscribers.values().map(needed).min().unwrap_or(u64::MAX));
        self.ring.drop_unneeded();
    }
}

fn judge(subscriber: &mut Subscriber, ring: &Ring, limits: &BusLimits, now: Millis) {
    let Some(newest) = ring.newest() else { return };
    let from = subscriber.counted_from();
    let frames = ring.next_id().saturating_sub(from);
    let after = Queue { frames, bytes: ring.bytes_from(from) };
    if frames > 0 {
        let before = Queue { frames: frames - 1, bytes: after.bytes - newest.size() };
        let stalled = subscriber.stalled_for(now, ring).is_some_and(|stalled| stalled >= limits.stall_grace);
        if let (true, Verdict::Evict(reason)) = (stalled, verdict(&before, newest.size(), subscriber, limits)) {
            let event_bytes = (reason == EvictionReason::QueueBytesOverflow).then(|| newest.size());
            let eviction = Eviction { reason, end: newest.id, event_bytes };
            return evict(subscriber, &eviction, &before, limits, now);
        }
    }
    warn(subscriber, &after, newest.id, limits, now);
}

/// B4.
fn verdict(before: &Queue, size: u64, subscriber: &Subscriber, limits: &BusLimits) -> Verdict {
    if before.frames >= subscriber.max_queued.get() {
        Verdict::Evict(EvictionReason::QueueOverflow)
    } else if before.frames > 0 && before.bytes + size > limits.max_queued_bytes {
        Verdict::Evict(EvictionReason::QueueBytesOverflow)
    } else {
        Verdict::Keep
    }
}

/// B6.
fn evict(subscriber: &mut Subscriber, eviction: &Eviction, queue: &Queue, limits: &BusLimits, now: Millis) {
    let Eviction { reason, end, event_bytes } = *eviction;
    let evicted = ClientEvicted {
        reason,
        dropped_after: end,
        queue_size: queue.frames,
        max_queued: subscriber.max_queued.get(),
        queued_bytes: queue.bytes,
        max_queued_bytes: limits.max_queued_bytes,
        event_bytes,
    };
    subscriber.evict(end, marker::frame(now, EventType::ClientEvicted, &evicted));
}

/// B7.
fn warn(subscriber: &mut Subscriber, queue: &Queue, newest_id: u64, limits: &BusLimits, now: Millis) {
    let caps = (subscriber.max_queued.get(), limits.max_queued_bytes);
    let is_high = |value: u64, cap: u64| value * 4 >= cap * 3;
    let is_low = |value: u64, cap: u64| value * 8 <= cap * 3;
    if subscriber.warned && is_low(queue.frames, caps.0) && is_low(queue.bytes, caps.1) {
        subscriber.warned = false;
    }
    let threshold = match (is_high(queue.frames, caps.0), is_high(queue.bytes, caps.1)) {
        (true, true) => Threshold::FramesAndBytes,
        (true, false) => Threshold::Frames,
        (false, true) => Threshold::Bytes,
        (false, false) => return,
    };
    if subscriber.warned {
        return;
    }
    subscriber.warned = true;
    let warning = SlowClientWarning {
        queue_size: queue.frames,
        max_queued: caps.0,
        last_event_id: newest_id,
        queued_bytes: queue.bytes,
        max_queued_bytes: caps.1,
        threshold,
    };
    subscriber.insert(newest_id + 1, marker::frame(now, EventType::SlowClientWarning, &warning));
}

/// The ring cannot hold what this subscriber still needs: its stream ends where it stands, and its next cursor gets a resync.
fn overrun(subscriber: &mut Subscriber, ring: &Ring, limits: &BusLimits, now: Millis) {
    if subscriber.is_live() {
        let from = subscriber.counted_from();
        let queue = Queue { frames: ring.next_id().saturating_sub(from), bytes: ring.bytes_from(from) };
        let eviction = Eviction { reason: EvictionReason::QueueOverflow, end: subscriber.next, event_bytes: None };
        evict(subscriber, &eviction, &queue, limits, now);
    } else {
        subscriber.skip_to_end();
    }
}
