//! What waits to be written to one stream of a connection.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use roost_core::acp_bridge::Frame;
use tokio::sync::Notify;

/// Frames that wait at a time.
pub(super) const MAX_FRAMES: usize = 256;

/// A bounded queue of frames, with at most one reader. While nobody reads, the oldest frame makes room for the newest; while somebody
/// does, whoever brings a frame waits for room.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    /// The newest reader's number; 0 before the first.
    reader: u64,
    is_read: bool,
}

/// The right to read an outbox until somebody else takes it.
#[derive(Debug)]
pub(super) struct Reader {
    outbox: Arc<Outbox>,
    number: u64,
}

impl Outbox {
    /// A new reader; the one before reads no more.
    pub(super) fn reader(self: &Arc<Self>) -> Reader {
        let number = {
            let mut queue = self.queue();
            queue.reader += 1;
            queue.is_read = true;
            queue.reader
        };
        self.changed.notify_waiters();
        Reader { outbox: Arc::clone(self), number }
    }

    pub(super) fn is_read(&self) -> bool {
        self.queue().is_read
    }

    pub(super) async fn push(&self, frame: Frame) {
        loop {
            // Made before looking, so that no change in between is missed.
            let changed = self.changed.notified();
            if self.has_room() {
                break;
            }
            changed.await;
        }
        self.queue().frames.push_back(frame);
        self.changed.notify_waiters();
    }

    fn has_room(&self) -> bool {
        let mut queue = self.queue();
        let is_full = queue.frames.len() >= MAX_FRAMES;
        if is_full && !queue.is_read {
            queue.frames.pop_front();
            return true;
        }
        !is_full
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Everything that waits, at least one frame; waits for it. `None` once another reader has come.
    pub(super) async fn next(&self) -> Option<Vec<Frame>> {
        loop {
            let changed = self.outbox.changed.notified();
            {
                let mut queue = self.outbox.queue();
                if queue.reader != self.number {
                    return None;
                }
                if !queue.frames.is_empty() {
                    let frames = queue.frames.drain(..).collect();
                    drop(queue);
                    self.outbox.changed.notify_waiters();
                    return Some(frames);
                }
            }
            changed.await;
        }
    }

    /// What waits now.
    pub(super) fn rest(&self) -> Vec<Frame> {
        let mut queue = self.outbox.queue();
        if queue.reader == self.number { queue.frames.drain(..).collect() } else { Vec::new() }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut queue = self.outbox.queue();
        if queue.reader == self.number {
            queue.is_read = false;
        }
        drop(queue);
        self.outbox.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: usize) -> Frame {
        Frame::plain(&n)
    }

    #[tokio::test]
    async fn while_nobody_reads_the_newest_frames_are_kept() {
        let outbox = Arc::new(Outbox::default());
        for n in 0..MAX_FRAMES + 3 {
            outbox.push(frame(n)).await;
        }
        let kept = outbox.reader().next().await.expect("frames wait");
        assert_eq!((kept.len(), kept.first()), (MAX_FRAMES, Some(&frame(3))));
    }

    #[tokio::test]
    async fn while_somebody_reads_nothing_is_dropped() {
        let outbox = Arc::new(Outbox::default());
        let reader = outbox.reader();
        let writer = tokio::spawn({
            let outbox = Arc::clone(&outbox);
            async move {
                for n in 0..4 * MAX_FRAMES {
                    outbox.push(frame(n)).await;
                }
            }
        });
        let mut read = Vec::new();
        while read.len() < 4 * MAX_FRAMES {
            read.extend(reader.next().await.expect("frames come"));
        }
        writer.await.expect("the writer is done");
        assert_eq!(read, (0..4 * MAX_FRAMES).map(frame).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_new_reader_ends_the_one_before_and_takes_what_waits() {
        let outbox = Arc::new(Outbox::default());
        let first = outbox.reader();
        let second = outbox.reader();
        outbox.push(frame(1)).await;
        assert_eq!(first.next().await, None);
        drop(first);
        assert!(outbox.is_read());
        assert_eq!(second.next().await, Some(vec![frame(1)]));
        drop(second);
        assert!(!outbox.is_read());
    }
}
