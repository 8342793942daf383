//! What a reader sees at the end is what whoever loads the session sees.

use roost_core::{
    Envelope,
    transcript::{Body, Notice, Transcript},
};

use super::stream;
use crate::history::{Reader, Record, Start};

pub(super) fn check(record: &Record, found: &mut Vec<String>) {
    let loaded = seen(record.last.history());
    let goal = record.last.cursor();
    for reader in &record.readers {
        let Some(read) = as_read(reader, goal.last_event_id) else { continue };
        found.extend(difference("what a reader has", &read, &loaded));
    }
    if record.ring_is_whole {
        let streamed = stream::events(record).into_iter().filter(|event| event.id <= Some(goal.last_event_id));
        found.extend(difference("what was streamed", &seen(streamed), &loaded));
    }
}

/// The last stretch: it began with everything there was.
fn as_read(reader: &Reader, until: u64) -> Option<String> {
    let stretch = reader.stretches.last()?;
    let events = stretch.events.iter().filter(|event| event.id.is_some_and(|id| id <= until));
    Some(match &stretch.start {
        Start::Beginning => seen(events),
        Start::Loaded(loaded) => seen(loaded.history().chain(events)),
    })
}

/// Everything a reader can see, as text.
fn seen<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> String {
    let mut transcript = Transcript::default();
    for event in events {
        let _ = transcript.apply(event);
    }
    // That the agent was lost is news for who was there. Who loads the session has another agent.
    let is_farewell = |body: &Body| matches!(body, Body::Notice(notice) if matches!(**notice, Notice::SessionDied(..)));
    let lasting = transcript.entries().filter(|entry| !is_farewell(&entry.body));
    let entries = lasting.map(|entry| format!("{entry:#?}\n"));
    let turns = transcript.turns().map(|turn| format!("{turn:#?}\n"));
    let waiting =
        transcript.waiting().map(|(id, permission)| format!("{id:?} waits for {:?}\n", permission.request_id()));
    let queued = transcript.queue().iter().map(|prompt| format!("{prompt:?}\n"));
    entries.chain(turns).chain(waiting).chain(queued).collect()
}

fn difference(what: &str, left: &str, right: &str) -> Option<String> {
    let at = left.lines().zip(right.lines()).position(|(left, right)| left != right);
    let at = at.or_else(|| (left != right).then(|| left.lines().count().min(right.lines().count())))?;
    let part = |text: &str| text.lines().skip(at.saturating_sub(6)).take(12).collect::<Vec<_>>().join("\n    ");
    Some(format!(
        "{what} is not what a load shows, from line {at} on:\n    {}\n  and loaded:\n    {}",
        part(left),
        part(right)
    ))
}
