//! What the sessions of all workspaces share.

use std::{
    collections::HashSet,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use roost_core::SessionId;

use super::{Directory, Sessions};
use crate::{Config, archive::Locks, events::OpenStreams, tally::Tally};

/// Locks, streams and the cap that hold for the whole daemon. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DaemonWide {
    locks: Locks,
    open_streams: OpenStreams,
    tally: Tally,
    max_total: Option<NonZeroUsize>,
    directories: Arc<Mutex<Vec<Weak<Directory>>>>,
    /// Names of sessions that are being made.
    claimed: Arc<Mutex<HashSet<SessionId>>>,
}

/// A name that nobody else can give a session until this is dropped.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    wide: &'a DaemonWide,
    id: &'a SessionId,
}

/// A turn at taking a place: nobody else takes one meanwhile, in any workspace.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    directories: MutexGuard<'a, Vec<Weak<Directory>>>,
    max_total: Option<NonZeroUsize>,
}

impl DaemonWide {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            locks: Locks::default(),
            open_streams: OpenStreams::default(),
            tally: Tally::default(),
            max_total: config.max_total_sessions(),
            directories: Arc::default(),
            claimed: Arc::default(),
        }
    }

    #[must_use]
    pub fn locks(&self) -> &Locks {
        &self.locks
    }

    #[must_use]
    pub fn open_streams(&self) -> &OpenStreams {
        &self.open_streams
    }

    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn enrol(&self, sessions: &Sessions) {
        let mut turn = self.turn();
        turn.directories.retain(|directory| directory.strong_count() > 0);
        turn.directories.push(Arc::downgrade(&sessions.0));
    }

    /// The sessions of all other workspaces.
    pub(super) fn others(&self, one: &Sessions) -> Vec<Sessions> {
        let others = self.turn().directories.iter().filter_map(Weak::upgrade).collect::<Vec<_>>();
        others.into_iter().filter(|other| !Arc::ptr_eq(other, &one.0)).map(Sessions).collect()
    }

    /// The name for a session to be, unless somebody is just making one of that name.
    pub(super) fn claim<'a>(&'a self, id: &'a SessionId) -> Option<Claim<'a>> {
        let is_free = self.claimed().insert(id.clone());
        is_free.then(|| Claim { wide: self, id })
    }

    fn claimed(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Taken before the table of any directory is.
    pub(super) fn turn(&self) -> Turn<'_> {
        let directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        Turn { directories, max_total: self.max_total }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.wide.claimed().remove(self.id);
    }
}

impl Turn<'_> {
    /// How many places are left for one directory, as far as the whole daemon is concerned, and the cap. `None` is no cap.
    pub(super) fn places_for(&self, one: &Sessions) -> Option<(usize, NonZeroUsize)> {
        let max = self.max_total?;
        let others = self.directories.iter().filter_map(Weak::upgrade).filter(|other| !Arc::ptr_eq(other, &one.0));
        let taken: usize = others.map(|other| Sessions(other).table().taken()).sum();
        Some((max.get().saturating_sub(taken), max))
    }
}
