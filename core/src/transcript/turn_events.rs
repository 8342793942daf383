//! A turn written back as the events that open, count, cancel and end it.

use serde_json::{Map, json};

use crate::{
    EventType,
    payload::{ContentBlock, Usage},
    transcript::{
        Entry, Seq, Transcript, Turn,
        stage::{Stage, envelope, mark, told, without_nulls},
        step::Folded,
        turn::UsagePlace,
    },
};

impl Transcript {
    pub(super) fn stage_turn(&self, turn: &Turn, stage: &mut Stage) {
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

    fn stage_usage(&self, place: &UsagePlace, usage: &Usage, requests: Option<u64>, stage: &mut Stage) {
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
}

/// The event that ended a turn, as it came. An error whose line is left out only ends it.
pub(super) fn stage_terminal(turn: &Turn, kept: &[&Entry], stage: &mut Stage) {
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
