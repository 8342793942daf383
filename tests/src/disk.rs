//! What a disk would hold if the power went: the bytes and the names that a program has synced, and nothing else.
//!
//! The program is traced. At each of its calls of `fsync` and `fdatasync` what the file or the folder holds at that moment is noted, and
//! counts from when the call returns. Each such call is held up, so that a program that tells of something before it is on disk tells of
//! it far too early.

mod tracer;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a sync is held up.
const HELD_UP: Duration = Duration::from_millis(4);

/// The disk below one folder. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<History>>);

#[derive(Debug, Default)]
struct History {
    /// The folder.
    root: u64,
    /// In the order in which it got to the disk.
    synced: Vec<Synced>,
    /// Nothing gets to the disk, and whoever syncs is told so.
    fails: bool,
}

/// One file or folder, from this moment on.
#[derive(Debug)]
struct Synced {
    since: Instant,
    inode: u64,
    holds: Contents,
}

#[derive(Clone, Debug)]
enum Contents {
    File(Vec<u8>),
    Folder(BTreeMap<OsString, Entry>),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    inode: u64,
    is_folder: bool,
}

impl Disk {
    /// Begins with what is there now, and follows the program with this process id until it ends.
    ///
    /// # Errors
    /// The kernel does not let this process trace that one, or the folder cannot be read.
    pub fn watch(&self, process: i32, folder: &Path) -> io::Result<()> {
        {
            let mut history = self.history();
            history.root = fs::metadata(folder)?.ino();
            note_all(folder, &mut history.synced)?;
        }
        tracer::follow(process, folder.to_owned(), self.clone())
    }

    /// From now on every sync fails, or none does. What could not be brought to the disk is forgotten, as by a system that wants its memory
    /// back: who reads the file sees what it held before, and zeros where it has grown.
    #[cfg(target_arch = "x86_64")]
    pub fn set_failing(&self, fails: bool) {
        self.history().fails = fails;
    }

    /// How many files and folders were synced so far.
    #[must_use]
    pub fn syncs(&self) -> usize {
        self.history().synced.len()
    }

    /// Puts into `folder` what the disk held at this moment. A file whose name was synced and whose bytes were not is empty.
    ///
    /// # Errors
    /// The folder cannot be emptied or written.
    pub fn restore(&self, at: Instant, folder: &Path) -> io::Result<()> {
        fs::remove_dir_all(folder)?;
        let history = self.history();
        let held = history.synced.iter().filter(|synced| synced.since <= at);
        let held: BTreeMap<u64, &Contents> = held.map(|synced| (synced.inode, &synced.holds)).collect();
        write_folder(&held, history.root, folder)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes from a file what could not be synced. False when syncs do not fail.
    fn forget(&self, inode: u64, file: &Path) -> bool {
        let history = self.history();
        if history.fails {
            let held = history.synced.iter().rev().find(|synced| synced.inode == inode);
            let held = held.and_then(|synced| match &synced.holds {
                Contents::File(bytes) => Some(bytes.as_slice()),
                Contents::Folder(_) => None,
            });
            // What is left of it is found by whoever looks at the file.
            let _ = overwrite(file, held.unwrap_or_default());
        }
        history.fails
    }

    /// This got to the disk just now.
    fn note(&self, inode: u64, holds: Contents) {
        self.history().synced.push(Synced { since: Instant::now(), inode, holds });
    }
}

impl Contents {
    /// What is behind a path now, with its inode. None for what is neither file nor folder.
    fn read(path: &Path) -> io::Result<Option<(u64, Self)>> {
        let stat = fs::metadata(path)?;
        let holds = if stat.is_dir() {
            Self::Folder(entries(path)?)
        } else if stat.is_file() {
            Self::File(fs::read(path)?)
        } else {
            return Ok(None);
        };
        Ok(Some((stat.ino(), holds)))
    }
}

fn entries(folder: &Path) -> io::Result<BTreeMap<OsString, Entry>> {
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // It may just have been renamed.
        let Ok(stat) = entry.metadata() else { continue };
        entries.insert(entry.file_name(), Entry { inode: stat.ino(), is_folder: stat.is_dir() });
    }
    Ok(entries)
}

fn note_all(path: &Path, synced: &mut Vec<Synced>) -> io::Result<()> {
    let Some((inode, holds)) = Contents::read(path)? else { return Ok(()) };
    if let Contents::Folder(entries) = &holds {
        for name in entries.keys() {
            note_all(&path.join(name), synced)?;
        }
    }
    synced.push(Synced { since: Instant::now(), inode, holds });
    Ok(())
}

fn write_folder(held: &BTreeMap<u64, &Contents>, inode: u64, folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    let Some(Contents::Folder(entries)) = held.get(&inode) else { return Ok(()) };
    for (name, entry) in entries {
        let path = folder.join(name);
        match held.get(&entry.inode) {
            _ if entry.is_folder => write_folder(held, entry.inode, &path)?,
            Some(Contents::File(bytes)) => fs::write(path, bytes)?,
            Some(Contents::Folder(_)) | None => fs::write(path, "")?,
        }
    }
    Ok(())
}

/// Writes into a file that somebody may have open, and leaves its length as it is.
fn overwrite(file: &Path, held: &[u8]) -> io::Result<()> {
    let length = usize::try_from(fs::metadata(file)?.len()).map_err(io::Error::other)?;
    let mut bytes = held.to_vec();
    bytes.resize(length, 0);
    fs::OpenOptions::new().write(true).open(file)?.write_all(&bytes)
}
