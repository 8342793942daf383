//! Reading files that ought to be there, and ought to be files. What else may lie under their names would hold up whoever opens it (a pipe
//! nobody writes to), or never end (a device, by a link).

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

/// A journal that is larger than this, in bytes, is damaged: it would take the daemon's memory, and all other sessions along.
const MAX_JOURNAL_BYTES: u64 = 1024 * 1024 * 1024;

/// The first `most` bytes.
///
/// # Errors
/// It cannot be read, or is no regular file.
pub(super) fn beginning(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of it.
///
/// # Errors
/// It cannot be read, is no regular file, or is larger than `most` bytes.
pub(super) fn whole(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let bytes = beginning(path, most + 1)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

/// Whether a journal can be opened and read without harm.
///
/// # Errors
/// There is none, or it cannot.
pub(super) fn check_journal(path: &Path) -> io::Result<()> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(no_file());
    }
    if meta.len() > MAX_JOURNAL_BYTES { Err(too_large(MAX_JOURNAL_BYTES)) } else { Ok(()) }
}

fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes"))
}
