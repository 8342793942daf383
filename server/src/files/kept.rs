//! Files of a workspace that the daemon itself keeps: its settings, its context file.

use std::{ffi::OsStr, io::Read, path::Path};

use super::{Refusal, WorkspaceFiles, WorkspacePath, write::filled};

impl WorkspaceFiles {
    /// The first `max_bytes` of a regular file; `None` where there is no such file.
    ///
    /// # Errors
    /// The path leaves the workspace, or ends at something else, or the disk refuses.
    pub fn load(&self, path: &WorkspacePath, max_bytes: usize) -> Result<Option<Vec<u8>>, Refusal> {
        let opened = match self.root.open_file(path) {
            Err(Refusal::NotFound(_)) => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        let read = opened.file.take(max_bytes as u64).read_to_end(&mut bytes);
        read.map_err(|error| Refusal::io(error, &path.shown()))?;
        Ok(Some(bytes))
    }

    /// Puts a file there in one go, whatever was there before. A folder of the workspace that it lies in is made when it is missing.
    ///
    /// # Errors
    /// The path leaves the workspace, or the disk refuses; then nothing has changed.
    pub fn store(&self, path: &WorkspacePath, bytes: &[u8]) -> Result<(), Refusal> {
        if let Some(folder) = path.as_path().parent().map(Path::as_os_str).filter(|folder| !folder.is_empty()) {
            self.root.make_dir(folder)?;
        }
        let place = self.root.place(path)?;
        let replacement = filled(&place, bytes)?;
        if let Ok(existing) = place.open_file() {
            replacement.resemble(&existing.stat).map_err(|errno| Refusal::system(errno, &path.shown()))?;
        }
        let _commit = self.commits.lock();
        if !self.root.still_leads(path, &place) {
            return Err(Refusal::Moved(path.shown()));
        }
        replacement.replace(&place.name).map_err(|errno| Refusal::system(errno, &path.shown()))
    }

    /// Gives a file another name in its folder.
    ///
    /// # Errors
    /// It is gone, or the path leaves the workspace, or the disk refuses.
    pub fn set_aside(&self, path: &WorkspacePath, to: &Path) -> Result<(), Refusal> {
        let place = self.root.place(path)?;
        let name = to.file_name().unwrap_or(OsStr::new("set-aside"));
        rustix::fs::renameat(&place.dir, &place.name, &place.dir, name)
            .map_err(|errno| Refusal::system(errno, &path.shown()))
    }
}
