//! What a bus published in an earlier life.

use super::{BusLimits, Frame, ring::Ring};

/// The events of a journal, read from its beginning: the newest of them, as many as the ring keeps.
#[derive(Debug)]
pub struct Tail {
    pub(super) limits: BusLimits,
    pub(super) ring: Ring,
}

impl Tail {
    /// Nothing was published yet.
    #[must_use]
    pub fn new(limits: BusLimits) -> Self {
        let ring = Ring::new(&limits);
        Self { limits, ring }
    }

    /// The next event. After a gap only what follows it can be replayed; a number that was there before is not looked at.
    pub fn push(&mut self, frame: Frame) {
        if frame.id < self.ring.next_id() {
            return;
        }
        self.ring.skip_to(frame.id);
        self.ring.push(frame);
        self.ring.drop_unneeded();
    }

    /// Ids below this one were given, whether or not their events are here.
    pub fn skip_to(&mut self, id: u64) {
        if id > self.ring.next_id() {
            self.ring.skip_to(id);
        }
    }

    /// The id the next event of this session gets.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.ring.next_id()
    }
}
