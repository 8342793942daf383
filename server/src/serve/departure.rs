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
    Open(Vec<(oneshot::Sender<()>, Patience)>),
    /// The connection is gone: nothing departs any more, and nobody is kept.
    Over,
}

/// How long to wait for a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as there is a connection.
    ToTheEnd,
    /// As long as the peer takes what it is sent.
    WhileItFlows,
}

impl Default for Waiting {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

impl Departures {
    /// `told` is told at the next flush that comes to its end, or let go of: with the connection, or when its patience ends.
    pub(super) fn await_next(&self, told: oneshot::Sender<()>, patience: Patience) {
        if let Waiting::Open(waiting) = &mut *self.waiting() {
            waiting.push((told, patience));
            self.is_awaited.store(true, Ordering::Release);
        }
    }

    /// Every buffer above the socket is empty now.
    pub(super) fn flushed(&self) {
        if !self.is_awaited.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Waiting::Open(waiting) = &mut *self.waiting() {
            for (told, _) in waiting.drain(..) {
                // It may not care any more.
                let _ = told.send(());
            }
        }
    }

    /// The peer has left no room for more.
    pub(super) fn stuck(&self) {
        if self.is_awaited.load(Ordering::Acquire)
            && let Waiting::Open(waiting) = &mut *self.waiting()
        {
            waiting.retain(|(_, patience)| *patience == Patience::ToTheEnd);
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
        departures.await_next(first, Patience::ToTheEnd);
        departures.flushed();
        departures.await_next(second, Patience::ToTheEnd);
        assert_eq!(told.await, Ok(()));
        assert!(!later.is_terminated() && departures.is_awaited.load(Ordering::Acquire));
        departures.flushed();
        assert_eq!(later.await, Ok(()));
    }

    #[tokio::test]
    async fn a_connection_that_is_gone_keeps_nobody_waiting() {
        let departures = Departures::default();
        let ((before, first), (after, second)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(before, Patience::ToTheEnd);
        departures.over();
        departures.await_next(after, Patience::ToTheEnd);
        assert!(first.await.is_err() && second.await.is_err());
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_waited_for_by_the_patient_alone() {
        let departures = Departures::default();
        let ((patient, flushed), (hasty, dropped)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(patient, Patience::ToTheEnd);
        departures.await_next(hasty, Patience::WhileItFlows);
        departures.stuck();
        assert!(dropped.await.is_err());
        departures.flushed();
        assert_eq!(flushed.await, Ok(()));
    }
}
