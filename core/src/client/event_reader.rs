//! Reads one session's events over however many connections it takes.

use super::Cursor;
use crate::{
    Envelope, EventEpoch, EventType,
    payload::{Malformed, ResyncRequired, decode},
    sse::{Frame, Oversize, Parser},
};

/// Turns the bytes of successive streams into events, and knows where the next stream has to begin.
///
/// Laws: an id is reported once, and ids are reported in order; whenever something may be missing, [`News::Resync`] says so first.
#[derive(Debug)]
pub struct EventReader {
    cursor: Cursor,
    /// The next id is one more than the cursor's. Not so at the start and after a resync mark.
    contiguous: bool,
    parser: Parser,
}

/// What a reader learns.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    Event(Envelope),
    /// What was reported so far cannot be continued without a gap: load the session again, or live with it.
    Resync(Resync),
}

/// Why something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resync {
    /// The daemon says so.
    Marked(ResyncRequired),
    /// The daemon says so, in a payload that cannot be read.
    Unreadable(Malformed),
    /// Ids were skipped.
    Gap { after: u64, next: u64 },
}

impl EventReader {
    /// A reader that goes on after `cursor`.
    #[must_use]
    pub fn new(cursor: Cursor) -> Self {
        Self { cursor, contiguous: true, parser: Parser::default() }
    }

    /// Where the next stream has to begin.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Another stream begins, under the epoch its head names. What the last one left unfinished is dropped.
    pub fn begin(&mut self, epoch: Option<EventEpoch>) {
        self.parser = Parser::default();
        let Some(epoch) = epoch else { return };
        if self.cursor.epoch.as_ref().is_some_and(|known| *known != epoch) {
            self.start_over();
        }
        self.cursor.epoch = Some(epoch);
    }

    /// Reads the next bytes and appends what they tell to `news`.
    ///
    /// # Errors
    /// When the stream breaks the parser's limits; what came before the fault has been appended.
    pub fn push(&mut self, bytes: &[u8], news: &mut Vec<News>) -> Result<(), Oversize> {
        let mut frames = Vec::new();
        let whole = self.parser.push(bytes, &mut frames);
        for frame in frames {
            match frame {
                // One that cannot be read shows as a gap, if it had an id.
                Frame::Event(event) => event.envelope().into_iter().for_each(|event| self.take(event, news)),
                Frame::Comment(_) | Frame::Retry(_) => {}
            }
        }
        whole
    }

    fn take(&mut self, event: Envelope, news: &mut Vec<News>) {
        if event.kind == EventType::StateResyncRequired {
            self.start_over();
            let mark = decode(EventType::StateResyncRequired.as_str(), &event.data);
            news.push(News::Resync(mark.map_or_else(Resync::Unreadable, Resync::Marked)));
        }
        if let Some(id) = event.id {
            let after = self.cursor.last_event_id;
            if id <= after {
                return;
            }
            if self.contiguous && id > after + 1 {
                news.push(News::Resync(Resync::Gap { after, next: id }));
            }
            self.cursor.last_event_id = id;
            self.contiguous = true;
        }
        news.push(News::Event(event));
    }

    /// Whatever comes next is news.
    fn start_over(&mut self) {
        self.cursor.last_event_id = 0;
        self.contiguous = false;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn reader(last_event_id: u64) -> EventReader {
        EventReader::new(Cursor { last_event_id, epoch: Some(EventEpoch::from("e")) })
    }

    fn frame(id: u64) -> String {
        format!(
            "id: {id}\nevent: session_update\ndata: {{\"id\":{id},\"v\":1,\"type\":\"session_update\",\"data\":{{}}}}\n\n"
        )
    }

    const MARK: &str = "event: state_resync_required\ndata: {\"v\":1,\"type\":\"state_resync_required\",\
        \"data\":{\"reason\":\"ring_evicted\",\"lastDeliveredId\":3,\"earliestAvailableId\":40}}\n\n";

    /// Ids as numbers, marks as words.
    fn read(reader: &mut EventReader, stream: &str) -> Vec<String> {
        let mut news = Vec::new();
        reader.push(stream.as_bytes(), &mut news).expect("within the limits");
        let told = news.iter().map(|news| match news {
            News::Event(event) => event.id.map_or_else(|| event.kind.as_str().to_owned(), |id| id.to_string()),
            News::Resync(Resync::Marked(mark)) => format!("resync {}", mark.reason),
            News::Resync(Resync::Gap { after, next }) => format!("gap {after}..{next}"),
            News::Resync(Resync::Unreadable(why)) => why.to_string(),
        });
        told.collect()
    }

    #[test]
    fn a_replay_that_overlaps_is_reported_once() {
        let mut reader = reader(3);
        assert_eq!(read(&mut reader, &[frame(2), frame(3), frame(4)].concat()), ["4"]);
        reader.begin(Some(EventEpoch::from("e")));
        assert_eq!(read(&mut reader, &[frame(4), frame(5)].concat()), ["5"]);
        assert_eq!(reader.cursor().last_event_id, 5);
    }

    #[test]
    fn an_event_cut_off_by_a_lost_connection_is_read_from_the_next() {
        let mut reader = reader(0);
        let second = frame(2);
        assert_eq!(read(&mut reader, &format!("{}{}", frame(1), &second[..second.len() / 2])), ["1"]);
        reader.begin(Some(EventEpoch::from("e")));
        assert_eq!(read(&mut reader, &second), ["2"]);
    }

    #[test]
    fn ids_that_were_left_out_are_told_as_a_gap() {
        let mut reader = reader(3);
        assert_eq!(read(&mut reader, &[frame(4), frame(7), frame(8)].concat()), ["4", "gap 4..7", "7", "8"]);
    }

    #[test]
    fn after_a_mark_whatever_comes_is_news_and_no_gap() {
        let mut reader = reader(3);
        assert_eq!(
            read(&mut reader, &[MARK, &frame(40), &frame(41)].concat()),
            ["resync ring_evicted", "state_resync_required", "40", "41"]
        );
    }

    #[test]
    fn another_epoch_starts_the_count_over() {
        let mut reader = reader(900);
        reader.begin(Some(EventEpoch::from("f")));
        assert_eq!(read(&mut reader, &frame(1)), ["1"]);
        assert_eq!(reader.cursor(), &Cursor { last_event_id: 1, epoch: Some(EventEpoch::from("f")) });
    }

    #[test]
    fn an_event_that_cannot_be_read_shows_as_a_gap() {
        let mut reader = reader(0);
        let garbled = "id: 2\nevent: session_update\ndata: {\"id\":2,\n\n";
        assert_eq!(read(&mut reader, &[&frame(1), garbled, &frame(3)].concat()), ["1", "gap 1..3", "3"]);
    }
}
