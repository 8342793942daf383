//! A session's past as `load` answers it: finished turns folded, the running one word for word.

use roost_core::{
    Envelope, EventType,
    event::ENVELOPE_VERSION,
    session::LedgerEntry,
    transcript::{DEFAULT_CAP_BYTES, ReplayLimits, Transcript},
};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use super::note;

/// Events of the running turn that a load answers with at most; the newest.
pub const MAX_LIVE_JOURNAL_EVENTS: usize = 10_000;
/// The same in bytes of JSON.
pub const MAX_LIVE_JOURNAL_BYTES: usize = 8 * 1024 * 1024;

/// `compactedReplay` and `liveJournal` of a load, each element an envelope.
#[derive(Debug, Default)]
pub struct History {
    pub compacted_replay: Vec<Box<RawValue>>,
    pub live_journal: Vec<Box<RawValue>>,
    /// Lines of the record that cannot be read. What they said is missing.
    pub damaged_lines: usize,
    /// Of a history cut to a page: the first record in it, where there is something before.
    pub earlier: Option<Earlier>,
}

/// Where the part of a history that was left out ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The first record that is there; what is before it is read with `beforeRecordId`.
    pub anchor: String,
}

/// How much of a history is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Of the folded part, in bytes of JSON.
    pub max_bytes: u64,
    /// Of the folded part, in records, the newest; None is all that fits.
    pub page: Option<usize>,
    /// Ends of the session, which has come back since. A client that is told of one takes the session for dead.
    pub past_ends: bool,
}

impl Extent {
    /// Everything, however much it is.
    pub const WHOLE: Self = Self { max_bytes: u64::MAX, page: None, past_ends: true };
}

/// Folds a journal: events up to and with `folded_until` into what the page's own reducer makes of them, later ones as they are.
/// Nothing after `last_event_id` is looked at. What is older than the extent gives way and is counted (B10, B11).
#[must_use]
pub fn fold(journal: &[u8], folded_until: u64, last_event_id: u64, extent: Extent) -> History {
    let mut transcript = Transcript::new(DEFAULT_CAP_BYTES);
    let mut live_journal = Vec::new();
    let mut last_live = folded_until;
    let mut damaged_lines = 0;
    for line in event_lines(journal) {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(line) else {
            damaged_lines += 1;
            continue;
        };
        let id = envelope.id.unwrap_or_default();
        if id <= folded_until {
            let _ = transcript.apply(&envelope);
        } else if id > last_live && id <= last_event_id {
            last_live = id;
            live_journal.extend(serde_json::from_slice::<Box<RawValue>>(line));
        }
    }
    let max_bytes = usize::try_from(extent.max_bytes).unwrap_or(usize::MAX);
    let mut folded = transcript.to_replay(ReplayLimits { max_bytes }).events;
    if !extent.past_ends {
        folded.retain(|event| !matches!(event.kind, EventType::SessionClosed | EventType::SessionDied));
    }
    let earlier = extent.page.and_then(|records| cut_to_page(&mut folded, records));
    let compacted_replay = folded.iter().filter_map(|event| to_raw_value(event).ok()).collect();
    History { compacted_replay, live_journal, damaged_lines, earlier }
}

impl History {
    /// The running turn is kept word for word, but not without end: what is older than its newest events is left out, and the first
    /// element says how much that is.
    #[must_use]
    pub fn capped(mut self, max_events: usize, max_bytes: usize) -> Self {
        let mut bytes = 0;
        let newest = self.live_journal.iter().rev().take(max_events).map(|event| event.get().len() + 1);
        let retained = newest.take_while(|length| {
            bytes += length;
            bytes <= max_bytes
        });
        let retained = retained.count();
        let truncated = self.live_journal.len() - retained;
        if truncated == 0 {
            return self;
        }
        self.live_journal.drain(..truncated);
        let data = json!({
            "reason": "replay_window_exceeded", "scope": "live_journal", "truncatedEvents": truncated,
            "retainedEvents": retained, "maxBytes": max_bytes, "maxEvents": max_events, "fullTranscriptAvailable": true,
        });
        let notice = json!({"v": ENVELOPE_VERSION, "type": EventType::HistoryTruncated, "data": data});
        self.live_journal.splice(..0, to_raw_value(&notice).ok());
        self
    }
}

/// Keeps the newest records and what is about the session as it stands; None when nothing had to go.
fn cut_to_page(events: &mut Vec<Envelope>, records: usize) -> Option<Earlier> {
    let is_record = |event: &Envelope| event.kind == EventType::SessionUpdate && event.id.is_some();
    let places = events.iter().enumerate().filter(|(_, event)| is_record(event)).map(|(place, _)| place);
    let places: Vec<usize> = places.collect();
    let first = *places.len().checked_sub(records).filter(|left_out| *left_out > 0).and_then(|at| places.get(at))?;
    let anchor = events[first].id?.to_string();
    let mut place = 0;
    events.retain(|event| {
        place += 1;
        place > first || stands(event)
    });
    Some(Earlier { anchor })
}

/// Whether an event says how the session stands, whenever that was said.
fn stands(event: &Envelope) -> bool {
    match &event.kind {
        EventType::SessionMetadataUpdated | EventType::PendingPromptAdded | EventType::PermissionRequest => true,
        EventType::SessionUpdate => event.data["update"]["sessionUpdate"] == "available_commands_update",
        _ => false,
    }
}

