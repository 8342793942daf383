//! A session's past as `load` answers it: finished turns folded, the running one word for word.

use roost_core::{
    Envelope,
    transcript::{DEFAULT_CAP_BYTES, ReplayLimits, Transcript},
};
use serde_json::value::{RawValue, to_raw_value};

use super::journal;

/// `compactedReplay` and `liveJournal` of a load, each element an envelope.
#[derive(Debug, Default)]
pub struct History {
    pub compacted_replay: Vec<Box<RawValue>>,
    pub live_journal: Vec<Box<RawValue>>,
}

/// Folds a journal: events up to and with `folded_until` into what the page's own reducer makes of them, later ones as they are.
/// Nothing after `last_event_id` is looked at. The folded part takes at most `max_bytes`; what is older gives way and is counted.
#[must_use]
pub fn fold(journal: &[u8], folded_until: u64, last_event_id: u64, max_bytes: u64) -> History {
    let mut transcript = Transcript::new(DEFAULT_CAP_BYTES);
    let mut live_journal = Vec::new();
    let mut last_live = folded_until;
    for line in event_lines(journal) {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(line) else { continue };
        let id = envelope.id.unwrap_or_default();
        if id <= folded_until {
            let _ = transcript.apply(&envelope);
        } else if id > last_live && id <= last_event_id {
            last_live = id;
            live_journal.extend(serde_json::from_slice::<Box<RawValue>>(line));
        }
    }
    let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let folded = transcript.to_replay(ReplayLimits { max_bytes }).events;
    History { compacted_replay: folded.iter().filter_map(|event| to_raw_value(event).ok()).collect(), live_journal }
}

/// The same journal in fewer bytes: events up to and with `folded_until` folded, later ones and nothing else kept. `notes` go first.
#[must_use]
pub(crate) fn compact(journal: &[u8], folded_until: u64, notes: &[u8]) -> Vec<u8> {
    let history = fold(journal, folded_until, u64::MAX, u64::MAX);
    let mut text = format!("{{\"ledger\":null,\"verbatimFrom\":{}}}\n", folded_until + 1).into_bytes();
    text.extend_from_slice(notes);
    // What has no id says only that something older is gone; it will be said again.
    let lines = history.compacted_replay.iter().chain(&history.live_journal).map(|line| line.get());
    for line in lines.filter(|line| line.starts_with("{\"id\":")) {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

/// The lines of a journal that are events.
fn event_lines(journal: &[u8]) -> impl Iterator<Item = &[u8]> {
    journal.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(journal::NOTE_PREFIX))
}
