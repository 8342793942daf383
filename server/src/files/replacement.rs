//! A file that appears under its name whole, or not at all.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    os::fd::OwnedFd,
};

use rustix::{
    fs::{
        AtFlags, Gid, Mode, OFlags, RenameFlags, Stat, Uid, fchmod, fchown, fstat, linkat, openat, renameat,
        renameat_with, unlinkat,
    },
    io::Errno,
};
use uuid::Uuid;

use super::Refusal;

/// The permission bits that a replaced file passes on. Set-user-ID and the like go with the old contents.
const PERMISSIONS: u32 = 0o777;

/// A new file under a name of its own, in the directory where it will be wanted. Dropped before it is put in place, it is removed.
#[derive(Debug)]
pub(super) struct Replacement {
    dir: OwnedFd,
    name: OsString,
    pub(super) file: File,
    is_pending: bool,
}

impl Replacement {
    /// `shown`: what to call it in a refusal.
    pub(super) fn create(dir: &OwnedFd, shown: &str) -> Result<Self, Refusal> {
        let refuse = |errno| Refusal::system(errno, shown);
        let name = OsString::from(format!(".roost-{}.tmp", Uuid::new_v4().simple()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = dir.try_clone().map_err(|error| Refusal::io(error, shown))?;
        let file = openat(&dir, &name, flags, Mode::from_raw_mode(0o666)).map_err(refuse)?;
        Ok(Self { dir, name, file: File::from(file), is_pending: true })
    }

    /// Takes on the permissions and, where the system lets us, the owner of the file it will replace.
    pub(super) fn resemble(&self, stat: &Stat) -> Result<(), Errno> {
        let own = fstat(&self.file)?;
        if (own.st_uid, own.st_gid) != (stat.st_uid, stat.st_gid) {
            // Only the superuser may give files away.
            let _ = fchown(&self.file, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
        }
        fchmod(&self.file, Mode::from_raw_mode(stat.st_mode & PERMISSIONS))
    }

    /// Puts it under `name`, whatever has that name now: a symlink there is replaced, not followed.
    pub(super) fn replace(mut self, name: &OsStr) -> Result<(), Errno> {
        renameat(&self.dir, &self.name, &self.dir, name)?;
        self.is_pending = false;
        Ok(())
    }

    /// Puts it under `name`.
    ///
    /// # Errors
    /// `EXIST` when something has that name, be it a symlink that leads nowhere.
    pub(super) fn publish(&mut self, name: &OsStr) -> Result<(), Errno> {
        match renameat_with(&self.dir, &self.name, &self.dir, name, RenameFlags::NOREPLACE) {
            Ok(()) => self.is_pending = false,
            // Not every file system can; a hard link is as exclusive.
            Err(Errno::INVAL | Errno::NOSYS) => linkat(&self.dir, &self.name, &self.dir, name, AtFlags::empty())?,
            Err(errno) => return Err(errno),
        }
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.is_pending {
            // A drop cannot report an error, and the name is unique: a leftover harms nothing.
            let _ = unlinkat(&self.dir, &self.name, AtFlags::empty());
        }
    }
}
