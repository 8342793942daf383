//! Folded history: the transcript written back as events (rules B10, B11).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    ClientId, Envelope, EventType, Millis, PromptId,
    event::ENVELOPE_VERSION,
    payload::{ContentBlock, HistoryTruncated, Usage},
    transcript::{Entry, Seq, Transcript, Turn, TurnId, state::Slot, step::Folded},
};

/// What `history_truncated` takes at most, in bytes of JSON.
const MARK_BYTES: usize = 400;

/// How much a replay may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayLimits {
    /// Bytes of JSON, over all events. The oldest entries are left out to stay below, and their turns with them; what waits for an
    /// answer, the running turn, the queue and the session's state are always in.
    pub max_bytes: usize,
}

impl Default for ReplayLimits {
    /// 4 MiB (`--compacted-replay-max-bytes`).
    fn default() -> Self {
        Self { max_bytes: 4 << 20 }
    }
}

/// A transcript as events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// In order; ids strictly increase, each the id of the first event folded into it. When something older is missing, the first one
    /// is an id-less `history_truncated`.
    pub events: Vec<Envelope>,
    /// What that event says.
    pub truncated: Option<HistoryTruncated>,
}

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

    fn has(&self, seq: Seq) -> bool {
        self.events.contains_key(&seq.of_event())
    }

    /// Bytes of JSON, with a comma each.
    fn bytes(&self) -> usize {
        self.events.values().map(|event| json_bytes(event) + 1).sum()
    }
}

impl Transcript {
    /// Writes the transcript as events that, applied to an empty transcript, show the same.
    #[must_use]
    pub fn to_replay(&self, limits: ReplayLimits) -> Replay {
        let mut stage = self.standing();
        let budget = limits.max_bytes.saturating_sub(self.always_in());
        let (mut kept, mut left_out) = self.fitting(budget);
        if left_out.events > 0 {
            (kept, left_out) = self.fitting(budget.saturating_sub(MARK_BYTES));
        }
        let mut turns: BTreeSet<TurnId> = BTreeSet::new();
        let first = kept.first().map(|entry| entry.id);
        for entry in &kept {
            turns.extend(entry.turn);
        }
        let is_kept = |turn: &Turn| {
            left_out.events == 0
                || turn.is_running()
                || turns.contains(&turn.id)
                || first.is_some_and(|first| first.0 <= turn.id.0)
        };
        let shown = || self.turns.list.iter().filter(|turn| is_kept(turn));
        for turn in shown() {
            stage_terminal(turn, &kept, &mut stage);
        }
        for entry in kept {
            self.stage_entry(entry, &mut stage);
        }
        for turn in shown() {
            self.stage_turn(turn, &mut stage);
        }
        self.stage_slots(&mut stage);
        let hidden = self.turns.list.len() - shown().count();
        self.sealed(stage, left_out.events, hidden as u64, limits)
    }

    /// What every replay holds: the queue and the state.
    fn standing(&self) -> Stage {
        let mut stage = Stage::default();
        for queued in &self.turns.queue {
            let data = json!({"sessionId": self.session_id, "promptId": queued.prompt, "text": queued.text, "queuedAt": queued.queued_at});
            let event = envelope(EventType::PendingPromptAdded, queued.seq, data);
            stage.put(queued.seq, told(event, queued.at, Some(&queued.prompt), queued.by.as_ref(), Folded::default()));
        }
        stage
    }

    /// Bytes of what is in every replay, as far as no entry is part of it.
    fn always_in(&self) -> usize {
        let mut stage = self.standing();
        self.stage_slots(&mut stage);
        stage.bytes()
    }

    /// The newest entries whose events, with those that open, count and end their turns, fit into `budget` bytes, oldest first; and
    /// what that leaves out.
    fn fitting(&self, budget: usize) -> (Vec<&Entry>, LeftOut) {
        let (mut kept, mut left_out, mut bytes) = (Vec::new(), LeftOut::default(), 0);
        let mut turns = self.turns.list.iter().rev().peekable();
        let mut framed: BTreeSet<TurnId> = BTreeSet::new();
        for (entry, events) in self.lines.counted().rev() {
            if left_out.events == 0 {
                let mut stage = Stage::default();
                self.stage_entry(entry, &mut stage);
                // With an entry its turn is shown, and every turn after it.
                let later = std::iter::from_fn(|| turns.next_if(|turn| turn.id.0 >= entry.id.0));
                let own = entry.turn.and_then(|own| self.turns.list.binary_search_by_key(&own, |turn| turn.id).ok());
                let own = own.and_then(|at| self.turns.list.get(at));
                for turn in later.chain(own).filter(|turn| framed.insert(turn.id)) {
                    stage_terminal(turn, &[], &mut stage);
                    self.stage_turn(turn, &mut stage);
                }
                bytes += stage.bytes();
            }
            let waits = self.waiting.iter().any(|(_, id)| *id == entry.id);
            if waits || (bytes <= budget && left_out.events == 0) {
                kept.push(entry);
            } else {
                left_out.events += events;
            }
        }
        kept.reverse();
        (kept, left_out)
    }

