//! The driver's pen: collects journal lines and puts them down in one write.

use std::{collections::BTreeSet, io};

use roost_core::{PromptId, bus::Frame, session::LedgerEntry};
use serde::Serialize;

use crate::store::{Journal, Syncing};

/// Buffers kept from one batch to the next are no larger than this.
const KEPT_BUFFER_BYTES: usize = 64 * 1024;

/// A journal with the lines that are still to be written to it.
#[derive(Debug)]
pub(super) struct Recorder {
    journal: Journal,
    lines: Vec<u8>,
    /// Something is among the lines that must be on disk before anyone is told.
    is_binding: bool,
    /// Accepted and not settled.
    open_prompts: BTreeSet<PromptId>,
    /// The journal failed; nothing is written any more.
    degraded: bool,
}

/// A note of the daemon's own between the events.
#[derive(Serialize)]
struct Note<'a> {
    ledger: &'a LedgerEntry,
    /// Prompts that owe their terminal, this entry included.
    open: usize,
}

impl Recorder {
    pub(super) fn new(journal: Journal, open_prompts: BTreeSet<PromptId>) -> Self {
        Self { journal, lines: Vec::new(), is_binding: false, open_prompts, degraded: false }
    }

    pub(super) fn is_degraded(&self) -> bool {
        self.degraded
    }

    pub(super) fn event(&mut self, frame: &Frame) {
        if !self.degraded {
            self.lines.extend_from_slice(&frame.json());
            self.lines.push(b'\n');
        }
    }

    pub(super) fn entry(&mut self, entry: &LedgerEntry) {
        if self.degraded {
            return;
        }
        entry.account(&mut self.open_prompts);
        let note = Note { ledger: entry, open: self.open_prompts.len() };
        // A Vec takes every write, and entries have string keys only.
        let written = serde_json::to_writer(&mut self.lines, &note);
        debug_assert!(written.is_ok(), "{written:?}");
        self.lines.push(b'\n');
        self.is_binding = true;
    }

    /// Writes what was collected. It survives this process from here on, but no power cut. False when the journal has just failed.
    #[must_use]
    pub(super) fn write(&mut self) -> bool {
        let written = self.journal.append(&self.lines);
        self.lines.clear();
        self.lines.shrink_to(KEPT_BUFFER_BYTES);
        self.check(written)
    }

    /// Writes what was collected and, if any of it is binding, waits until it is on disk.
    pub(super) async fn commit(&mut self) -> bool {
        let written = self.write();
        if !std::mem::take(&mut self.is_binding) || self.degraded {
            return written;
        }
        let synced = self.journal.sync().await;
        self.check(synced)
    }

    /// Writes what was collected and hands over what has yet to be waited for, if any of it is binding: whoever tells of it waits, and the
    /// disk works while the agent does. False when the journal has just failed.
    #[must_use]
    pub(super) fn hand_over(&mut self) -> (bool, Option<Syncing>) {
        let written = self.write();
        let is_binding = std::mem::take(&mut self.is_binding) && !self.degraded;
        (written, self.journal.syncing().filter(|_| is_binding))
    }

    /// Something that was handed over did not get to the disk.
    pub(super) fn fail(&mut self, error: io::Error) {
        let _ = self.check(Err(error));
    }

    /// Whether no prompt owes its terminal.
    pub(super) fn is_idle(&self) -> bool {
        self.open_prompts.is_empty()
    }

    /// Whatever is written next waits until it is on disk.
    pub(super) fn bind(&mut self) {
        self.is_binding = true;
    }

    pub(super) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    fn check(&mut self, result: std::io::Result<()>) -> bool {
        if let Err(error) = result {
            tracing::error!(%error, journal = %self.journal.path().display(), "the session is no longer recorded");
            self.degraded = true;
            self.journal.mark_incomplete();
            return false;
        }
        true
    }
}
