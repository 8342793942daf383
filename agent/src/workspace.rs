//! The folders a session works in. Nothing outside them is read or written by a file tool.
//!
//! A path is resolved first (symlinks followed, `..` applied) and must then lie inside. To open it, the resolved path is
//! walked from the root one directory at a time without following links, so a link put there in between is refused too.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    path::{Component, Path, PathBuf},
};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fchmod, fstat, mkdirat, openat, renameat, unlinkat};

/// The roots, canonical. The first is the session's working directory.
#[derive(Debug)]
pub(crate) struct Workspace {
    roots: Vec<PathBuf>,
}

/// Why a path cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PathError {
    #[error("{} is outside the workspace {}", path.display(), root.display())]
    Outside { path: PathBuf, root: PathBuf },
    #[error("{} is not a folder: {source}", path.display())]
    NoFolder { path: PathBuf, source: io::Error },
}

/// A path that was inside the workspace when it was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    root: PathBuf,
    /// Below `root`, without links and `..`. Empty for the root itself.
    inside: PathBuf,
}

/// A regular file's content and what identifies this version of it.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    mode: Mode,
}

impl Workspace {
    /// Takes the working directory and further folders; each must exist.
    pub(crate) fn open<'a>(cwd: &'a Path, more: impl IntoIterator<Item = &'a Path>) -> Result<Self, PathError> {
        let roots = std::iter::once(cwd)
            .chain(more)
            .map(|path| {
                let folder = path.canonicalize().and_then(|real| {
                    let is_dir = real.metadata()?.is_dir();
                    if is_dir { Ok(real) } else { Err(io::ErrorKind::NotADirectory.into()) }
                });
                folder.map_err(|source| PathError::NoFolder { path: path.to_owned(), source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { roots })
    }

    /// The working directory.
    pub(crate) fn root(&self) -> &Path {
        &self.roots[0]
    }

    /// `path` made absolute against the working directory, `.` and `..` applied to the text.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        let mut absolute = PathBuf::new();
        for component in self.root().join(path).components() {
            match component {
                Component::ParentDir => {
                    absolute.pop();
                }
                Component::CurDir => {}
                Component::Normal(_) | Component::RootDir | Component::Prefix(_) => absolute.push(component),
            }
        }
        absolute
    }

    /// How the path is shown to people: relative when inside the working directory.
    pub(crate) fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(self.root()) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
            Ok(inside) => inside.display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }

    /// Resolves an absolute path and proves that it lies inside. The last components need not exist.
    pub(crate) fn locate(&self, path: &Path) -> Result<Place, PathError> {
        let real = resolve(path);
        let root = self.roots.iter().find(|root| real.starts_with(root));
        let Some(root) = root else {
            return Err(PathError::Outside { path: path.to_owned(), root: self.root().to_owned() });
        };
        let inside = real.strip_prefix(root).unwrap_or(Path::new("")).to_owned();
        Ok(Place { root: root.clone(), inside })
    }
}

/// Follows links as far as the path exists; what does not exist yet is appended as written.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(real) = existing.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                existing = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

impl Place {
    /// The resolved absolute path.
    pub(crate) fn path(&self) -> PathBuf {
        if self.inside.as_os_str().is_empty() { self.root.clone() } else { self.root.join(&self.inside) }
    }

    /// Reads a regular file whole.
    pub(crate) fn read(&self) -> io::Result<Content> {
        let (dir, name) = self.parent(false)?;
        // Without NONBLOCK a FIFO would hold the open until somebody writes.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&dir, &name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(io::ErrorKind::IsADirectory.into()),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes)?;
        Ok(Content { bytes, mode: Mode::from_raw_mode(stat.st_mode) })
    }

    /// Replaces the file in one step, making its folders; an existing file keeps its mode.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let (dir, name) = self.parent(true)?;
        let mode = match self.read() {
            Ok(content) => Some(content.mode),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let temporary = format!(".{}.{}.tmp", name.to_string_lossy(), uuid::Uuid::new_v4().simple());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&dir, &temporary, flags, Mode::from_raw_mode(0o666))?;
        let written = (|| {
            if let Some(mode) = mode {
                fchmod(&file, mode)?;
            }
            File::from(file).write_all(bytes)?;
            renameat(&dir, &temporary, &dir, &name).map_err(io::Error::from)
        })();
        if written.is_err() {
            // The caller needs the error of the write, not of the clean-up.
            let _ = unlinkat(&dir, &temporary, AtFlags::empty());
        }
        written
    }

    /// The folder the path is in, opened link by link, and the last name.
    fn parent(&self, make: bool) -> io::Result<(OwnedFd, OsString)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut dir: OwnedFd = rustix::fs::open(&self.root, flags, Mode::empty())?;
        let mut names = self.inside.components().map(|name| name.as_os_str().to_owned()).collect::<Vec<_>>();
        let Some(last) = names.pop() else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        for name in names {
            dir = match openat(&dir, &name, flags, Mode::empty()) {
                Err(rustix::io::Errno::NOENT) if make => {
                    mkdirat(&dir, &name, Mode::from_raw_mode(0o777))?;
                    openat(&dir, &name, flags, Mode::empty())?
                }
                opened => opened?,
            };
        }
        Ok((dir, last))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn workspace() -> (tempfile::TempDir, tempfile::TempDir, Workspace) {
        let inside = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        let workspace = Workspace::open(inside.path(), []).expect("opens");
        (inside, outside, workspace)
    }

    #[test]
    fn dots_and_links_do_not_lead_outside() {
        let (inside, outside, workspace) = workspace();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("link")).expect("links");
        for path in ["../x", "/etc/passwd", "link/x", "a/../../x", "link"] {
            let place = workspace.locate(&workspace.absolute(path));
            assert!(matches!(place, Err(PathError::Outside { .. })), "{path} is {place:?}");
        }
        assert!(workspace.locate(&workspace.absolute("new/deep/file")).is_ok());
    }

    #[test]
    fn a_link_put_in_place_after_the_check_is_refused() {
        let (inside, outside, workspace) = workspace();
        fs::create_dir(inside.path().join("dir")).expect("makes");
        let place = workspace.locate(&workspace.absolute("dir/file")).expect("inside");
        fs::remove_dir(inside.path().join("dir")).expect("removes");
        std::os::unix::fs::symlink(outside.path(), inside.path().join("dir")).expect("links");
        assert!(place.write(b"x").is_err());
        assert!(!outside.path().join("file").exists());
    }

    #[test]
    fn a_written_file_keeps_its_mode_and_leaves_nothing_behind() {
        let (inside, _outside, workspace) = workspace();
        let path = inside.path().join("run.sh");
        fs::write(&path, "old").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).expect("sets");
        workspace.locate(&workspace.absolute("run.sh")).expect("inside").write(b"new").expect("writes");
        assert_eq!(fs::read(&path).expect("reads"), b"new");
        assert_eq!(fs::metadata(&path).expect("stats").permissions().mode() & 0o777, 0o750);
        assert_eq!(fs::read_dir(inside.path()).expect("lists").count(), 1);
    }
}