    fn stage_turn(&self, turn: &Turn, stage: &mut Stage) {
        if let Some(cancelled) = &turn.cancelled {
            let data = json!({"sessionId": self.session_id, "reason": cancelled.reason});
            let event = envelope(EventType::PromptCancelled, cancelled.seq, without_nulls(data));
            let prompt = turn.opened_as.as_ref();
            stage.put(cancelled.seq, told(event, cancelled.at, prompt, cancelled.by.as_ref(), Folded::default()));
        }
        if let Some(places) = &turn.usage_at {
            if places.first.seq != places.last.seq {
                let requests = Some(turn.requests.saturating_sub(places.last_requests));
                self.stage_usage(&places.first, &turn.earlier_requests, requests, stage);
            }
            let requests = Some(places.last_requests).filter(|requests| *requests != 1);
            self.stage_usage(&places.last, &turn.last_request, requests, stage);
        }
        // A turn nobody prompted must begin exactly here; another one begins with whatever names its prompt.
        if turn.opened_as.is_none() || !stage.has(turn.id.0) {
            let data = self.chunk_data("agent_message_chunk", &ContentBlock::Text(String::new()), None, Map::new());
            let folded = Folded { opens: true, ..Folded::default() };
            let event = envelope(EventType::SessionUpdate, turn.id.0, data);
            stage.put(turn.id.0, told(event, turn.started_at, turn.opened_as.as_ref(), turn.by.as_ref(), folded));
        }
    }

    fn stage_usage(&self, place: &super::turn::UsagePlace, usage: &Usage, requests: Option<u64>, stage: &mut Stage) {
        let mut meta = Map::new();
        meta.insert("usage".to_owned(), json!(usage));
        let extras =
            [("durationMs", usage.duration.0), ("apiErrors", usage.api_errors), ("apiRetries", usage.api_retries)];
        for (key, number) in extras.into_iter().filter(|(_, number)| *number > 0) {
            meta.insert(key.to_owned(), number.into());
        }
        let data = self.chunk_data("agent_message_chunk", &ContentBlock::Text(String::new()), None, meta);
        let event = envelope(EventType::SessionUpdate, place.seq, data);
        let folded = Folded { requests, ..Folded::default() };
        stage.put(place.seq, told(event, place.at, place.prompt.as_ref(), place.by.as_ref(), folded));
    }

    fn stage_slots(&self, stage: &mut Stage) {
        for (slot, (seq, event)) in &self.slots {
            let mut event = event.clone();
            let had_line = matches!(slot, Slot::Mode | Slot::Model | Slot::Recording | Slot::End)
                && event.kind != EventType::SessionUpdate;
            if had_line && !stage.has(*seq) {
                mark(&mut event, &Folded { state_only: true, ..Folded::default() });
            }
            stage.put(*seq, event);
        }
    }

    fn sealed(&self, stage: Stage, left_out: u64, hidden_turns: u64, limits: ReplayLimits) -> Replay {
        let older = self.state.truncation.as_ref();
        let gone = self.lines.dropped.events + left_out + older.map_or(0, |older| older.truncated_events);
        let turns =
            self.lines.dropped.turns + hidden_turns + older.and_then(|older| older.truncated_turns).unwrap_or(0);
        let mut events: Vec<_> = stage.events.into_values().collect();
        if gone == 0 && older.is_none() {
            return Replay { events, truncated: None };
        }
        let truncated = HistoryTruncated {
            reason: "replay_window_exceeded".into(),
            truncated_events: gone,
            retained_events: events.len() as u64,
            max_bytes: limits.max_bytes as u64,
            truncated_turns: Some(turns),
            full_transcript_available: older.is_some_and(|older| older.full_transcript_available),
        };
        events.insert(
            0,
            Envelope { id: None, ..envelope(EventType::HistoryTruncated, Seq::default(), json!(truncated)) },
        );
        Replay { events, truncated: Some(truncated) }
    }

    /// `session_update.data` of a message piece.
    pub(super) fn chunk_data(
        &self,
        kind: &str,
        content: &ContentBlock,
        message_id: Option<&str>,
        meta: Map<String, Value>,
    ) -> Value {
        let mut update = Map::new();
        update.insert("sessionUpdate".to_owned(), kind.into());
        update.insert("content".to_owned(), content.to_value());
        if let Some(id) = message_id {
            update.insert("messageId".to_owned(), id.into());
        }
        self.update_data(update, meta)
    }

    pub(super) fn update_data(&self, mut update: Map<String, Value>, meta: Map<String, Value>) -> Value {
        if !meta.is_empty() {
            update.insert("_meta".to_owned(), Value::Object(meta));
        }
        without_nulls(json!({"sessionId": self.session_id, "update": update}))
    }
}

/// The event that ended a turn, as it came. An error whose line is left out only ends it.
fn stage_terminal(turn: &Turn, kept: &[&Entry], stage: &mut Stage) {
    let Some(terminal) = &turn.terminal else { return };
    let mut event = (**terminal).clone();
    let seq = match event.id {
        Some(id) => Seq { event: id, nth: 0 },
        None => Seq { nth: turn.id.0.nth + 2, ..turn.id.0 },
    };
    let has_line = kept.binary_search_by_key(&seq, |entry| entry.id.0).is_ok();
    if event.kind == EventType::TurnError && !has_line {
        mark(&mut event, &Folded { state_only: true, ..Folded::default() });
    }
    stage.put(seq, event);
}

#[derive(Clone, Copy, Debug, Default)]
struct LeftOut {
    events: u64,
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
