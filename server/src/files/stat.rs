//! What a path is: its kind, size and time.

use rustix::fs::{FileType, Stat};
use serde::Serialize;

use super::{Refusal, WorkspaceFiles, WorkspacePath};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    File,
    Directory,
    Symlink,
    /// A FIFO, socket or device. It is never opened.
    Other,
}

/// The answer of `GET /stat`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "stat")]
pub struct StatAnswer {
    path: String,
    #[serde(rename = "type")]
    kind: EntryKind,
    size_bytes: u64,
    modified_ms: f64,
}

impl WorkspaceFiles {
    /// # Errors
    /// What any path may meet.
    pub fn stat(&self, path: &WorkspacePath) -> Result<StatAnswer, Refusal> {
        let (stat, found) = self.root.look(path)?;
        Ok(StatAnswer {
            path: found.shown(),
            kind: FileType::from_raw_mode(stat.st_mode).into(),
            size_bytes: size_of(&stat),
            modified_ms: stat.st_mtime as f64 * 1e3 + stat.st_mtime_nsec as f64 / 1e6,
        })
    }
}

/// In bytes.
pub(super) fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

impl From<FileType> for EntryKind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            _ => Self::Other,
        }
    }
}
