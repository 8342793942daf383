//! Where a session's files lie: with the others, or archived beside them.
//!
//! ```text
//! roost/<session>/           roost-archive/<session>/           the daemon's own record
//! chats/<session>.jsonl      chats/archive/<session>.jsonl      the agent's record, with its companions
//! ```
//! Files move one after the other, the agent's first. Between two of them the daemon's own directory says where the session is, so
//! a move that a crash interrupted is completed by asking for it again.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use roost_core::SessionId;

use super::{Journal, Meta, Project, agent_records::RecordHead, is_path_safe};
use crate::git::Worktree;

/// A place for sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    Active,
    Archive,
}

/// Where a session is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Nowhere,
    On(Shelf),
    /// Two copies, and nothing tells which is meant.
    Both,
}

impl Shelf {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Active => Self::Archive,
            Self::Archive => Self::Active,
        }
    }
}

/// What an agent keeps beside `<session>.jsonl`.
const COMPANIONS: [&str; 3] = ["jsonl", "ledger.jsonl", "worktree.json"];

impl Project {
    /// Where the session is. One that another folder of a name alike has here is nowhere.
    #[must_use]
    pub fn place(&self, id: &SessionId) -> Place {
        let found = self.found(id);
        if found != Place::Nowhere && self.is_foreign(id) { Place::Nowhere } else { found }
    }

    /// Where something lies under the session's name, whosever it is.
    pub(super) fn found(&self, id: &SessionId) -> Place {
        if !is_path_safe(id.as_str()) {
            return Place::Nowhere;
        }
        let record = self.record_name(id);
        let has_dir = |shelf| self.dir_of(shelf, id).is_dir();
        let has_record = |shelf| self.record_of(shelf, &record).is_file();
        let dirs = (has_dir(Shelf::Active), has_dir(Shelf::Archive));
        let mut records = (has_record(Shelf::Active), has_record(Shelf::Archive));
        // A move that broke off: the directory goes last, so it lies where the move began.
        if dirs.0 != dirs.1 && self.is_half_moved(&record) {
            records = dirs;
        }
        match (dirs, records) {
            ((true, true), _) | (_, (true, true)) => Place::Both,
            ((true, false), _) | ((false, false), (true, false)) => Place::On(Shelf::Active),
            ((false, true), _) | ((false, false), (false, true)) => Place::On(Shelf::Archive),
            ((false, false), (false, false)) => Place::Nowhere,
        }
    }

    /// Moves a session from one shelf to the other. Never overwrites.
    ///
    /// # Errors
    /// `AlreadyExists` when a file of the same name lies there, or the disk refuses. What was moved before stays moved.
    pub fn shift(&self, id: &SessionId, from: Shelf) -> io::Result<()> {
        let (to, record) = (from.other(), self.record_name(id));
        fs::create_dir_all(self.chats_of(to))?;
        for companion in COMPANIONS {
            let name = format!("{record}.{companion}");
            move_file(&self.chats_of(from).join(&name), &self.chats_of(to).join(&name))?;
        }
        let dir = self.dir_of(from, id);
        if dir.is_dir() {
            let target = self.dir_of(to, id);
            if target.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let shelf = self.own_of(to);
            fs::create_dir_all(&shelf)?;
            super::restrict(&shelf)?;
            fs::rename(dir, target)?;
            fs::File::open(shelf)?.sync_all()?;
        }
        Ok(())
    }

