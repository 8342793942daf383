//! Locks for changing the files of `QWEN_HOME`, which the daemon and the agents of other folders change too ([`roost_core::home`]).

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Time between two attempts to lock.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Holds the lock at `path` until dropped, or gives up after `patience` (`TimedOut`). Blocks.
pub(crate) fn within(path: &Path, patience: Duration) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        folder.parent().map_or(Ok(()), fs::create_dir_all)?;
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let asked_at = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if asked_at.elapsed() < patience => thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_the_next_one_waits_and_gives_up() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("new").join("roost").join("x.lock");
        let held = within(&path, Duration::ZERO).expect("free");
        let refused = within(&path, Duration::from_millis(20)).expect_err("held");
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        drop(held);
        within(&path, Duration::ZERO).expect("free again");
    }
}
