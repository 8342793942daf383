//! One reader of the bus: a cursor into the ring, and the few frames that are for it alone.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{MaxQueued, ring::Ring};
use crate::Millis;

#[derive(Debug)]
pub(super) struct Subscriber {
    /// The next id to hand out.
    pub(super) next: u64,
    /// Ids below were there before it subscribed: replay, which no cap counts (B5).
    pub(super) live_from: u64,
    pub(super) max_queued: MaxQueued,
    pub(super) reader: Reader,
    /// `slow_client_warning` was sent and not yet re-armed (B7).
    pub(super) warned: bool,
    /// Frames for this subscriber only, each handed out before the ring's event with that id; ascending.
    inserts: VecDeque<(u64, Bytes)>,
    /// Set by eviction: the first id it will not get.
    end: Option<u64>,
}

/// What the reader of a subscriber is doing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reader {
    /// Its last take found nothing; the event `at` is handed over without accounting (B4).
    Waiting { at: u64 },
    /// It is writing what it took at `since`.
    Busy { since: Millis },
}

impl Subscriber {
    pub(super) fn new(now: Millis, next: u64, live_from: u64, max_queued: MaxQueued) -> Self {
        let reader = Reader::Busy { since: now };
        Self { next, live_from, max_queued, reader, warned: false, inserts: VecDeque::new(), end: None }
    }

    pub(super) fn is_live(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it needs nothing of the ring any more.
    pub(super) fn is_drained(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    /// Puts a frame of its own before the event `id`.
    pub(super) fn insert(&mut self, id: u64, frame: Bytes) {
        self.inserts.push_back((id, frame));
    }

    /// Ends the stream before `end`, with `farewell` as its last frame (B6).
    pub(super) fn evict(&mut self, end: u64, farewell: Bytes) {
        self.inserts.retain(|(id, _)| *id <= end);
        self.insert(end, farewell);
        self.end = Some(end);
    }

    /// Gives up what the ring no longer holds; only for an evicted subscriber.
    pub(super) fn skip_to_end(&mut self) {
        self.next = self.end.unwrap_or(self.next);
    }

    /// The first id that counts against its caps.
    pub(super) fn counted_from(&self) -> u64 {
        let handed_over = match self.reader {
            Reader::Waiting { at } => at + 1,
            Reader::Busy { .. } => 0,
        };
        self.next.max(self.live_from).max(handed_over)
    }

    /// How long the reader has had something to do without coming back for more; `None` while it waits for the next event.
    pub(super) fn stalled_for(&self, now: Millis, ring: &Ring) -> Option<Millis> {
        match self.reader {
            Reader::Busy { since } => Some(now.since(since)),
            Reader::Waiting { at } => ring.get(at).map(|handed_over| now.since(handed_over.at)),
        }
    }

    /// What is due before the event `until`, in order, up to `max_bytes` and one frame over.
    pub(super) fn collect(&mut self, ring: &Ring, until: u64, max_bytes: usize) -> Vec<Bytes> {
        let mut frames = Vec::new();
        let mut bytes = 0;
        while bytes < max_bytes || frames.is_empty() {
            let Some(frame) = self.pop(ring, until) else { break };
            bytes += frame.len();
            frames.push(frame);
        }
        frames
    }

    fn pop(&mut self, ring: &Ring, until: u64) -> Option<Bytes> {
        if self.inserts.front().is_some_and(|(id, _)| *id <= self.next) {
            return self.inserts.pop_front().map(|(_, frame)| frame);
        }
        if self.is_drained() || self.next >= until {
            return None;
        }
        let frame = ring.get(self.next)?;
        self.next += 1;
        Some(frame.sse())
    }
}
