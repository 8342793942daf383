//! A workspace's context file (`QWEN.md`), begun empty for whoever will fill it.

use std::{io::Read, path::Path};

use rustix::{
    fs::{AtFlags, FileType, Stat, statat},
    io::Errno,
};
use serde::Serialize;

use super::{Refusal, WorkspaceFiles, WorkspacePath, replacement::Replacement, root::Place};

/// A file counts as blank if its first so many bytes are.
const MAX_BLANK_BYTES: u64 = 64 * 1024;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Begun {
    Created,
    Overwrote,
    /// There was one, with nothing in it.
    Noop,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("it lies outside the workspace")]
    Outside,
    #[error("it is a symlink")]
    Symlink,
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it exists ({size_bytes} bytes)")]
    Exists { size_bytes: u64 },
    #[error("another program made it at the same moment")]
    Appeared,
    #[error("another program replaced it at the same moment")]
    Replaced,
    #[error(transparent)]
    Files(Refusal),
}

impl WorkspaceFiles {
    /// Makes the context file `name`, relative to the workspace, empty. One that has content is left alone unless `force` is set.
    ///
    /// # Errors
    /// See [`BeginError`]; nothing has changed then.
    pub fn begin_context_file(&self, name: &str, force: bool) -> Result<Begun, BeginError> {
        let path = self.path(name).map_err(outside)?;
        // A last component that is a symlink is not followed, so that nothing elsewhere is emptied.
        let Some(file_name) = path.as_path().file_name() else { return Err(BeginError::Outside) };
        let parent = path.as_path().parent().map(Path::to_owned).unwrap_or_default();
        let (dir, found) = self.root.open_dir(&WorkspacePath::found(parent)).map_err(outside)?;
        let place = Place { dir, name: file_name.to_owned(), path: found.join(file_name) };
        match look(&place)? {
            None => create(&place),
            Some(stat) => overwrite(&place, &stat, force),
        }
    }
}

fn create(place: &Place) -> Result<Begun, BeginError> {
    let mut fresh = Replacement::create(&place.dir, &place.path.shown()).map_err(BeginError::Files)?;
    match fresh.publish(&place.name) {
        Ok(()) => Ok(Begun::Created),
        Err(Errno::EXIST) => Err(BeginError::Appeared),
        Err(errno) => Err(system(errno, place)),
    }
}

fn overwrite(place: &Place, seen: &Stat, force: bool) -> Result<Begun, BeginError> {
    let opened = place.open_file().map_err(|refusal| match refusal {
        Refusal::NotFound(_) | Refusal::SymlinkLoop(_) => BeginError::Replaced,
        other => BeginError::Files(other),
    })?;
    if !is_same(&opened.stat, seen) {
        return Err(BeginError::Replaced);
    }
    let mut start = Vec::new();
    let read = opened.file.take(MAX_BLANK_BYTES).read_to_end(&mut start);
    read.map_err(|error| BeginError::Files(Refusal::io(error, &place.path.shown())))?;
    if String::from_utf8_lossy(&start).trim().is_empty() {
        return Ok(Begun::Noop);
    }
    if !force {
        return Err(BeginError::Exists { size_bytes: super::stat::size_of(seen) });
    }
    let fresh = Replacement::create(&place.dir, &place.path.shown()).map_err(BeginError::Files)?;
    fresh.resemble(seen).map_err(|errno| system(errno, place))?;
    if !look(place)?.is_some_and(|now| is_same(&now, seen)) {
        return Err(BeginError::Replaced);
    }
    fresh.replace(&place.name).map_err(|errno| system(errno, place))?;
    Ok(Begun::Overwrote)
}

/// What is there, if anything. Only a regular file will do.
fn look(place: &Place) -> Result<Option<Stat>, BeginError> {
    let stat = match statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        stat => stat.map_err(|errno| system(errno, place))?,
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Some(stat)),
        FileType::Symlink => Err(BeginError::Symlink),
        _ => Err(BeginError::NotRegular),
    }
}

fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino, one.st_size, one.st_mtime, one.st_mtime_nsec)
        == (other.st_dev, other.st_ino, other.st_size, other.st_mtime, other.st_mtime_nsec)
}

fn outside(refusal: Refusal) -> BeginError {
    match refusal {
        Refusal::Outside(_) | Refusal::SymlinkEscape(_) | Refusal::Malformed(_) => BeginError::Outside,
        other => BeginError::Files(other),
    }
}

fn system(errno: Errno, place: &Place) -> BeginError {
    BeginError::Files(Refusal::system(errno, &place.path.shown()))
}
