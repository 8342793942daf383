//! What has happened since the daemon started, counted.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use roost_core::{EventType, session::Waits};

/// Counts of what sessions went through. Cheap to clone; all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sessions_begun: AtomicU64,
    sessions_ended: AtomicU64,
    sessions_died: AtomicU64,
    turns_completed: AtomicU64,
    turns_failed: AtomicU64,
    permissions_asked: AtomicU64,
    events: AtomicU64,
    /// Of the sessions that have ended.
    waits: Mutex<Waits>,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Made and brought back.
    pub sessions_begun: u64,
    /// However they ended.
    pub sessions_ended: u64,
    /// Of those, the ones that lost their agent or were ended by the daemon.
    pub sessions_died: u64,
    pub turns_completed: u64,
    pub turns_failed: u64,
    pub permissions_asked: u64,
    /// Published on the sessions' streams.
    pub events: u64,
}

impl Tally {
    pub(crate) fn session_begun(&self) {
        add(&self.0.sessions_begun);
    }

    /// `waits` are those of its prompts.
    pub(crate) fn session_ended(&self, waits: Waits) {
        add(&self.0.sessions_ended);
        let mut all = self.0.waits.lock().unwrap_or_else(PoisonError::into_inner);
        *all = all.with(waits);
    }

    /// How long prompts of sessions that have ended waited for their turn.
    #[must_use]
    pub fn waits(&self) -> Waits {
        *self.0.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn published(&self, kind: &EventType) {
        add(&self.0.events);
        if matches!(kind, EventType::TurnComplete) {
            add(&self.0.turns_completed);
        } else if matches!(kind, EventType::TurnError) {
            add(&self.0.turns_failed);
        } else if matches!(kind, EventType::PermissionRequest) {
            add(&self.0.permissions_asked);
        } else if matches!(kind, EventType::SessionDied) {
            add(&self.0.sessions_died);
        }
    }

    #[must_use]
    pub fn read(&self) -> Tallied {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &*self.0;
        Tallied {
            sessions_begun: read(&counts.sessions_begun),
            sessions_ended: read(&counts.sessions_ended),
            sessions_died: read(&counts.sessions_died),
            turns_completed: read(&counts.turns_completed),
            turns_failed: read(&counts.turns_failed),
            permissions_asked: read(&counts.permissions_asked),
            events: read(&counts.events),
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
