//! Events on their way into a replay: how one is written, and how two become one again.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    ClientId, Envelope, EventType, Millis, PromptId,
    event::ENVELOPE_VERSION,
    transcript::{Seq, step::Folded},
};

/// Events on their way into a replay, by place. Two facts of one original event become one event again.
#[derive(Debug, Default)]
pub(super) struct Stage {
    events: BTreeMap<Seq, Envelope>,
}

impl Stage {
    pub(super) fn put(&mut self, seq: Seq, event: Envelope) {
        let seq = seq.of_event();
        match self.events.get_mut(&seq) {
            Some(present) => merge(present, event),
            None => {
                self.events.insert(seq, event);
            }
        }
    }

    pub(super) fn has(&self, seq: Seq) -> bool {
        self.events.contains_key(&seq.of_event())
    }

    /// In the order of their places.
    pub(super) fn into_events(self) -> Vec<Envelope> {
        self.events.into_values().collect()
    }

    /// Bytes of JSON, with a comma each.
    pub(super) fn bytes(&self) -> usize {
        self.events.values().map(|event| json_bytes(event) + 1).sum()
    }
}

/// An event at its place. Places of events without an id have none to write.
pub(super) fn envelope(kind: EventType, seq: Seq, data: Value) -> Envelope {
    Envelope {
        id: (seq.of_event().nth == 0).then_some(seq.event),
        v: ENVELOPE_VERSION,
        kind,
        prompt_id: None,
        data,
        originator_client_id: None,
        meta: Map::new(),
    }
}

/// The event with when, in which turn and by whom, and what folding has to add.
pub(super) fn told(
    mut event: Envelope,
    at: Option<Millis>,
    prompt: Option<&PromptId>,
    by: Option<&ClientId>,
    folded: Folded,
) -> Envelope {
    event.prompt_id = prompt.cloned();
    event.originator_client_id = by.cloned();
    if let Some(at) = at {
        event.meta.insert("serverTimestamp".to_owned(), at.0.into());
    }
    mark(&mut event, &folded);
    event
}

pub(super) fn mark(event: &mut Envelope, folded: &Folded) {
    if *folded != Folded::default() {
        event.meta.insert(Folded::KEY.to_owned(), json!(folded));
    }
}

/// The same object without its top-level nulls.
pub(super) fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// Adds to `present` what `fact`, another part of the same original event, says beside it.
fn merge(present: &mut Envelope, fact: Envelope) {
    let Value::Object(folded) = fact.meta.get(Folded::KEY).cloned().unwrap_or_default() else {
        return merge_meta(present, fact);
    };
    let marks = present.meta.entry(Folded::KEY).or_insert_with(|| json!({}));
    if let Value::Object(marks) = marks {
        marks.extend(folded);
    }
    merge_meta(present, fact);
}

fn merge_meta(present: &mut Envelope, mut fact: Envelope) {
    if present.kind != EventType::SessionUpdate || fact.kind != EventType::SessionUpdate {
        return;
    }
    let Some(Value::Object(more)) = fact.data.pointer_mut("/update/_meta").map(Value::take) else { return };
    let Some(Value::Object(update)) = present.data.get_mut("update") else { return };
    if let Value::Object(meta) = update.entry("_meta").or_insert_with(|| json!({})) {
        meta.extend(more);
    }
}

/// Bytes of `event` as JSON.
fn json_bytes(event: &Envelope) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, event) {
        Ok(()) => count.0,
        // Counting cannot fail and an envelope has string keys only; were it otherwise, the event would not fit.
        Err(_) => usize::MAX / 2,
    }
}
