//! What the daemon notes in a journal between the events: which prompts were accepted and settled, and what else it has to know of a session
//! after a restart.

use roost_core::session::LedgerEntry;
use serde::{Deserialize, Serialize};

/// How the line of every note begins; an event's line begins with its id.
const PREFIX: &[u8] = b"{\"ledger\":";

/// A note as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    #[serde(default)]
    pub(super) ledger: Option<LedgerEntry>,
    /// Prompts that owe their terminal, this entry included.
    #[serde(default)]
    pub(super) open: usize,
    /// The events before this id are folded: each stands for several, and none can be replayed.
    #[serde(default)]
    pub(super) verbatim_from: Option<u64>,
}

/// A note as it is written.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    ledger: Option<&'a LedgerEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbatim_from: Option<u64>,
}

/// Writes down an entry, and how many prompts owe their terminal after it. Without an entry it says only that.
pub fn write_entry(text: &mut Vec<u8>, ledger: Option<&LedgerEntry>, open: usize) {
    write(text, &Line { ledger, open: Some(open), verbatim_from: None });
}

/// Writes down that the events before this one are folded.
pub(super) fn write_fold(text: &mut Vec<u8>, verbatim_from: u64) {
    write(text, &Line { verbatim_from: Some(verbatim_from), ..Line::default() });
}

fn write(text: &mut Vec<u8>, line: &Line<'_>) {
    serde_json::to_writer(&mut *text, line).expect("a Vec takes every write, and entries have string keys only");
    text.push(b'\n');
}

/// Whether a line of a journal is a note.
pub(super) fn is_note(line: &[u8]) -> bool {
    line.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_known_by_its_beginning_and_read_back() {
        let mut text = Vec::new();
        let settled = LedgerEntry::PromptSettled { prompt_id: "p1".into() };
        write_entry(&mut text, Some(&settled), 2);
        write_entry(&mut text, None, 1);
        write_fold(&mut text, 7);
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        assert!(lines.iter().all(|line| is_note(line)));
        let read = |line: &[u8]| serde_json::from_slice::<Note>(line).expect("a note");
        let [entry, count, fold] = lines[..] else { panic!("three lines") };
        assert!(
            matches!(read(entry).ledger, Some(LedgerEntry::PromptSettled { prompt_id }) if prompt_id == "p1".into())
        );
        assert_eq!((read(entry).open, read(count).open), (2, 1));
        assert_eq!(read(fold).verbatim_from, Some(7));
    }
}
