//! A file stored as it arrives, under a name that was free.

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    os::fd::OwnedFd,
    path::Path,
};

use rustix::{
    fs::{Mode, mkdirat},
    io::Errno,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Hash, MAX_UPLOAD_BYTES, Refusal, WorkspaceFiles, WorkspacePath, replacement::Replacement};

/// Names tried for one file before the upload is refused.
const MAX_NAMES: usize = 1_000;

/// A file that is on its way. Dropped before [`Upload::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    replacement: Replacement,
    dir: WorkspacePath,
    name: OsString,
    size_bytes: u64,
    digest: Sha256,
}

/// The answer of `POST /file/upload`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "file_upload")]
pub struct Uploaded {
    path: String,
    size_bytes: u64,
    hash: Hash,
}

impl WorkspaceFiles {
    /// Begins a file; directories on the way to it are made. A final symlink is not followed: its name is taken.
    ///
    /// # Errors
    /// The path names no file, or leads out of the workspace; a directory cannot be made or written.
    pub fn upload(&self, path: &WorkspacePath) -> Result<Upload, Refusal> {
        let (Some(parent), Some(name)) = (path.as_path().parent(), path.as_path().file_name()) else {
            return Err(Refusal::malformed("`path` must name a file"));
        };
        if let Err(refusal @ (Refusal::SymlinkEscape(_) | Refusal::SymlinkLoop(_))) = self.root.look(path) {
            return Err(refusal);
        }
        let (dir, found) = self.directory(parent)?;
        let shown = found.join(name).shown();
        let replacement = Replacement::create(&dir, &shown)?;
        Ok(Upload { replacement, dir: found, name: name.to_owned(), size_bytes: 0, digest: Sha256::new() })
    }

    /// Opens a directory, making it and those above it where they are missing.
    fn directory(&self, path: &Path) -> Result<(OwnedFd, WorkspacePath), Refusal> {
        let path = WorkspacePath::found(path.to_owned());
        match self.root.open_dir(&path) {
            Err(Refusal::NotFound(_)) => {}
            opened => return opened,
        }
        if let Some(parent) = path.as_path().parent() {
            self.directory(parent)?;
        }
        let place = self.root.place(&path)?;
        match mkdirat(&place.dir, &place.name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => self.root.open_dir(&path),
            Err(errno) => Err(Refusal::system(errno, &place.path.shown())),
        }
    }
}

impl Upload {
    /// Takes the next piece.
    ///
    /// # Errors
    /// [`Refusal::UploadTooLarge`], or the disk is full.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        self.size_bytes += piece.len() as u64;
        if self.size_bytes > MAX_UPLOAD_BYTES {
            return Err(Refusal::UploadTooLarge);
        }
        self.digest.update(piece);
        let written = self.replacement.file.write_all(piece);
        written.map_err(|error| Refusal::io(error, &self.dir.join(&self.name).shown()))
    }

    /// Puts it under its name, or under `name (1).ext` and so on when that is taken.
    ///
    /// # Errors
    /// [`Refusal::Exists`] when a thousand such names are taken, or what the disk says.
    pub fn finish(mut self) -> Result<Uploaded, Refusal> {
        let shown = self.dir.join(&self.name).shown();
        self.replacement.file.sync_data().map_err(|error| Refusal::io(error, &shown))?;
        for attempt in 0..MAX_NAMES {
            let name = numbered(&self.name, attempt);
            match self.replacement.publish(&name) {
                Ok(()) => {
                    let path = self.dir.join(name).shown();
                    return Ok(Uploaded { path, size_bytes: self.size_bytes, hash: Hash::finish(self.digest) });
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(Refusal::system(errno, &shown)),
            }
        }
        Err(Refusal::Exists(shown))
    }
}

/// `name.ext`, `name (1).ext`, …; a leading dot begins no extension.
fn numbered(name: &OsStr, attempt: usize) -> OsString {
    let path = Path::new(name);
    let mut numbered = path.file_stem().unwrap_or(name).to_owned();
    if attempt > 0 {
        numbered.push(format!(" ({attempt})"));
    }
    if let Some(extension) = path.extension() {
        numbered.push(".");
        numbered.push(extension);
    }
    numbered
}
