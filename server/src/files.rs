//! The files of a workspace: read, listed, searched and written, never outside of it.
//!
//! Every operation blocks, so handlers run it on a blocking thread. Nothing here keeps a path that was checked and opens it
//! later: whatever is read or changed is reached through a descriptor that [`Root`] resolved beneath the workspace.

mod bytes;
mod context_file;
mod cursor;
mod edit;
mod glob;
mod hash;
mod ignore_rules;
mod kept;
mod list;
mod look;
mod path;
mod read;
mod refusal;
mod replacement;
mod root;
mod stat;
mod text;
mod upload;
mod window;
mod write;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::{
    bytes::{BytesRead, BytesWish},
    context_file::{BeginError, Begun},
    cursor::{InvalidCursor, ReadCursor},
    edit::{EditWish, Edited},
    glob::{GlobWish, Globbed, MAX_MATCHES},
    hash::{Hash, InvalidHash},
    ignore_rules::Matched,
    list::Listing,
    path::WorkspacePath,
    read::{FileRead, ReadWish, Start},
    refusal::Refusal,
    root::Root,
    stat::{EntryKind, StatAnswer},
    text::{Encoding, LineEnding},
    upload::{Upload, Uploaded},
    write::{Mode, WriteWish, Written},
};

/// Largest window of one read, in bytes; also the largest file that is read whole.
pub const MAX_READ_BYTES: usize = 256 * 1024;
/// Largest text that is written or edited, in bytes as encoded.
pub const MAX_WRITE_BYTES: usize = 5 * 1024 * 1024;
/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: u64 = 50 * 1024 * 1024;

/// What writers of all workspaces share: the last look at a file and its replacement happen as one.
#[derive(Debug, Default, Clone)]
pub struct Files(Arc<Mutex<()>>);

impl Files {
    /// The files beneath `workspace`.
    ///
    /// # Errors
    /// It is gone, or no directory.
    pub fn of(&self, workspace: &Path) -> Result<WorkspaceFiles, Refusal> {
        Ok(WorkspaceFiles { root: Root::open(workspace)?, commits: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // It guards no data that a panic could leave half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files of one workspace. Its operations are methods, one file each.
#[derive(Debug)]
pub struct WorkspaceFiles {
    root: Root,
    commits: Files,
}

impl WorkspaceFiles {
    /// Takes a path as a client wrote it.
    ///
    /// # Errors
    /// It leaves the workspace, or is not a path.
    pub fn path(&self, text: &str) -> Result<WorkspacePath, Refusal> {
        WorkspacePath::parse(text, self.root.path())
    }
}
