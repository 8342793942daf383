//! Reading the small files that a project brings along. What looks like one may be a link to a device that never ends, or a pipe that
//! nobody writes to: either would take the whole process along.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The first `most` bytes of a regular file.
///
/// # Errors
/// It cannot be read, or is something else.
pub(crate) fn beginning(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Without NONBLOCK a pipe would hold the open until somebody writes.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A whole file, which is UTF-8.
///
/// # Errors
/// It cannot be read, is something else, or is larger than `most` bytes.
pub(crate) fn text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = beginning(path, most + 1)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {most} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
