//! A session's record, read back.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use roost_core::{
    Envelope, EventEpoch, EventType, Millis, PromptId, SessionId,
    bus::{BusLimits, Frame, Tail},
    session::LedgerEntry,
};

use super::{
    hold::Hold,
    journal::{self, Journal},
    meta::{self, Meta},
    note::{self, Note},
    regular,
};

/// Everything needed to go on with a session.
#[derive(Debug)]
pub struct Record {
    pub dir: PathBuf,
    pub meta: Meta,
    pub journal: Journal,
    pub hold: Hold,
    pub tail: Tail,
    /// What the daemon noted, and what the events say about it, in order.
    pub ledger: Vec<LedgerEntry>,
    /// Accepted prompts without a terminal.
    pub open_prompts: BTreeSet<PromptId>,
}

impl Record {
    pub(super) fn open(dir: &Path, id: &SessionId, cwd: &Path, limits: BusLimits, hold: Hold) -> io::Result<Self> {
        let (meta, mut is_whole) = match Meta::read(dir) {
            Ok(meta) if meta.session_id == *id => (meta, true),
            // A damaged name, or a copy somebody has made: under the name it gives it would take another session's place.
            Ok(meta) => {
                tracing::error!(session = %id, named = %meta.session_id, "meta.json is another session's; the session goes on under a new epoch");
                (Meta { session_id: id.clone(), ..meta }, false)
            }
            Err(error) => {
                tracing::error!(%error, session = %id, "meta.json is damaged; the session goes on under a new epoch");
                (Meta::rescue(dir, id, cwd), false)
            }
        };
        let opened = regular::check_journal(&dir.join(Journal::FILE)).and_then(|()| Journal::open(dir));
        let (journal, text) = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                is_whole = false;
                (Journal::create(dir)?, Vec::new())
            }
            opened => opened?,
        };
        let mut record = Self {
            dir: dir.to_owned(),
            meta,
            journal,
            hold,
            tail: Tail::new(limits),
            ledger: Vec::new(),
            open_prompts: BTreeSet::new(),
        };
        is_whole &= record.replay(&text);
        record.confirm_epoch(is_whole)?;
        Ok(record)
    }

    /// False when there was a line that cannot be read.
    fn replay(&mut self, text: &[u8]) -> bool {
        let (mut damaged, mut verbatim_from) = (0_u32, 0);
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if note::is_note(line) {
                match serde_json::from_slice::<Note>(line) {
                    Ok(note) => {
                        verbatim_from = note.verbatim_from.unwrap_or(verbatim_from);
                        note.ledger.into_iter().for_each(|entry| self.note(entry));
                    }
                    Err(_) => damaged += 1,
                }
            } else if let Some(frame) = std::str::from_utf8(line).ok().and_then(|line| Frame::from_json(line).ok()) {
                self.event(frame, line, verbatim_from);
            } else {
                damaged += 1;
                self.tail.skip_unreadable();
            }
        }
        if damaged > 0 {
            tracing::error!(session = %self.meta.session_id, lines = damaged, "the journal is damaged; the session goes on under a new epoch");
        }
        damaged == 0
    }

    fn event(&mut self, frame: Frame, line: &[u8], verbatim_from: u64) {
        let concerns_the_ledger = matches!(
            frame.kind,
            EventType::TurnComplete
                | EventType::TurnError
                | EventType::PermissionRequest
                | EventType::PermissionResolved
        );
        if concerns_the_ledger && let Ok(envelope) = serde_json::from_slice::<Envelope>(line) {
            LedgerEntry::from_event(&envelope).into_iter().for_each(|entry| self.note(entry));
        }
        if frame.id < verbatim_from {
            self.tail.skip_to(frame.id + 1);
        } else {
            self.tail.push(frame);
        }
    }

    /// Says what the session was made for, if nobody has said that yet.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn attribute(&mut self, kind: Option<&str>, id: Option<&str>) -> io::Result<()> {
        if self.meta.source_type.is_some() || kind.is_none() {
            return Ok(());
        }
        (self.meta.source_type, self.meta.source_id) = (kind.map(Into::into), id.map(Into::into));
        self.meta.write(&self.dir)
    }

    fn note(&mut self, entry: LedgerEntry) {
        entry.account(&mut self.open_prompts);
        self.ledger.push(entry);
    }

    /// A client may hold a cursor into what this journal does not have: then the numbering must not go on under the same name.
    fn confirm_epoch(&mut self, is_whole: bool) -> io::Result<()> {
        let incomplete = self.dir.join(Journal::INCOMPLETE);
        let was_degraded = incomplete.exists();
        let same_boot = self.meta.boot_id == meta::boot_id();
        let is_sure = is_whole && !was_degraded && (same_boot || self.meta.closed);
        if is_sure && same_boot && !self.meta.closed {
            return Ok(());
        }
        if !is_sure {
            self.meta.epoch = EventEpoch::from(uuid::Uuid::new_v4().to_string());
        }
        self.meta.boot_id = meta::boot_id();
        self.meta.closed = false;
        self.meta.write(&self.dir)?;
        if was_degraded {
            fs::remove_file(incomplete)?;
        }
        Ok(())
    }
}

/// How many accepted prompts of a session owe their terminal, without reading all of its journal.
pub(super) fn owed_prompts(dir: &Path) -> io::Result<usize> {
    let path = dir.join(Journal::FILE);
    let last = match regular::check_journal(&path).and_then(|()| journal::last_note(&path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        last => last?,
    };
    let owed = |note: &[u8]| serde_json::from_slice::<Note>(note).ok().map(|note| note.open);
    let Some(last) = last else { return Ok(0) };
    if let Some(owed) = owed(&last) {
        return Ok(owed);
    }
    // A power cut has torn it: the one before it counts.
    let text = Journal::read(&path)?;
    let mut notes = text.split(|byte| *byte == b'\n').rev().filter(|line| note::is_note(line));
    Ok(notes.find_map(owed).unwrap_or_default())
}

impl Meta {
    /// What can be said about a session whose `meta.json` is gone or damaged.
    pub(super) fn rescue(dir: &Path, id: &SessionId, cwd: &Path) -> Self {
        let made = fs::metadata(dir).and_then(|dir| dir.modified()).ok();
        let since_epoch = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        let created_at = Millis(u64::try_from(since_epoch.as_millis()).unwrap_or_default());
        Self::new(id.clone(), cwd, created_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_a_power_cut_has_torn_hides_nothing_that_is_owed() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        for tail in ["", "{\"ledger\":{\"promptSet", "{\"ledger\":{\"promptSet\0\0\0\0", "\0\0\0\0"] {
            let text = format!("{{\"ledger\":null,\"open\":1}}\n{{\"ledger\":null,\"open\":2}}\n{{\"id\":1}}\n{tail}");
            fs::write(dir.path().join(Journal::FILE), text)?;
            assert_eq!(owed_prompts(dir.path())?, 2, "{tail:?}");
        }
        Ok(())
    }
}
