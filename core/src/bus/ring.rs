//! The newest events, by id.

use std::collections::VecDeque;

use super::{BusLimits, Frame, MaxQueued};

/// The newest events, at most `size` of them and at most `max_bytes`; the newest one always. While a cursor still needs older ones they stay
/// a little longer (see [`Ring::is_overfull`]), out of reach for new cursors: a subscriber that replays a full ring must not lose it to
/// the next publish.
#[derive(Debug)]
pub(super) struct Ring {
    size: usize,
    max_bytes: u64,
    slots: VecDeque<Slot>,
    next_id: u64,
    /// The oldest id within both bounds.
    earliest: u64,
    /// Bytes of JSON ever pushed.
    total_bytes: u64,
    /// No cursor is below this id; the lowest one is exactly on it, unless `floor_is_stale`.
    floor: u64,
    /// The lowest cursor has moved on since `floor` was set.
    floor_is_stale: bool,
}

#[derive(Debug)]
struct Slot {
    frame: Frame,
    /// Bytes of JSON pushed before this one.
    offset: u64,
}

impl Ring {
    pub(super) fn new(limits: &BusLimits) -> Self {
        Self {
            size: limits.ring_size(),
            max_bytes: limits.ring_bytes,
            slots: VecDeque::new(),
            next_id: 1,
            earliest: 1,
            total_bytes: 0,
            floor: u64::MAX,
            floor_is_stale: false,
        }
    }

    /// Begins anew, with this id as the next.
    pub(super) fn begin_at(&mut self, id: u64) {
        self.slots.clear();
        (self.next_id, self.earliest) = (id, id);
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    pub(super) fn size(&self) -> u64 {
        self.size as u64
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    pub(super) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// The oldest id a new cursor can reach.
    pub(super) fn earliest(&self) -> u64 {
        self.earliest
    }

    /// The oldest id held.
    pub(super) fn first(&self) -> u64 {
        self.next_id - self.slots.len() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn newest(&self) -> Option<&Frame> {
        self.slots.back().map(|slot| &slot.frame)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Frame> {
        self.slot(id).map(|slot| &slot.frame)
    }

    pub(super) fn frames_from(&self, id: u64) -> impl ExactSizeIterator<Item = &Frame> {
        let skipped = id.clamp(self.first(), self.next_id) - self.first();
        #[expect(clippy::cast_possible_truncation, reason = "no more than there are slots")]
        let skipped = skipped as usize;
        self.slots.range(skipped..).map(|slot| &slot.frame)
    }

    /// Bytes of JSON from `id` up to and with the newest.
    pub(super) fn bytes_from(&self, id: u64) -> u64 {
        self.total_bytes - self.offset(id)
    }

    /// Bytes of JSON before `id`.
    pub(super) fn offset(&self, id: u64) -> u64 {
        self.slot(id.max(self.first())).map_or(self.total_bytes, |slot| slot.offset)
    }

    pub(super) fn push(&mut self, frame: Frame) {
        let offset = self.total_bytes;
        self.total_bytes += frame.size();
        self.next_id = frame.id + 1;
        self.slots.push_back(Slot { frame, offset });
        while self.next_id - self.earliest > self.size as u64
            || (self.next_id - self.earliest > 1 && self.bytes_from(self.earliest) > self.max_bytes)
        {
            self.earliest += 1;
        }
    }

    /// A cursor starts at `id`.
    pub(super) fn cursor_starts(&mut self, id: u64) {
        self.floor = self.floor.min(id);
    }

    /// The cursor at `id` moves on or goes away.
    pub(super) fn cursor_moves(&mut self, id: u64) {
        self.floor_is_stale |= id <= self.floor;
    }

    pub(super) fn needs_floor(&self) -> bool {
        self.first() < self.earliest && self.floor_is_stale && self.first() >= self.floor
    }

    pub(super) fn set_floor(&mut self, floor: u64) {
        self.floor = floor;
        self.floor_is_stale = false;
    }

    /// Drops what is beyond the bounds and below every cursor.
    pub(super) fn drop_unneeded(&mut self) {
        while self.first() < self.earliest.min(self.floor) {
            self.slots.pop_front();
        }
    }

    /// Whether cursors keep so much that it has to end: a ring full for a replay, and another for what happens meanwhile. Whatever the size of
    /// the oldest event and of the newest, they alone are not too much.
    pub(super) fn is_overfull(&self) -> bool {
        // Never below what B4 lets wait for one subscriber.
        let slack = self.size.max(usize::from(MaxQueued::MAX) + 1);
        let (second, newest) = (self.first() + 1, self.next_id - 1);
        let bytes = self.offset(newest).saturating_sub(self.offset(second));
        self.slots.len() > self.size + slack || bytes > 2 * self.max_bytes
    }

    fn slot(&self, id: u64) -> Option<&Slot> {
        let index = id.checked_sub(self.first())?;
        self.slots.get(usize::try_from(index).ok()?)
    }
}
