//! What a bus published in an earlier life.

use super::{BusLimits, Frame, ring::Ring};

/// The events of a journal, read from its beginning: the newest of them, as many as the ring keeps.
#[derive(Debug)]
pub struct Tail {
    pub(super) limits: BusLimits,
    ring: Ring,
    /// Lines since the last event that may have been events, too.
    unreadable: u64,
}

impl Tail {
    /// Nothing was published yet.
    #[must_use]
    pub fn new(limits: BusLimits) -> Self {
        let ring = Ring::new(&limits);
        Self { limits, ring, unreadable: 0 }
    }

    /// The next event. After a gap only what follows it can be replayed; a number that was there before is not looked at.
    pub fn push(&mut self, frame: Frame) {
        if frame.id < self.ring.next_id() {
            return;
        }
        if frame.id > self.ring.next_id() || self.unreadable > 0 {
            self.ring.begin_at(frame.id);
        }
        self.unreadable = 0;
        self.ring.push(frame);
        self.ring.drop_unneeded();
    }

    /// Ids below this one were given, whether or not their events are here.
    pub fn skip_to(&mut self, id: u64) {
        if id > self.ring.next_id() {
            self.ring.begin_at(id);
        }
    }

    /// A line that may have been an event.
    pub fn skip_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// The ring that goes on from here.
    pub(super) fn into_ring(mut self) -> Ring {
        if self.unreadable > 0 {
            self.ring.begin_at(self.ring.next_id() + self.unreadable);
        }
        self.ring
    }
}
