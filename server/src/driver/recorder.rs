//! The driver's pen: collects journal lines and puts them down in one write.

use std::{collections::BTreeSet, io};

use roost_core::{PromptId, bus::Frame, session::LedgerEntry};

use crate::store::{self, Journal, Replacement, Syncing};

/// What the disk does not take is kept up to this many bytes, for the time when it does again.
const MAX_BACKLOG_BYTES: usize = 8 * 1024 * 1024;

/// So much is written before it is synced, though nothing of it is binding: until then it is kept.
const MAX_UNSYNCED_BYTES: usize = 1024 * 1024;

/// Buffers kept from one batch to the next are no larger than this.
const KEPT_BUFFER_BYTES: usize = 64 * 1024;

/// A journal with the lines that are still on their way to the disk.
#[derive(Debug)]
pub(super) struct Recorder {
    journal: Journal,
    /// What is not on disk yet: the lines the journal took since it was last synced, and behind them those it has not taken.
    lines: Vec<u8>,
    /// Something is among the lines that must be on disk before anyone is told.
    is_binding: bool,
    /// Accepted and not settled.
    open_prompts: BTreeSet<PromptId>,
    health: Health,
}

/// How the journal is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    /// It did not take the lines, or did not bring them to the disk. They are kept; each time something binding is recorded it is asked
    /// again.
    Behind,
    /// Lines are lost, or may be. Nothing is written any more.
    Broken,
}

impl Recorder {
    pub(super) fn new(journal: Journal, open_prompts: BTreeSet<PromptId>) -> Self {
        Self { journal, lines: Vec::new(), is_binding: false, open_prompts, health: Health::Well }
    }

    pub(super) fn health(&self) -> Health {
        self.health
    }

    pub(super) fn event(&mut self, frame: &Frame) {
        self.take_down(|lines| {
            lines.extend_from_slice(&frame.json());
            lines.push(b'\n');
        });
    }

    pub(super) fn entry(&mut self, entry: &LedgerEntry) {
        entry.account(&mut self.open_prompts);
        let open = self.open_prompts.len();
        self.take_down(|lines| store::write_entry(lines, Some(entry), open));
        self.is_binding = true;
    }

    fn take_down(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.health == Health::Broken {
            return;
        }
        write(&mut self.lines);
        if self.health == Health::Behind && self.lines.len() > MAX_BACKLOG_BYTES {
            self.give_up();
        }
    }

    /// Writes what was collected. It survives this process from here on, but no power cut.
    pub(super) fn write(&mut self) {
        match self.health {
            Health::Well => self.append(),
            Health::Behind | Health::Broken => {}
        }
    }

    /// Writes what was collected, what the journal did not take before included.
    fn catch_up(&mut self) {
        match self.health {
            Health::Well | Health::Behind => self.append(),
            Health::Broken => {}
        }
    }

    fn append(&mut self) {
        let written = self.journal.unsynced_bytes();
        if let Err(error) = self.journal.append(&self.lines[written..])
            && self.health == Health::Well
        {
            self.fall_behind(&error);
        }
    }

    /// Whether the journal has taken every line.
    fn is_written(&self) -> bool {
        self.health != Health::Broken && self.journal.unsynced_bytes() == self.lines.len()
    }

    /// Whether so much waits to be synced that it should not wait any longer.
    pub(super) fn holds_much(&self) -> bool {
        self.health == Health::Well && self.lines.len() > MAX_UNSYNCED_BYTES
    }

    fn fall_behind(&mut self, error: &io::Error) {
        tracing::error!(%error, journal = %self.journal.path().display(), "the session is not recorded for now");
        self.health = Health::Behind;
        self.journal.mark_incomplete();
    }

    /// Writes what was collected and, if any of it is binding, waits until it is on disk.
    pub(super) async fn commit(&mut self) {
        if !std::mem::take(&mut self.is_binding) {
            return self.write();
        }
        self.catch_up();
        if !self.is_written() {
            return;
        }
        match self.journal.syncing() {
            Some(syncing) => match syncing.finish().await {
                Ok(until) => self.synced(until),
                Err(error) => self.fail(&error),
            },
            None => self.synced(self.journal.bytes()),
        }
    }

    /// Puts everything on disk and makes room for the end of the session, so that what is said when it closes cannot fail for want of it.
    pub(super) async fn secure(&mut self) {
        self.is_binding = true;
        self.commit().await;
        if self.health == Health::Well
            && let Err(error) = self.journal.make_room()
        {
            self.fall_behind(&error);
        }
    }

    /// Writes what was collected and hands over what has yet to be waited for, if any of it is binding: whoever tells of it waits.
    /// What came of it goes to [`Recorder::synced`] or [`Recorder::fail`].
    #[must_use]
    pub(super) fn hand_over(&mut self) -> Option<Syncing> {
        if !std::mem::take(&mut self.is_binding) {
            self.write();
            return None;
        }
        self.catch_up();
        if self.is_written() { self.journal.syncing() } else { None }
    }

    /// The journal is on disk up to this length.
    pub(super) fn synced(&mut self, until: u64) {
        let before = self.journal.unsynced_bytes();
        self.journal.synced_until(until);
        if self.health == Health::Broken {
            return;
        }
        self.lines.drain(..before - self.journal.unsynced_bytes());
        self.lines.shrink_to(KEPT_BUFFER_BYTES);
        if self.health == Health::Behind && self.is_written() {
            tracing::info!(journal = %self.journal.path().display(), "the session is recorded again, and nothing is missing");
            self.health = Health::Well;
            self.journal.mark_complete();
        }
    }

    /// What was written did not get to the disk. The system may have forgotten it by now, so it will be written once more.
    pub(super) fn fail(&mut self, error: &io::Error) {
        match self.health {
            Health::Well => {
                self.journal.take_back();
                self.fall_behind(error);
            }
            Health::Behind => self.journal.take_back(),
            Health::Broken => {}
        }
    }

    fn give_up(&mut self) {
        tracing::error!(journal = %self.journal.path().display(), "the session is no longer recorded: the disk took nothing for too long");
        self.health = Health::Broken;
        self.lines = Vec::new();
    }

    /// Puts the journal in the place of the lines it took, which it holds folded.
    pub(super) fn continue_in(&mut self, replacement: Replacement) {
        let written = self.journal.unsynced_bytes();
        self.journal.continue_in(replacement);
        self.lines.drain(..written);
    }

    /// Nothing more will be recorded.
    pub(super) fn close(&mut self) {
        if self.health == Health::Well {
            self.journal.close();
        }
    }

    /// Whether no prompt owes its terminal.
    pub(super) fn is_idle(&self) -> bool {
        self.open_prompts.is_empty()
    }

    /// Whatever is written next waits until it is on disk.
    pub(super) fn bind(&mut self) {
        self.is_binding = true;
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }
}