    /// Of two copies, keeps the one that was written to last, wherever it lies.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep_newer(&self, id: &SessionId) -> io::Result<Shelf> {
        let record = self.record_name(id);
        let written = |shelf| {
            let journal = self.dir_of(shelf, id).join(Journal::FILE);
            [modified(&journal), modified(&self.record_of(shelf, &record))].into_iter().flatten().max()
        };
        let kept = if written(Shelf::Archive) > written(Shelf::Active) { Shelf::Archive } else { Shelf::Active };
        self.remove_from(id, &record, kept.other())?;
        Ok(kept)
    }

    /// The working tree that a session has for itself.
    #[must_use]
    pub fn worktree(&self, id: &SessionId) -> Option<Worktree> {
        [Shelf::Active, Shelf::Archive].into_iter().find_map(|shelf| Meta::read(&self.dir_of(shelf, id)).ok()?.worktree)
    }

    /// Removes every copy of a session, also what its agent keeps of it under the name of its working tree.
    ///
    /// # Errors
    /// The disk refuses; what was removed before stays removed.
    pub fn remove(&self, id: &SessionId) -> io::Result<()> {
        let record = self.record_name(id);
        if let Some(Worktree { path, .. }) = self.worktree(id) {
            self.beside(&path).remove_records(&record, Shelf::Active)?;
        }
        self.remove_from(id, &record, Shelf::Active)?;
        self.remove_from(id, &record, Shelf::Archive)
    }

    fn remove_from(&self, id: &SessionId, record: &str, shelf: Shelf) -> io::Result<()> {
        self.remove_records(record, shelf)?;
        gone(fs::remove_dir_all(self.dir_of(shelf, id)))
    }

    fn remove_records(&self, record: &str, shelf: Shelf) -> io::Result<()> {
        for companion in COMPANIONS {
            gone(fs::remove_file(self.chats_of(shelf).join(format!("{record}.{companion}"))))?;
        }
        Ok(())
    }

    /// Whether the record on either shelf is one and the same file.
    fn is_half_moved(&self, record: &str) -> bool {
        is_same_file(&self.record_of(Shelf::Active, record), &self.record_of(Shelf::Archive, record))
    }

    /// The name of the agent's record, which may have another name for the session.
    fn record_name(&self, id: &SessionId) -> String {
        let renamed = [Shelf::Active, Shelf::Archive].into_iter().find_map(|shelf| {
            let meta = Meta::read(&self.dir_of(shelf, id)).ok()?;
            meta.agent_session_id.filter(|name| is_path_safe(name))
        });
        renamed.unwrap_or_else(|| id.as_str().to_owned())
    }

    /// Whether the session is of another folder: `/a-b` and `/a/b` keep theirs in one place. Damaged records are anybody's.
    pub(super) fn is_foreign(&self, id: &SessionId) -> bool {
        let shelves = [Shelf::Active, Shelf::Archive];
        if let Some(meta) = shelves.into_iter().find_map(|shelf| Meta::read(&self.dir_of(shelf, id)).ok()) {
            return Path::new(&meta.cwd) != self.cwd;
        }
        let heads = shelves.into_iter().filter_map(|shelf| RecordHead::read(&self.record_of(shelf, id.as_str())).ok());
        heads.filter_map(|head| head.cwd).next().is_some_and(|cwd| Path::new(&cwd) != self.cwd)
    }

    /// The daemon's own records on a shelf.
    pub(super) fn own_of(&self, shelf: Shelf) -> PathBuf {
        self.dir.join(match shelf {
            Shelf::Active => "roost",
            Shelf::Archive => "roost-archive",
        })
    }

    /// The agent's records on a shelf.
    pub(super) fn chats_of(&self, shelf: Shelf) -> PathBuf {
        match shelf {
            Shelf::Active => self.chats_dir(),
            Shelf::Archive => self.chats_dir().join("archive"),
        }
    }

    pub(super) fn dir_of(&self, shelf: Shelf, id: &SessionId) -> PathBuf {
        self.own_of(shelf).join(id.as_str())
    }

    pub(super) fn record_of(&self, shelf: Shelf, name: &str) -> PathBuf {
        self.chats_of(shelf).join(format!("{name}.jsonl"))
    }
}

/// A link fails where a rename would overwrite. A file that is not there need not be moved; one that has both names is half way.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_same_file(from, to) => fs::remove_file(from),
        Err(error) => Err(error),
        Ok(()) => fs::remove_file(from),
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

#[cfg(test)]
mod tests {
    use roost_core::Millis;

    use super::*;

    fn project() -> io::Result<(tempfile::TempDir, Project, SessionId)> {
        let home = tempfile::tempdir()?;
        let project = Project::of(home.path(), Path::new("/w"));
        project.prepare()?;
        fs::create_dir_all(project.chats_dir())?;
        Ok((home, project, SessionId::from("s")))
    }

