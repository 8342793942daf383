//! One daemon at a time writes to a session's record. Two that serve the same folder from the same home would overwrite each other's lines
//! and settle each other's prompts.
//!
//! Whoever has a session open, or moves its files, holds a lock (`flock`) on `lock` beside its journal. The kernel gives it back for a
//! process that is gone.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use roost_core::SessionId;

use super::{Project, Shelf};

/// Nobody else writes to a session's record, until this is dropped.
#[derive(Debug)]
pub struct Hold(Vec<File>);

/// Why a session's record cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    #[error("Another daemon of this home has the session open. Close it there first.")]
    Elsewhere,
    #[error(transparent)]
    Disk(#[from] io::Error),
}

impl Hold {
    const FILE: &'static str = "lock";

    /// Of the session in this directory.
    ///
    /// # Errors
    /// Somebody else has it, or the directory cannot be written to.
    pub(super) fn take(dir: &Path) -> Result<Self, HoldError> {
        Ok(Self(vec![lock(dir)?]))
    }
}

impl Project {
    /// Has nobody else write to a session wherever its record lies. Of a session without a record of the daemon's there is nothing to hold.
    ///
    /// # Errors
    /// Somebody else has it, or the disk refuses.
    pub fn hold(&self, id: &SessionId) -> Result<Hold, HoldError> {
        let dirs = [Shelf::Active, Shelf::Archive].map(|shelf| self.dir_of(shelf, id));
        let mut hold = Hold(Vec::new());
        for dir in dirs.iter().filter(|dir| dir.is_dir()) {
            hold.0.push(lock(dir)?);
        }
        Ok(hold)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Closing is not enough: a program that is just being started has the file open as well, for a moment.
        for file in &self.0 {
            // The system gives it back at the latest when the file is closed.
            let _ = file.unlock();
        }
    }
}

fn lock(dir: &Path) -> Result<File, HoldError> {
    let file = OpenOptions::new().create(true).append(true).open(dir.join(Hold::FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HoldError::Elsewhere),
        // Some file systems have no locks; there it is the user who keeps daemons apart.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
