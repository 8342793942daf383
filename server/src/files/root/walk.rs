//! A path resolved by hand: every component is opened by itself, never through a symlink, from a directory that is held open.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path},
};

use rustix::{
    fs::{Mode, OFlags, openat, readlinkat},
    io::Errno,
};

use super::Root;

/// As many as the kernel follows.
const MAX_LINKS: u32 = 40;
const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Where a path ends.
#[derive(Debug)]
pub(super) enum Walked {
    /// At a directory that was reached by `..`, or at the root.
    Directory(OwnedFd),
    /// At a name that is not a symlink; it may not exist.
    Entry { dir: OwnedFd, name: OsString },
}

/// Opens what the path ends at.
pub(super) fn open(root: &Root, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    match walk(root, path)? {
        Walked::Directory(dir) => openat(&dir, c".", flags, Mode::empty()),
        Walked::Entry { dir, name } => openat(&dir, &name, flags | OFlags::NOFOLLOW, Mode::empty()),
    }
}

/// Follows the path, and the symlinks on it as long as they stay beneath the root.
///
/// # Errors
/// `XDEV` where the path leaves the root, `LOOP` for more than [`MAX_LINKS`] symlinks, or what the system says of a component.
pub(super) fn walk(root: &Root, path: &Path) -> Result<Walked, Errno> {
    // The directories on the way: `..` goes back to one that is held, not to whatever is above by now.
    let mut trail: Vec<OwnedFd> = Vec::new();
    let mut rest = VecDeque::new();
    prepend(&mut rest, path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            trail.pop().ok_or(Errno::XDEV)?;
            continue;
        }
        let here = here(root, &trail);
        match readlinkat(here, &name, Vec::new()) {
            Ok(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::LOOP);
                }
                let target = Path::new(OsStr::from_bytes(target.to_bytes()));
                if target.is_absolute() {
                    trail.clear();
                }
                prepend(&mut rest, beneath(root, target)?);
            }
            Err(Errno::INVAL | Errno::NOENT) if rest.is_empty() => {
                return Ok(Walked::Entry { dir: here.try_clone_to_owned().map_err(|_| Errno::MFILE)?, name });
            }
            Err(Errno::INVAL) => {
                let next = openat(here, &name, STEP, Mode::empty())?;
                trail.push(next);
            }
            Err(errno) => return Err(errno),
        }
    }
    let end = here(root, &trail).try_clone_to_owned().map_err(|_| Errno::MFILE)?;
    Ok(Walked::Directory(end))
}

fn here<'a>(root: &'a Root, trail: &'a [OwnedFd]) -> BorrowedFd<'a> {
    trail.last().unwrap_or(&root.dir).as_fd()
}

/// A relative target as it is, an absolute one from the root on.
fn beneath<'a>(root: &Root, target: &'a Path) -> Result<&'a Path, Errno> {
    if target.is_absolute() { target.strip_prefix(&root.path).map_err(|_| Errno::XDEV) } else { Ok(target) }
}

fn prepend(rest: &mut VecDeque<OsString>, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => rest.push_front(name.to_owned()),
            Component::ParentDir => rest.push_front("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    /// Both ways through the door must agree, wherever the kernel alone can tell.
    #[test]
    fn walking_finds_what_the_kernel_finds() {
        let home = tempfile::tempdir().unwrap();
        let space = home.path().join("space");
        fs::create_dir_all(space.join("a/b")).unwrap();
        fs::write(space.join("a/b/file"), "in").unwrap();
        fs::write(home.path().join("secret"), "out").unwrap();
        for (link, target) in [
            ("up", "a/b/../b/file"),
            ("dir", "a/b"),
            ("out", "../secret"),
            ("a/out", "b/../../../secret"),
            ("loop", "loop"),
            ("proc", "/proc/self/root"),
            ("dangling", "a/nothing"),
            ("a/top", ".."),
        ] {
            symlink(target, space.join(link)).unwrap();
        }
        let root = Root::open(&space).unwrap();
        let paths = "a a/b/file up dir dir/file out a/out a/out/x loop loop/x proc proc/etc dangling a/top a/top/up a/b/file/x no no/x";
        for path in paths.split(' ').map(Path::new) {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            let place = |fd: OwnedFd| super::super::real_path(&fd);
            let by_kernel = root.open_by_kernel(path, flags).map(place);
            assert_eq!(open(&root, path, flags).map(place), by_kernel, "{}", path.display());
        }
    }

    #[test]
    fn an_absolute_symlink_is_followed_beneath_the_root_only() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("space")).unwrap();
        let space = home.path().join("space");
        fs::write(space.join("file"), "").unwrap();
        symlink(space.join("file"), space.join("in")).unwrap();
        symlink(home.path(), space.join("out")).unwrap();
        let root = Root::open(&space).unwrap();
        assert!(open(&root, Path::new("in"), OFlags::RDONLY).is_ok());
        assert_eq!(open(&root, Path::new("out"), OFlags::PATH).err(), Some(Errno::XDEV));
        assert_eq!(open(&root, Path::new("out/space/file"), OFlags::PATH).err(), Some(Errno::XDEV));
    }
}
