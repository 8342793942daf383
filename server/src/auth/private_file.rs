//! Files that only their owner reads, replaced as a whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

const OWNER_ONLY_DIR: u32 = 0o700;
const OWNER_ONLY_FILE: u32 = 0o600;
/// How long to wait for somebody who only reads and replaces one small file. Whoever holds a lock for longer has been stopped.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time between two attempts to lock.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Makes `path` a directory that only its owner can enter, whatever its mode was before.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(OWNER_ONLY_DIR).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => return other,
    }
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY_DIR))?;
    }
    Ok(())
}

/// Reads a file. If others could read it, its mode is corrected first.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY_FILE))?;
    }
    fs::read_to_string(path)
}

/// Puts `text` at `path` unless something is there already (`AlreadyExists`). Never seen half written.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    let draft = write_draft(path, text)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

/// Puts `text` at `path` in place of what is there. Never seen half written.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = write_draft(path, text)?;
    fs::rename(&draft, path).inspect_err(|_| drop(fs::remove_file(&draft)))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

/// A lock that the other processes on the same home honour, held until dropped; `TimedOut` when somebody does not give it back.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    locked(open_lock(path)?, PATIENCE)
}

/// As [`lock`], with a patience of one's own. Makes the lock's folder.
pub(crate) fn lock_within(path: &Path, patience: Duration) -> io::Result<File> {
    path.parent().map_or(Ok(()), make_dir)?;
    locked(open_lock(path)?, patience)
}

fn locked(file: File, patience: Duration) -> io::Result<File> {
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

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(OWNER_ONLY_FILE).open(path)
}

fn write_draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    let draft = path.with_extension(format!("{}.draft", uuid::Uuid::new_v4()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY_FILE).open(&draft)?;
    // Half a secret must not be left behind.
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(&draft)))?;
    Ok(draft)
}
