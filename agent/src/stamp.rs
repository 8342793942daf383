//! Which version of a file was read: cheap to look at, so that files are read again only when they have changed.

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::SystemTime};

/// One version of a file. Files are replaced as a whole, so another version is another inode, or has another time or size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: SystemTime,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    /// None where there is no file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        Some(Self { modified: meta.modified().ok()?, bytes: meta.len(), inode: meta.ino() })
    }
}