    #[test]
    fn a_session_moves_with_all_that_belongs_to_it_and_back() -> io::Result<()> {
        let (_home, project, id) = project()?;
        project.create(&Meta::new(id.clone(), Path::new("/w"), Millis(1))).map_err(io::Error::other)?;
        fs::write(project.chats_dir().join("s.jsonl"), "record")?;
        fs::write(project.chats_dir().join("s.ledger.jsonl"), "ledger")?;
        project.shift(&id, Shelf::Active)?;
        assert_eq!(project.place(&id), Place::On(Shelf::Archive));
        assert_eq!(fs::read_to_string(project.chats_dir().join("archive/s.ledger.jsonl"))?, "ledger");
        assert!(!project.chats_dir().join("s.jsonl").exists());
        project.shift(&id, Shelf::Archive)?;
        assert_eq!(project.place(&id), Place::On(Shelf::Active));
        assert_eq!(fs::read_to_string(project.chats_dir().join("s.jsonl"))?, "record");
        Ok(())
    }

    #[test]
    fn a2_nothing_is_overwritten() -> io::Result<()> {
        let (_home, project, id) = project()?;
        fs::create_dir_all(project.chats_of(Shelf::Archive))?;
        fs::write(project.record_of(Shelf::Active, "s"), "new")?;
        fs::write(project.record_of(Shelf::Archive, "s"), "old")?;
        assert_eq!(project.place(&id), Place::Both);
        let refused = project.shift(&id, Shelf::Active).expect_err("there is one already");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(project.record_of(Shelf::Archive, "s"))?, "old");
        assert_eq!(fs::read_to_string(project.record_of(Shelf::Active, "s"))?, "new");
        Ok(())
    }

    #[test]
    fn a_move_that_was_interrupted_is_completed_by_asking_again() -> io::Result<()> {
        let (_home, project, id) = project()?;
        project.create(&Meta::new(id.clone(), Path::new("/w"), Millis(1))).map_err(io::Error::other)?;
        fs::create_dir_all(project.chats_of(Shelf::Archive))?;
        fs::write(project.record_of(Shelf::Archive, "s"), "moved already")?;
        assert_eq!(project.place(&id), Place::On(Shelf::Active));
        project.shift(&id, Shelf::Active)?;
        assert_eq!(project.place(&id), Place::On(Shelf::Archive));
        Ok(())
    }

    #[test]
    fn a_record_that_has_both_names_is_half_way_and_no_copy() -> io::Result<()> {
        let (_home, project, id) = project()?;
        project.create(&Meta::new(id.clone(), Path::new("/w"), Millis(1))).map_err(io::Error::other)?;
        fs::write(project.record_of(Shelf::Active, "s"), "record")?;
        for from in [Shelf::Active, Shelf::Archive] {
            fs::create_dir_all(project.chats_of(from.other()))?;
            fs::hard_link(project.record_of(from, "s"), project.record_of(from.other(), "s"))?;
            assert_eq!(project.place(&id), Place::On(from));
            project.shift(&id, from)?;
            assert_eq!(project.place(&id), Place::On(from.other()));
            assert!(!project.record_of(from, "s").exists());
            assert!(project.dir_of(from.other(), &id).join(Journal::FILE).is_file());
        }
        Ok(())
    }

    #[test]
    fn of_two_copies_the_one_written_last_is_kept() -> io::Result<()> {
        let (_home, project, id) = project()?;
        fs::create_dir_all(project.chats_of(Shelf::Archive))?;
        fs::write(project.record_of(Shelf::Active, "s"), "old")?;
        fs::write(project.record_of(Shelf::Archive, "s"), "new")?;
        let old = fs::File::options().write(true).open(project.record_of(Shelf::Active, "s"))?;
        old.set_modified(SystemTime::UNIX_EPOCH)?;
        assert_eq!(project.keep_newer(&id)?, Shelf::Archive);
        assert_eq!(project.place(&id), Place::On(Shelf::Archive));
        assert_eq!(fs::read_to_string(project.record_of(Shelf::Archive, "s"))?, "new");
        Ok(())
    }
}
