//! When what was written to a connection is out of the daemon's hands.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::oneshot;

/// Those who wait until all that stands in a connection's buffers has been handed to the kernel.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Spares the lock on nearly every flush.
    is_awaited: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
enum Waiting {
    Open(Vec<oneshot::Sender<()>>),
    /// The connection is gone: nothing departs any more, and nobody is kept.
    Over,
}

impl Default for Waiting {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

impl Departures {
    /// `told` is told at the next flush that comes to its end, or let go of with the connection.
    pub(super) fn await_next(&self, told: oneshot::Sender<()>) {
        if let Waiting::Open(waiting) = &mut *self.waiting() {
            waiting.push(told);
            self.is_awaited.store(true, Ordering::Release);
        }
    }

    /// Every buffer above the socket is empty now.
    pub(super) fn flushed(&self) {
        if !self.is_awaited.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Waiting::Open(waiting) = &mut *self.waiting() {
            for told in waiting.drain(..) {
                // It may not care any more.
                let _ = told.send(());
            }
        }
    }

    pub(super) fn over(&self) {
        *self.waiting() = Waiting::Over;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flush_tells_everybody_who_waited_for_one_and_nobody_who_comes_later() {
        let departures = Departures::default();
        let ((first, told), (second, later)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(first);
        departures.flushed();
        departures.await_next(second);
        assert_eq!(told.await, Ok(()));
        assert!(!later.is_terminated() && departures.is_awaited.load(Ordering::Acquire));
        departures.flushed();
        assert_eq!(later.await, Ok(()));
    }

    #[tokio::test]
    async fn a_connection_that_is_gone_keeps_nobody_waiting() {
        let departures = Departures::default();
        let ((before, first), (after, second)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(before);
        departures.over();
        departures.await_next(after);
        assert!(first.await.is_err() && second.await.is_err());
    }
}
