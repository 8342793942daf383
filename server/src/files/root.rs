//! The only way to a workspace's files.

mod walk;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, mkdirat, openat, openat2, readlinkat},
    io::Errno,
};

use self::walk::Walked;
use super::{Refusal, WorkspacePath};

/// A workspace's directory, held open. Whatever is opened through it lies beneath it at that moment, however symlinks are
/// swapped meanwhile: the kernel resolves the path under `RESOLVE_BENEATH`, or a walk does, one `O_NOFOLLOW` component at a
/// time, where the kernel cannot or where a symlink names its target absolutely.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
    path: PathBuf,
}

/// A directory beneath the root and a name in it, which was no symlink when it was looked at.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: OwnedFd,
    pub(super) name: OsString,
    /// Where it is, relative to the workspace.
    pub(super) path: WorkspacePath,
}

/// A regular file, open for reading.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) stat: Stat,
    /// Where it is, with symlinks resolved.
    pub(super) path: WorkspacePath,
}

impl Root {
    /// # Errors
    /// The workspace is gone, or no directory.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(CWD, path, flags, Mode::empty()).map_err(|errno| Refusal::system(errno, "."))?;
        Ok(Self { dir, path: path.to_owned() })
    }

    /// As it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file to read. Never waits for the other end of a FIFO.
    pub(super) fn open_file(&self, path: &WorkspacePath) -> Result<Opened, Refusal> {
        let (fd, found) = self.open_any(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        regular(fd, found)
    }

    pub(super) fn open_dir(&self, path: &WorkspacePath) -> Result<(OwnedFd, WorkspacePath), Refusal> {
        self.open_any(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// Looks at whatever is there without opening it.
    pub(super) fn look(&self, path: &WorkspacePath) -> Result<(Stat, WorkspacePath), Refusal> {
        let (fd, found) = self.open_any(path, OFlags::PATH)?;
        let stat = fstat(&fd).map_err(|errno| Refusal::system(errno, &path.shown()))?;
        Ok((stat, found))
    }

    /// Makes a directory in the workspace's own, unless it has something of that name.
    pub(super) fn make_dir(&self, name: &OsStr) -> Result<(), Refusal> {
        match mkdirat(&self.dir, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(Refusal::system(errno, &name.to_string_lossy())),
        }
    }

    /// Where a write to `path` goes: symlinks are followed to where they point, even if nothing is there yet.
    ///
    /// # Errors
    /// Besides what any path may meet: [`Refusal::NotRegular`] where the path ends at a directory by `..` or is the workspace.
    pub(super) fn place(&self, path: &WorkspacePath) -> Result<Place, Refusal> {
        let shown = path.shown();
        let refuse = |errno| Refusal::system(errno, &shown);
        let (Some(parent), Some(name)) = (path.as_path().parent(), path.as_path().file_name()) else {
            return Err(Refusal::NotRegular(shown));
        };
        let (dir, found) = self.open_any(&WorkspacePath::found(parent.to_owned()), OFlags::PATH | OFlags::DIRECTORY)?;
        match readlinkat(&dir, name, Vec::new()) {
            Err(Errno::INVAL | Errno::NOENT) => Ok(Place { dir, name: name.to_owned(), path: found.join(name) }),
            Err(errno) => Err(refuse(errno)),
            Ok(_) => match walk::walk(self, path.as_path()).map_err(refuse)? {
                Walked::Directory(_) => Err(Refusal::NotRegular(shown)),
                Walked::Entry { dir, name } => {
                    let path = self.locate(&dir, Path::new(""))?.join(&name);
                    Ok(Place { dir, name, path })
                }
            },
        }
    }

    /// Whether the path that led to `place` still leads there.
    pub(super) fn still_leads(&self, path: &WorkspacePath, place: &Place) -> bool {
        let identity = |dir: &OwnedFd| fstat(dir).map(|stat| (stat.st_dev, stat.st_ino));
        self.place(path).is_ok_and(|now| {
            now.name == place.name && identity(&now.dir).is_ok_and(|now| identity(&place.dir) == Ok(now))
        })
    }

    fn open_any(&self, path: &WorkspacePath, flags: OFlags) -> Result<(OwnedFd, WorkspacePath), Refusal> {
        let flags = flags | OFlags::CLOEXEC;
        let opened = match self.open_by_kernel(path.as_path(), flags) {
            // The kernel lacks the call, a sandbox forbids it, or it cannot tell: the walk decides.
            Err(Errno::NOSYS | Errno::PERM | Errno::XDEV | Errno::AGAIN) => walk::open(self, path.as_path(), flags),
            other => other,
        };
        let fd = opened.map_err(|errno| Refusal::system(errno, &path.shown()))?;
        let found = self.locate(&fd, path.as_path())?;
        Ok((fd, found))
    }

    fn open_by_kernel(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        openat2(&self.dir, path, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)
    }

    /// The path of what is open, for showing and for ignore rules; nothing is opened by it. Where the system tells no paths it is
    /// the one that was asked for.
    fn locate(&self, fd: &OwnedFd, asked: &Path) -> Result<WorkspacePath, Refusal> {
        let (Some(root), Some(mut path)) = (real_path(&self.dir), real_path(fd)) else {
            return Ok(WorkspacePath::found(asked.to_owned()));
        };
        // A file that has been replaced since it was opened.
        const GONE: &[u8] = b" (deleted)";
        if let Some(before) = path.as_os_str().as_bytes().strip_suffix(GONE)
            && !asked.as_os_str().as_bytes().ends_with(GONE)
        {
            path = PathBuf::from(OsStr::from_bytes(before));
        }
        match path.strip_prefix(&root) {
            Ok(path) => Ok(WorkspacePath::found(path.to_owned())),
            Err(_) => Err(Refusal::SymlinkEscape(asked.to_string_lossy().into_owned())),
        }
    }
}

impl Place {
    /// Opens the file here, if it is one still.
    pub(super) fn open_file(&self) -> Result<Opened, Refusal> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(&self.dir, &self.name, flags, Mode::empty());
        let fd = opened.map_err(|errno| Refusal::system(errno, &self.path.shown()))?;
        regular(fd, self.path.clone())
    }
}

fn regular(fd: OwnedFd, path: WorkspacePath) -> Result<Opened, Refusal> {
    let stat = fstat(&fd).map_err(|errno| Refusal::system(errno, &path.shown()))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Opened { file: File::from(fd), stat, path }),
        _ => Err(Refusal::NotRegular(path.shown())),
    }
}

/// Absolute, or `None` where `/proc` is missing.
fn real_path(fd: &OwnedFd) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    let path = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).ok()?;
    path.is_absolute().then_some(path)
}
