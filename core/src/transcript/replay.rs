//! Folded history: the transcript written back as events (rules B10, B11).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    Envelope, EventType,
    payload::{ContentBlock, HistoryTruncated},
    transcript::{
        Entry, Seq, Transcript, Turn, TurnId,
        stage::{Stage, envelope, mark, told, without_nulls},
        state::Slot,
        step::Folded,
        turn_events::stage_terminal,
    },
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

impl Transcript {
    /// Writes the transcript as events that, applied to an empty transcript, show the same.
    #[must_use]
    pub fn to_replay(&self, limits: ReplayLimits) -> Replay {
        let mut stage = self.standing();
        let budget = limits.max_bytes.saturating_sub(self.always_in());
        let (mut kept, mut left_out) = self.fitting(budget);
        if left_out > 0 {
            (kept, left_out) = self.fitting(budget.saturating_sub(MARK_BYTES));
        }
        let turns: BTreeSet<TurnId> = kept.iter().filter_map(|entry| entry.turn).collect();
        let first = kept.first().map(|entry| entry.id);
        let is_kept = |turn: &Turn| {
            left_out == 0
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
        self.sealed(stage, left_out, hidden as u64, limits)
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
    /// how many events that leaves out.
    fn fitting(&self, budget: usize) -> (Vec<&Entry>, u64) {
        let (mut kept, mut left_out, mut bytes) = (Vec::new(), 0, 0);
        let mut turns = self.turns.list.iter().rev().peekable();
        let mut framed: BTreeSet<TurnId> = BTreeSet::new();
        for (entry, events) in self.lines.counted().rev() {
            if left_out == 0 {
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
            if waits || (bytes <= budget && left_out == 0) {
                kept.push(entry);
            } else {
                left_out += events;
            }
        }
        kept.reverse();
        (kept, left_out)
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
        let mut events = stage.into_events();
        if gone == 0 && older.is_none() {
            return Replay { events, truncated: None };
        }
        let truncated = HistoryTruncated {
            reason: "replay_window_exceeded".into(),
            truncated_events: gone,
            retained_events: events.len() as u64,
            max_bytes: limits.max_bytes as u64,
            truncated_turns: Some(turns),
            full_transcript_available: older
                .map_or(self.lines.dropped.events == 0, |older| older.full_transcript_available),
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