/// The same journal in fewer bytes: events up to and with `folded_until` folded, later ones and nothing else kept. What stands besides, `ledger`, goes first.
#[must_use]
pub(crate) fn compact(journal: &[u8], folded_until: u64, ledger: &[LedgerEntry]) -> Vec<u8> {
    let history = fold(journal, folded_until, u64::MAX, Extent::WHOLE);
    let mut text = Vec::new();
    note::write_fold(&mut text, folded_until + 1);
    ledger.iter().for_each(|entry| note::write_entry(&mut text, Some(entry), 0));
    // What has no id says only that something older is gone; it will be said again.
    let lines = history.compacted_replay.iter().chain(&history.live_journal).map(|line| line.get());
    for line in lines.filter(|line| line.starts_with("{\"id\":")) {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    // Whoever looks for the last note from the end finds it at once.
    note::write_entry(&mut text, None, 0);
    text
}

/// The lines of a journal that are events.
pub(super) fn event_lines(journal: &[u8]) -> impl Iterator<Item = &[u8]> {
    journal.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !note::is_note(line))
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
        let history = fold(&journal(1..=9), 5, 8, Extent::WHOLE);
        assert_eq!(texts(&history.compacted_replay), "w1 w2 w3 w4 w5 ");
        assert_eq!(history.live_journal.len(), 3);
        assert_eq!(texts(&history.live_journal), "w6 w7 w8 ");
    }

    #[test]
    fn a_folded_journal_tells_the_same_story_in_fewer_lines() {
        let text = journal(1..=100);
        let folded = compact(&text, 90, &[]);
        assert!(folded.len() < text.len());
        let (before, after) = (fold(&text, 100, 100, Extent::WHOLE), fold(&folded, 100, 100, Extent::WHOLE));
        assert_eq!(texts(&after.compacted_replay), texts(&before.compacted_replay));
        assert!(folded.starts_with(b"{\"ledger\":null,\"verbatimFrom\":91}\n"));
    }

    #[test]
    fn lines_that_cannot_be_read_are_left_out() {
        let mut text = journal(1..=2);
        text.extend_from_slice(b"\xff\xfe{}\n{\"id\":\n");
        text.extend_from_slice(&journal(5..=5));
        let history = fold(&text, 5, 5, Extent::WHOLE);
        assert_eq!(texts(&history.compacted_replay), "w1 w2 w5 ");
        assert_eq!(history.damaged_lines, 2);
    }

    /// Turns of one word each, `count` of them.
    fn turns(count: u64) -> Vec<u8> {
        let turn = |n: u64| {
            let end = format!(
                r#"{{"id":{},"v":1,"type":"turn_complete","data":{{"sessionId":"s","stopReason":"end_turn","promptId":"p{n}"}}}}"#,
                2 * n
            );
            format!("{}\n{end}\n", chunk(2 * n - 1, &format!("w{n} ")))
        };
        (1..=count).map(turn).collect::<String>().into_bytes()
    }

    fn ids(entries: &[Box<RawValue>]) -> Vec<Option<u64>> {
        let envelopes = entries.iter().filter_map(|entry| serde_json::from_str::<Envelope>(entry.get()).ok());
        envelopes.map(|envelope| envelope.id).collect()
    }

    /// B10: a turn that has ended is folded, the running one is kept as it is.
    #[test]
    fn b10_ended_turns_are_folded_and_the_running_one_is_not() {
        let history = fold(&journal(1..=9), 5, 9, Extent::WHOLE);
        assert_eq!(ids(&history.compacted_replay), [Some(1)], "five chunks of one message are one");
        assert_eq!(ids(&history.live_journal), [Some(6), Some(7), Some(8), Some(9)]);
    }

    /// B11: what does not fit is left out from the oldest on, and the first element, which has no id, counts it.
    #[test]
    fn b11_the_oldest_gives_way_and_is_counted() {
        let text = turns(100);
        let history = fold(&text, 200, 200, Extent { max_bytes: 4_000, ..Extent::WHOLE });
        let first: Envelope = serde_json::from_str(history.compacted_replay[0].get()).expect("an envelope");
        assert_eq!((first.id, first.kind), (None, EventType::HistoryTruncated));
        assert_eq!(first.data["reason"], "replay_window_exceeded");
        assert!(first.data["truncatedEvents"].as_u64().is_some_and(|count| count > 0));
        assert!(texts(&history.compacted_replay).ends_with("w100 "));
        let bytes: usize = history.compacted_replay.iter().map(|event| event.get().len() + 1).sum();
        assert!(bytes <= 4_000, "{bytes}");
    }

    /// B11: the running turn has caps of its own.
    #[test]
    fn b11_a_running_turn_without_end_is_cut_from_its_oldest_on() {
        let long = || fold(&journal(1..=50), 0, 50, Extent::WHOLE);
        let capped = long().capped(10, usize::MAX);
        assert_eq!(capped.live_journal.len(), 11);
        let first: Envelope = serde_json::from_str(capped.live_journal[0].get()).expect("an envelope");
        assert_eq!(first.data["scope"], "live_journal");
        assert_eq!((&first.data["truncatedEvents"], &first.data["retainedEvents"]), (&json!(40), &json!(10)));
        let of_one: usize = long().live_journal[49].get().len() + 1;
        assert_eq!(ids(&long().capped(100, 2 * of_one).live_journal), [None, Some(49), Some(50)]);
        assert_eq!(long().capped(50, usize::MAX).live_journal.len(), 50);
    }

    /// R1: a page is the newest records, and names the one before which there is more.
    #[test]
    fn r1_a_page_is_the_newest_records_and_where_they_begin() {
        let text = turns(10);
        let page = |records| fold(&text, 20, 20, Extent { page: Some(records), ..Extent::WHOLE });
        let newest = page(3);
        assert_eq!(texts(&newest.compacted_replay), "w8 w9 w10 ");
        assert_eq!(newest.earlier, Some(Earlier { anchor: "15".to_owned() }));
        assert_eq!(page(10).earlier, None);
        assert_eq!(texts(&page(11).compacted_replay), texts(&page(10).compacted_replay));
    }
}
