//! What survives the daemon, on disk.
//!
//! ```text
//! projects/<project>/roost/<session>/meta.json      what a list shows, and the epoch
//! projects/<project>/roost/<session>/events.jsonl   every event, and which prompts are owed a terminal
//! projects/<project>/roost/<session>/lock           locked by the daemon that has the session open
//! projects/<project>/chats/<session>.jsonl          the agent's own record, also of sessions other programs had with it
//! ```
//! `<project>` is the workspace's path with every character but ASCII letters and digits turned into `-`. A damaged file concerns
//! one session: it is reported, what is readable of it is used, and its numbering is not continued.

mod agent_records;
mod brief;
mod catalogue;
mod history;
mod hold;
mod journal;
mod meta;
mod naming;
mod note;
mod past;
mod record;
mod regular;
mod shelf;

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use roost_core::{
    SessionId,
    bus::BusLimits,
    home::{project_dir, project_name},
};

pub(crate) use self::{agent_records::title, catalogue::whole_millis, history::compact};
pub use self::{
    brief::Detail,
    catalogue::{Catalogue, Summary},
    history::{Earlier, Extent, History, MAX_LIVE_JOURNAL_BYTES, MAX_LIVE_JOURNAL_EVENTS, fold},
    hold::{Hold, HoldError},
    journal::{Journal, Replacement, Syncing, replace},
    meta::Meta,
    note::write_entry,
    past::{Identity, MAX_SNAPSHOT_BYTES, Past, Snapshot, SnapshotError},
    record::Record,
    shelf::{Place, Shelf},
};

/// The sessions of one workspace on disk.
#[derive(Clone, Debug)]
pub struct Project {
    cwd: PathBuf,
    dir: PathBuf,
}

impl Project {
    /// The sessions of the workspace `cwd` (absolute, canonical) under `home`.
    #[must_use]
    pub fn of(home: &Path, cwd: &Path) -> Self {
        Self { cwd: cwd.to_owned(), dir: project_dir(home, cwd) }
    }

    /// The same of another folder.
    fn beside(&self, cwd: &Path) -> Self {
        Self { cwd: cwd.to_owned(), dir: self.dir.with_file_name(project_name(cwd)) }
    }

    /// Makes sure sessions can be kept.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn prepare(&self) -> io::Result<()> {
        let sessions = self.dir.join("roost");
        fs::DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(&sessions)?;
        // The agent's records lie beside ours.
        restrict(&self.dir)?;
        restrict(&sessions)?;
        // A session syncs its own name; those of the folders above it, up to the home's, are nobody's later.
        for folder in sessions.ancestors().skip(1).take(3) {
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// The directory of everything that is kept for the workspace.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Starts the record of a new session.
    ///
    /// # Errors
    /// There is one of that name, or the disk refuses; nothing is left behind then.
    pub fn create(&self, meta: &Meta) -> Result<(Journal, Hold), HoldError> {
        let dir = self.session_dir(&meta.session_id);
        fs::create_dir(&dir)?;
        let begun = Hold::take(&dir).and_then(|hold| {
            meta.begin(&dir)?;
            Ok((Journal::create(&dir)?, hold))
        });
        // What went wrong is the news, not what becomes of the rest.
        begun.inspect_err(|_| drop(fs::remove_dir_all(&dir)))
    }

    /// Opens a session's record to continue it; as many events as `limits` allow are kept ready for replay. None when there is none.
    ///
    /// # Errors
    /// The journal cannot be read or written, or another daemon writes it.
    pub fn open(&self, id: &SessionId, limits: BusLimits) -> Result<Option<Record>, HoldError> {
        let dir = self.session_dir(id);
        if !is_path_safe(id.as_str()) || !dir.is_dir() {
            return Ok(None);
        }
        let hold = Hold::take(&dir)?;
        Ok(Some(Record::open(&dir, id, &self.cwd, limits, hold)?))
    }

    /// Replaces a session's `meta.json`.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_meta(&self, meta: &Meta) -> io::Result<()> {
        meta.write(&self.session_dir(&meta.session_id))
    }

    /// Whether the agent has a record of this session.
    #[must_use]
    pub fn has_agent_record(&self, id: &SessionId) -> bool {
        is_path_safe(id.as_str()) && self.chats_dir().join(format!("{id}.jsonl")).is_file()
    }

    /// Whether the daemon or the agent has a session of this name on disk, archived or not, and whichever folder it is of.
    #[must_use]
    pub fn has_session(&self, id: &SessionId) -> bool {
        self.found(id) != Place::Nowhere
    }

    /// Whether the daemon has a record of this session.
    #[must_use]
    pub fn has_own_record(&self, id: &SessionId) -> bool {
        is_path_safe(id.as_str()) && self.session_dir(id).exists()
    }

    /// What the user said first in a session the agent has a record of.
    #[must_use]
    pub fn agent_title(&self, id: &SessionId) -> Option<String> {
        agent_records::RecordHead::read(&self.chats_dir().join(format!("{id}.jsonl"))).ok()?.title
    }

    /// Sessions in which accepted prompts are still owed their terminal.
    #[must_use]
    pub fn unfinished(&self) -> Vec<SessionId> {
        let owes = |dir: &PathBuf| match record::owed_prompts(dir) {
            Ok(owed) => owed > 0,
            Err(error) => {
                tracing::warn!(%error, session = %dir.display(), "cannot tell whether a session was interrupted");
                false
            }
        };
        self.session_dirs(Shelf::Active)
            .filter(owes)
            .filter_map(|dir| Some(SessionId::from(dir.file_name()?.to_str()?)))
            .filter(|id| !self.is_foreign(id))
            .collect()
    }

    fn session_dirs(&self, shelf: Shelf) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(self.own_of(shelf)).into_iter().flatten().flatten();
        // What somebody else has put there is no session.
        let is_named_so = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(is_path_safe);
        entries.filter(is_named_so).map(|entry| entry.path()).filter(|path| path.is_dir())
    }

    fn session_dir(&self, id: &SessionId) -> PathBuf {
        self.dir_of(Shelf::Active, id)
    }

    fn chats_dir(&self) -> PathBuf {
        self.dir.join("chats")
    }
}

/// Whether a session's name can be the name of a directory, and of nothing else.
#[must_use]
pub fn is_path_safe(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=128).contains(&name.len()) && !name.starts_with('.') && name.chars().all(plain)
}

/// What people say to their agents is nobody else's business.
const OWNER_ONLY: u32 = 0o700;

fn restrict(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(OWNER_ONLY))
}
