//! When what was written to a connection is out of the daemon's hands.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::oneshot;

/// Somebody who waits until a response is with the kernel, to its last byte: an extension of the response. Who waits is told then, or let go
/// of: with the connection, when the patience ends, or at once where there is no connection.
#[derive(Clone, Debug)]
pub struct Awaited(Arc<Waiting>);

/// How long to wait for a response to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as there is a connection.
    ToTheEnd,
    /// As long as the peer takes what it is sent.
    WhileItFlows,
}

#[derive(Debug)]
struct Waiting {
    told: oneshot::Sender<()>,
    patience: Patience,
}

/// Those who wait until all that stands in a connection's buffers has been handed to the kernel.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Spares the lock on nearly every flush.
    is_awaited: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
enum Queue {
    Open(Vec<Waiting>),
    /// The connection is gone: nothing departs any more, and nobody is kept.
    Over,
}

impl Awaited {
    #[must_use]
    pub fn new(told: oneshot::Sender<()>, patience: Patience) -> Self {
        Self(Arc::new(Waiting { told, patience }))
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

impl Departures {
    /// Whoever it is is told at the next flush that comes to its end.
    pub(super) fn await_next(&self, awaited: Awaited) {
        if let (Some(waiting), Queue::Open(queue)) = (Arc::into_inner(awaited.0), &mut *self.queue()) {
            queue.push(waiting);
            self.is_awaited.store(true, Ordering::Release);
        }
    }

    /// Every buffer above the socket is empty now.
    pub(super) fn flushed(&self) {
        if !self.is_awaited.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Queue::Open(queue) = &mut *self.queue() {
            for waiting in queue.drain(..) {
                // It may not care any more.
                let _ = waiting.told.send(());
            }
        }
    }

    /// The peer has left no room for more.
    pub(super) fn stuck(&self) {
        if self.is_awaited.load(Ordering::Acquire)
            && let Queue::Open(queue) = &mut *self.queue()
        {
            queue.retain(|waiting| waiting.patience == Patience::ToTheEnd);
        }
    }

    pub(super) fn over(&self) {
        *self.queue() = Queue::Over;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flush_tells_everybody_who_waited_for_one_and_nobody_who_comes_later() {
        let departures = Departures::default();
        let ((first, told), (second, later)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(Awaited::new(first, Patience::ToTheEnd));
        departures.flushed();
        departures.await_next(Awaited::new(second, Patience::ToTheEnd));
        assert_eq!(told.await, Ok(()));
        assert!(!later.is_terminated() && departures.is_awaited.load(Ordering::Acquire));
        departures.flushed();
        assert_eq!(later.await, Ok(()));
    }

    #[tokio::test]
    async fn a_connection_that_is_gone_keeps_nobody_waiting() {
        let departures = Departures::default();
        let ((before, first), (after, second)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(Awaited::new(before, Patience::ToTheEnd));
        departures.over();
        departures.await_next(Awaited::new(after, Patience::ToTheEnd));
        assert!(first.await.is_err() && second.await.is_err());
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_waited_for_by_the_patient_alone() {
        let departures = Departures::default();
        let ((patient, flushed), (hasty, dropped)) = (oneshot::channel(), oneshot::channel());
        departures.await_next(Awaited::new(patient, Patience::ToTheEnd));
        departures.await_next(Awaited::new(hasty, Patience::WhileItFlows));
        departures.stuck();
        assert!(dropped.await.is_err());
        departures.flushed();
        assert_eq!(flushed.await, Ok(()));
    }
}
