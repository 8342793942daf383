//! What the daemon has acknowledged: prompts and votes.

use roost_core::{Envelope, EventType, PromptId, RequestId};
use roost_tests::{fake_model::script::words, scripted_agent::script::Step};
use serde_json::Value;

use super::stream;
use crate::{
    history::{Asked, Record, Voted},
    person::has_ended,
};

pub(super) fn check(record: &Record, found: &mut Vec<String>) {
    let story =
        Story { events: stream::events(record), last: record.last.history().collect(), is_whole: record.ring_is_whole };
    for asked in &record.asked {
        found.extend(story.prompt(asked));
    }
    found.extend(story.order(&record.asked));
    for vote in &record.votes {
        found.extend(story.vote(vote));
    }
    found.extend(story.every_request_is_resolved_once());
    found.extend(story.nothing_follows_a_terminal());
}

/// What can be known of what happened.
struct Story<'a> {
    /// Every event somebody saw, by id.
    events: Vec<&'a Envelope>,
    /// How the session loads in the end.
    last: Vec<&'a Envelope>,
    /// `events` are all there were.
    is_whole: bool,
}

impl Story<'_> {
    /// One terminal for a prompt that was acknowledged; at most one for one whose answer was lost. And what it said, whole.
    fn prompt(&self, asked: &Asked) -> Vec<String> {
        let name = &asked.spoken.name;
        let echoes = self.echoes(&asked.text);
        let mut found = Vec::new();
        if echoes.len() > 1 {
            found.push(format!("{name} was asked {} times", echoes.len()));
        }
        let id = asked.acknowledged.clone().or_else(|| echoes.first().and_then(|echo| echo.prompt_id.clone()));
        let Some(id) = id else { return found };
        let ends = self.ends(&id);
        let is_known_to_have_ended =
            !ends.is_empty() || (!self.is_whole && self.last.iter().any(|event| ends_it(event, &id)));
        // Where a short ring has lost the terminal and a load has folded it away, the turn's own status still knows.
        let is_said_to_have_ended = asked.state.as_deref().is_some_and(has_ended);
        if asked.acknowledged.is_some() && !is_said_to_have_ended {
            found.push(format!(
                "{name} ({id}) stands as {:?} when all is over (taken back: {})",
                asked.state, asked.removed
            ));
        }
        let is_known_to_have_ended = is_known_to_have_ended || (!self.is_whole && is_said_to_have_ended);
        if ends.len() > 1 || !is_known_to_have_ended {
            found.push(format!("{name} ({id}) has {} terminals: {ends:?}", ends.len()));
        }
        let is_whole_turn = self.is_whole && echoes.len() == 1;
        if let (true, [end]) = (is_whole_turn, ends.as_slice()) {
            found.extend(self.what_was_said(asked, &id, end));
        }
        found
    }

    fn what_was_said(&self, asked: &Asked, id: &PromptId, end: &Envelope) -> Option<String> {
        if end.kind != EventType::TurnComplete || end.data["stopReason"] != "end_turn" {
            return None;
        }
        let said: String = self.of(id).filter_map(|event| text_of(event, "agent_message_chunk")).collect();
        let meant: String = asked.spoken.turn.iter().map(spoken).collect();
        (said != meant).then(|| format!("{} said {said:?} and meant {meant:?}", asked.spoken.name))
    }

    /// First asked, first answered. Holds among acknowledged prompts, for they were asked one after the other.
    fn order(&self, asked: &[Asked]) -> Option<String> {
        let acknowledged = asked.iter().filter(|asked| asked.acknowledged.is_some());
        let echoes: Vec<u64> =
            acknowledged.filter_map(|asked| self.echoes(&asked.text).first().and_then(|echo| echo.id)).collect();
        (!echoes.is_sorted()).then(|| format!("prompts were started out of order: {echoes:?}"))
    }

    /// An acknowledged vote decided its request, once.
    fn vote(&self, vote: &Voted) -> Option<String> {
        let resolved = self.resolutions(&vote.request);
        let as_voted = |event: &&Envelope| event.data["outcome"]["optionId"].as_str() == vote.option.as_deref();
        let missing_is_allowed = !self.is_whole && resolved.is_empty();
        let is_kept = resolved.len() == 1 && resolved.iter().all(as_voted);
        (!is_kept && !missing_is_allowed).then(|| format!("{vote:?} became {resolved:?}"))
    }

    fn every_request_is_resolved_once(&self) -> Vec<String> {
        let requests = self.events.iter().filter(|event| event.kind == EventType::PermissionRequest);
        let ids = requests.filter_map(|event| event.data["requestId"].as_str().map(RequestId::from));
        let counted = ids.map(|id| (self.resolutions(&id).len(), id));
        let broken = counted.filter(|(resolutions, _)| *resolutions > 1 || (self.is_whole && *resolutions == 0));
        broken.map(|(resolutions, id)| format!("request {id} was resolved {resolutions} times")).collect()
    }

    /// One prompt at a time: what a turn says, it says between its echo and its terminal.
    fn nothing_follows_a_terminal(&self) -> Vec<String> {
        let mut found = Vec::new();
        let ends = self.events.iter().enumerate().filter(|(_, event)| is_end(event));
        for (at, end) in ends {
            let Some(id) = end.data["promptId"].as_str().map(PromptId::from) else { continue };
            let late = self.events[at + 1..]
                .iter()
                .find(|event| event.prompt_id.as_ref() == Some(&id) && event.kind == EventType::SessionUpdate);
            found.extend(late.map(|late| format!("{id} had ended at {:?} and spoke at {:?}", end.id, late.id)));
        }
        found
    }

    fn of(&self, id: &PromptId) -> impl Iterator<Item = &Envelope> {
        self.events.iter().copied().filter(move |event| event.prompt_id.as_ref() == Some(id))
    }

    fn echoes(&self, text: &str) -> Vec<&Envelope> {
        self.events.iter().copied().filter(|event| text_of(event, "user_message_chunk") == Some(text)).collect()
    }

    fn ends(&self, id: &PromptId) -> Vec<&Envelope> {
        self.events.iter().copied().filter(|event| ends_it(event, id)).collect()
    }

    fn resolutions(&self, id: &RequestId) -> Vec<&Envelope> {
        let resolved = self.events.iter().copied().filter(|event| event.kind == EventType::PermissionResolved);
        resolved.filter(|event| event.data["requestId"] == id.as_str()).collect()
    }
}

fn is_end(event: &Envelope) -> bool {
    matches!(event.kind, EventType::TurnComplete | EventType::TurnError)
}

fn ends_it(event: &Envelope, id: &PromptId) -> bool {
    is_end(event) && event.data["promptId"] == id.as_str()
}

fn text_of<'a>(event: &'a Envelope, kind: &str) -> Option<&'a str> {
    let update: &Value = &event.data["update"];
    let is_it = event.kind == EventType::SessionUpdate && update["sessionUpdate"] == kind;
    update["content"]["text"].as_str().filter(|_| is_it)
}

/// What a step adds to the answer.
fn spoken(step: &Step) -> String {
    match step {
        Step::Words { count, .. } => words(*count),
        Step::Text(text) => text.clone(),
        Step::Think(_)
        | Step::AskToWrite { .. }
        | Step::Ask
        | Step::AskMany
        | Step::Drain
        | Step::Grandchild { .. }
        | Step::Runaway { .. }
        | Step::RawLine(_)
        | Step::Stderr(_)
        | Step::Hang
        | Step::HangForever
        | Step::Exit(_)
        | Step::Fail { .. } => String::new(),
    }
}
