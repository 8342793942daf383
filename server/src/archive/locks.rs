//! The archive lock as handlers hold it: given back when dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roost_core::{
    SessionId,
    archive_lock::{ArchiveLock, InTransition},
};

/// Who holds which session. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Locks(Arc<Mutex<ArchiveLock>>);

/// Somebody works on a session; its files stay where they are.
#[derive(Debug)]
pub struct Share {
    locks: Locks,
    id: SessionId,
}

/// Sessions whose files may be moved.
#[derive(Debug)]
pub struct Claim {
    locks: Locks,
    ids: Vec<SessionId>,
}

impl Locks {
    /// # Errors
    /// The session is claimed.
    pub fn share(&self, id: &SessionId) -> Result<Share, InTransition> {
        self.lock().share(id)?;
        Ok(Share { locks: self.clone(), id: id.clone() })
    }

    /// All of them or none.
    ///
    /// # Errors
    /// One of them is held.
    pub fn claim(&self, ids: Vec<SessionId>) -> Result<Claim, InTransition> {
        self.lock().claim(&ids)?;
        Ok(Claim { locks: self.clone(), ids })
    }

    fn lock(&self) -> MutexGuard<'_, ArchiveLock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.locks.lock().release_share(&self.id);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.locks.lock().release_claim(&self.ids);
    }
}
