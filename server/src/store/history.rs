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
    // Whoever looks for the last note from the end finds it at once.
    text.extend_from_slice(b"{\"ledger\":null,\"open\":0}\n");
    text
}

/// The lines of a journal that are events.
pub(super) fn event_lines(journal: &[u8]) -> impl Iterator<Item = &[u8]> {
    journal.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(journal::NOTE_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(id: u64, text: &str) -> String {
        let update =
            format!(r#"{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"{text}"}}}}"#);
        format!(
            r#"{{"id":{id},"v":1,"type":"session_update","data":{{"sessionId":"s","update":{update}}},"_meta":{{"serverTimestamp":1}}}}"#
        )
    }

    fn journal(ids: std::ops::RangeInclusive<u64>) -> Vec<u8> {
        let lines = ids.map(|id| format!("{}\n", chunk(id, &format!("w{id} "))));
        lines.collect::<String>().into_bytes()
    }

    fn texts(entries: &[Box<RawValue>]) -> String {
        let envelopes = entries.iter().filter_map(|entry| serde_json::from_str::<Envelope>(entry.get()).ok());
        envelopes.filter_map(|envelope| Some(envelope.data["update"]["content"]["text"].as_str()?.to_owned())).collect()
    }

    #[test]
    fn what_is_folded_and_what_is_live_is_the_whole_up_to_the_cursor() {
        let history = fold(&journal(1..=9), 5, 8, u64::MAX);
        assert_eq!(texts(&history.compacted_replay), "w1 w2 w3 w4 w5 ");
        assert_eq!(history.live_journal.len(), 3);
        assert_eq!(texts(&history.live_journal), "w6 w7 w8 ");
    }

    #[test]
    fn a_folded_journal_tells_the_same_story_in_fewer_lines() {
        let text = journal(1..=100);
        let folded = compact(&text, 90, b"");
        assert!(folded.len() < text.len());
        let (before, after) = (fold(&text, 100, 100, u64::MAX), fold(&folded, 100, 100, u64::MAX));
        assert_eq!(texts(&after.compacted_replay), texts(&before.compacted_replay));
        assert!(folded.starts_with(b"{\"ledger\":null,\"verbatimFrom\":91}\n"));
    }

    #[test]
    fn lines_that_cannot_be_read_are_left_out() {
        let mut text = journal(1..=2);
        text.extend_from_slice(b"\xff\xfe{}\n{\"id\":\n");
        text.extend_from_slice(&journal(5..=5));
        assert_eq!(texts(&fold(&text, 5, 5, u64::MAX).compacted_replay), "w1 w2 w5 ");
    }
}
