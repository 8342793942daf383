//! A session's whole past, read for those who want to see it and not to go on with it.
//!
//! The daemon's journal is read where there is one, else the agent's own record. Either is only ever appended to, or replaced as a
//! whole; so what a file held up to some length it still holds, as long as it is the same file.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use roost_core::{
    Envelope, EventType, SessionId,
    session::LedgerEntry,
    transcript::{DEFAULT_CAP_BYTES, Transcript},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Journal, Project, Shelf, agent_records,
    history::event_lines,
    journal::length_in_whole_lines,
    note::{self, Note},
};

/// Larger records are not read in one go.
pub const MAX_SNAPSHOT_BYTES: u64 = 256 * 1024 * 1024;

/// How much of a snapshot's end is its fingerprint.
const FINGERPRINT_BYTES: usize = 4 * 1024;

/// Where a session's past is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Journal,
    AgentRecord,
}

/// Which file was read, and how much of it. Two readings with equal identities saw the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    dev: u64,
    ino: u64,
    /// In bytes.
    size: u64,
    /// Of the end of what was read, in hexadecimal.
    end: String,
}

/// What a file held when it was looked at.
#[derive(Clone, Debug)]
pub struct Snapshot {
    text: Vec<u8>,
    kind: Kind,
    pub identity: Identity,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("the record has {size} bytes, more than {max_bytes}")]
    TooLarge { size: u64, max_bytes: u64 },
    #[error("the record is not the one that was read before")]
    Changed,
    #[error(transparent)]
    Read(#[from] io::Error),
}

impl Project {
    /// Where the past of a session lies; None when there is nothing of it on this shelf.
    #[must_use]
    pub fn past(&self, shelf: Shelf, id: &SessionId) -> Option<Past> {
        let journal = Past { path: self.dir_of(shelf, id).join(Journal::FILE), kind: Kind::Journal };
        let record = Past { path: self.record_of(shelf, id.as_str()), kind: Kind::AgentRecord };
        super::is_path_safe(id.as_str()).then_some([journal, record])?.into_iter().find(|past| past.path.is_file())
    }
}

impl Past {
    /// Reads all there is now, in whole lines.
    ///
    /// # Errors
    /// There is more than [`MAX_SNAPSHOT_BYTES`], or the file cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, SnapshotError> {
        self.read(None)
    }

    /// Reads what an earlier snapshot read.
    ///
    /// # Errors
    /// It is not there any more, or the file cannot be read.
    pub fn snapshot_again(&self, identity: &Identity) -> Result<Snapshot, SnapshotError> {
        let snapshot = self.read(Some(identity.size))?;
        if snapshot.identity == *identity { Ok(snapshot) } else { Err(SnapshotError::Changed) }
    }

    fn read(&self, size: Option<u64>) -> Result<Snapshot, SnapshotError> {
        let file = File::open(&self.path)?;
        let stat = file.metadata()?;
        let size = size.unwrap_or(stat.len());
        if size > MAX_SNAPSHOT_BYTES {
            return Err(SnapshotError::TooLarge { size, max_bytes: MAX_SNAPSHOT_BYTES });
        }
        let mut text = Vec::new();
        file.take(size).read_to_end(&mut text)?;
        text.truncate(length_in_whole_lines(&text));
        let end = Sha256::digest(&text[text.len().saturating_sub(FINGERPRINT_BYTES)..]);
        let identity = Identity {
            dev: stat.dev(),
            ino: stat.ino(),
            size: text.len() as u64,
            end: end.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        Ok(Snapshot { text, kind: self.kind, identity })
    }
}

impl Snapshot {
    /// The past, folded. Lines that cannot be read are left out.
    #[must_use]
    pub fn fold(&self) -> Transcript {
        let mut transcript = Transcript::new(DEFAULT_CAP_BYTES);
        match self.kind {
            Kind::Journal => {
                for event in event_lines(&self.text).filter_map(|line| serde_json::from_slice::<Envelope>(line).ok()) {
                    let _ = transcript.apply(&event);
                }
            }
            Kind::AgentRecord => {
                for event in agent_records::events(&self.text) {
                    let _ = transcript.apply(&event);
                }
            }
        }
        transcript
    }

    /// Lines that cannot be read.
    #[must_use]
    pub fn damaged_lines(&self) -> usize {
        let is_json = |line: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        let lines = self.text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        match self.kind {
            Kind::Journal => {
                event_lines(&self.text).filter(|line| serde_json::from_slice::<Envelope>(line).is_err()).count()
            }
            Kind::AgentRecord => lines.filter(|line| !is_json(line)).count(),
        }
    }

    /// The ends of turns as they were told, also of those that left nothing else. Empty for a session it has no record of.
    pub(crate) fn ends(&self) -> impl Iterator<Item = Envelope> {
        let is_journal = self.kind == Kind::Journal;
        let may_be_end = |line: &&[u8]| memchr::memmem::find(line, b"\"type\":\"turn_").is_some();
        let lines = event_lines(&self.text).filter(move |line| is_journal && may_be_end(line));
        let read = lines.filter_map(|line| serde_json::from_slice::<Envelope>(line).ok());
        read.filter(|event| matches!(event.kind, EventType::TurnComplete | EventType::TurnError))
    }

    /// What the daemon noted between the events, as it stands. Empty for a session it has no record of.
    pub(crate) fn ledger(&self) -> impl Iterator<Item = LedgerEntry> {
        let is_journal = self.kind == Kind::Journal;
        let lines = self.text.split(|byte| *byte == b'\n').filter(move |line| is_journal && note::is_note(line));
        lines.filter_map(|line| serde_json::from_slice::<Note>(line).ok()?.ledger)
    }
}
