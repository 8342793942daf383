//! A loaded session whose history is still JSON.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{MapAccess, Visitor},
};
use serde_json::{Deserializer, Map, Value, value::RawValue};

use super::{Cursor, ResumedSession};
use crate::{Envelope, EventType, event::ENVELOPE_VERSION, payload::Read};

/// `POST /session/:id/load`, for a reader to whom a long history is too much at a time: each event is read when it is asked for, in
/// whatever order. What a load with all of it read is, [`LoadedSession`](super::LoadedSession) says.
#[derive(Clone, Debug)]
pub struct UnreadSession {
    pub resumed: ResumedSession,
    /// Finished turns, folded, and behind them the running one, as it was sent.
    history: Vec<Box<RawValue>>,
    folded: usize,
}

impl UnreadSession {
    /// How many events there are to apply before the stream from [`Self::cursor`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.history.len()
    }

    /// A session in which nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.history.is_empty()
    }

    /// How many of them are of finished turns; the rest is the running turn.
    #[must_use]
    pub fn folded(&self) -> usize {
        self.folded
    }

    /// The event at this place, oldest first. One that is no envelope comes as an event of an unknown type, so that a reader sees that
    /// something stood there.
    #[must_use]
    pub fn event(&self, place: usize) -> Option<Envelope> {
        let json = self.history.get(place)?.get();
        let read = serde_json::from_str(json).ok().and_then(Envelope::take);
        Some(read.unwrap_or_else(|| unreadable(json)))
    }

    /// A stream from here on continues the history without a gap.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.resumed.cursor()
    }

    pub(super) fn parse(body: &str) -> Result<Self, String> {
        let mut json = Deserializer::from_str(body);
        let parts = json.deserialize_map(Parts::default()).and_then(|parts| json.end().map(|()| parts));
        let Parts { head, mut folded, live } = parts.map_err(|error| error.to_string())?;
        let resumed = ResumedSession::read(&Value::Object(head)).ok_or("it lacks what it is for")?;
        let count = folded.len();
        folded.extend(live);
        Ok(Self { resumed, history: folded, folded: count })
    }
}

fn unreadable(json: &str) -> Envelope {
    Envelope {
        id: None,
        v: ENVELOPE_VERSION,
        kind: EventType::Other("unreadable_event".into()),
        prompt_id: None,
        data: json.into(),
        originator_client_id: None,
        meta: Map::new(),
    }
}

/// The fields of the answer, the two long ones apart.
#[derive(Default)]
struct Parts {
    head: Map<String, Value>,
    folded: Vec<Box<RawValue>>,
    live: Vec<Box<RawValue>>,
}

impl<'de> Visitor<'de> for Parts {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a loaded session")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<Self, A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "compactedReplay" => self.folded = fields.next_value::<Option<_>>()?.unwrap_or_default(),
                "liveJournal" => self.live = fields.next_value::<Option<_>>()?.unwrap_or_default(),
                _ => {
                    self.head.insert(name, fields.next_value()?);
                }
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{
        SessionId,
        client::{Answer, CallError, routes},
        transcript::{Body, Notice, Transcript},
    };

    const HEAD: &str = r#""sessionId":"s","workspaceCwd":"/w","attached":true,"clientId":"client_1","state":{},
        "lastEventId":5,"eventEpoch":"e""#;

    fn read(body: &str) -> Result<UnreadSession, CallError> {
        let answer = Answer { status: 200, retry_after: None, body: body.as_bytes() };
        routes::load_unread(&SessionId::from("s")).read(&answer)
    }

    fn both(history: &str) -> UnreadSession {
        let body = format!("{{{HEAD},{history}}}");
        let unread = read(&body).expect("a load");
        let answer = Answer { status: 200, retry_after: None, body: body.as_bytes() };
        let loaded = routes::load(&SessionId::from("s")).read(&answer).expect("a load");
        assert_eq!(unread.resumed, loaded.resumed);
        assert_eq!(unread.cursor(), loaded.cursor());
        assert_eq!(unread.folded(), loaded.compacted_replay.len());
        let events: Vec<_> = (0..unread.len()).filter_map(|place| unread.event(place)).collect();
        assert_eq!(events.iter().collect::<Vec<_>>(), loaded.history().collect::<Vec<_>>());
        unread
    }

    #[test]
    fn it_says_the_same_as_a_load_that_is_read_at_once() {
        let unread = both(
            r#""compactedReplay":[{"v":1,"type":"history_truncated","data":{}},{"id":3,"v":1,"type":"session_update",
                "data":{"a":[1,{"b":"\n"}]}}],"liveJournal":[{"id":5,"v":1,"type":"session_update","data":{}}]"#,
        );
        assert_eq!((unread.len(), unread.event(2).and_then(|event| event.id), unread.event(3)), (3, Some(5), None));
    }

    #[test]
    fn a_history_may_be_missing() {
        assert!(both(r#""compactedReplay":null"#).is_empty());
        assert!(both(r#""partial":true"#).is_empty());
    }

    #[test]
    fn an_event_that_cannot_be_read_is_seen() {
        let unread = read(&format!("{{{HEAD},\"compactedReplay\":[{{\"id\":1}}, 7]}}")).expect("a load");
        let mut transcript = Transcript::default();
        for place in 0..unread.len() {
            let _ = transcript.apply(&unread.event(place).expect("it is there"));
        }
        let lines = transcript.entries().filter(|entry| match &entry.body {
            Body::Notice(notice) => matches!(**notice, Notice::Unknown(_)),
            _ => false,
        });
        assert_eq!(lines.count(), 2);
    }

    #[test]
    fn what_is_no_load_is_refused() {
        for body in ["null", "[]", "{}", r#"{"compactedReplay":7}"#, &format!("{{{HEAD}}} x"), &format!("{{{HEAD}")] {
            assert!(matches!(read(body), Err(CallError::Garbled(_))), "{body}");
        }
    }
}
