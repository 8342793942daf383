//! Files that only their owner reads, replaced as a whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
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
    let draft = path.with_added_extension(uuid::Uuid::new_v4().to_string());
    replace_soon(&draft, text)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

/// Puts `text` at `path` in place of what is there: a reader sees the old file or the new one, also after a power cut. There is one writer at
/// a time.
pub(crate) fn replace(path: &Path, text: impl AsRef<[u8]>) -> io::Result<()> {
    replace_as(path, text, Permissions::from_mode(OWNER_ONLY_FILE))
}

/// The same for a file that has other readers.
pub(crate) fn replace_as(path: &Path, text: impl AsRef<[u8]>, permissions: Permissions) -> io::Result<()> {
    put(path, text.as_ref(), permissions)?;
    sync_name(path)
}

/// The same without waiting until the name is on disk, too: a power cut may bring the old file back. Returns the new one, open for reading and
/// writing.
pub(crate) fn replace_soon(path: &Path, text: impl AsRef<[u8]>) -> io::Result<File> {
    put(path, text.as_ref(), Permissions::from_mode(OWNER_ONLY_FILE))
}

/// Brings the name of a file to the disk.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn put(path: &Path, text: &[u8], permissions: Permissions) -> io::Result<File> {
    let fresh = path.with_added_extension("new");
    let written = || {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(OWNER_ONLY_FILE);
        let mut file = options.open(&fresh)?;
        file.set_permissions(permissions)?;
        file.write_all(text)?;
        file.sync_data()?;
        fs::rename(&fresh, path)?;
        Ok(file)
    };
    // Half a secret must not be left behind.
    written().inspect_err(|_| drop(fs::remove_file(&fresh)))
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
