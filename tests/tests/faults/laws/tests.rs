//! The validator finds what it is there to find: each test breaks one law and nothing else.

use roost_core::{
    Envelope, EventEpoch, SessionId,
    client::{Answer, Cursor, routes},
};
use roost_tests::scripted_agent::script::{Spoken, Step};
use serde_json::{Value, json};

use super::check;
use crate::history::{Asked, Connection, Reader, Record, Start, Stretch, Voted};

#[expect(clippy::needless_pass_by_value, reason = "called with literals")]
fn event(id: u64, kind: &str, data: Value) -> Envelope {
    let event =
        json!({"id": id, "v": 1, "type": kind, "promptId": "p", "data": data, "_meta": {"serverTimestamp": id}});
    serde_json::from_value(event).expect("an envelope")
}

fn update(id: u64, kind: &str, text: &str) -> Envelope {
    let update = json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}});
    event(id, "session_update", json!({"sessionId": "s", "update": update}))
}

fn spoken() -> Spoken {
    Spoken { name: "n".to_owned(), turn: vec![Step::Text("one ".to_owned()), Step::Text("two".to_owned())] }
}

fn asked_text() -> String {
    serde_json::to_string(&spoken()).expect("JSON")
}

/// A turn with a permission, as it should be.
fn story() -> Vec<Envelope> {
    let tool = json!({"toolCallId": "t", "title": "x"});
    let options = json!([{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]);
    vec![
        update(1, "user_message_chunk", &asked_text()),
        update(2, "agent_message_chunk", "one "),
        event(
            3,
            "permission_request",
            json!({"requestId": "r", "sessionId": "s", "toolCall": tool, "options": options}),
        ),
        event(
            4,
            "permission_resolved",
            json!({"requestId": "r", "outcome": {"outcome": "selected", "optionId": "yes"}}),
        ),
        update(5, "agent_message_chunk", "two"),
        event(6, "turn_complete", json!({"sessionId": "s", "stopReason": "end_turn", "promptId": "p"})),
    ]
}

/// A run in which one reader saw `events`, over one connection.
fn record(events: &[Envelope]) -> Record {
    let last = json!({
        "sessionId": "s", "lastEventId": events.iter().filter_map(|event| event.id).max(), "eventEpoch": "e", "compactedReplay": events,
    });
    let body = last.to_string();
    let answer = Answer { status: 200, retry_after: None, body: body.as_bytes() };
    let last = routes::load(&SessionId::from("s")).read(&answer).expect("a load");
    Record {
        ring_is_whole: true,
        readers: vec![Reader {
            stretches: vec![Stretch { start: Start::Beginning, events: events.to_vec(), resync: None }],
            connections: vec![connection(0, events)],
        }],
        asked: vec![Asked {
            spoken: spoken(),
            text: asked_text(),
            acknowledged: Some("p".into()),
            removed: false,
            state: Some("completed".to_owned()),
        }],
        votes: vec![Voted { request: "r".into(), option: Some("yes".to_owned()) }],
        last,
    }
}

fn connection(after: u64, events: &[Envelope]) -> Connection {
    Connection {
        asked: Cursor { last_event_id: after, epoch: None },
        epoch: Some(EventEpoch::from("e")),
        events: events.to_vec(),
    }
}

#[track_caller]
fn finds(record: &Record, what: &str) {
    let found = check(record);
    assert!(found.iter().any(|law| law.contains(what)), "«{what}» is not among {found:#?}");
}

#[test]
fn a_run_that_keeps_the_laws_breaks_none() {
    assert_eq!(check(&record(&story())), [""; 0]);
}

#[test]
fn a_gap_a_repetition_and_a_reversal_are_found() {
    for (first, second) in [(1, 3), (2, 2), (3, 2)] {
        let mut events = story();
        events[1].id = Some(first);
        events[2].id = Some(second);
        let mut broken = record(&story());
        broken.readers[0].connections = vec![connection(0, &events)];
        finds(&broken, "asked for what follows");
    }
    let mut broken = record(&story());
    broken.readers[0].stretches[0].events.remove(2);
    finds(&broken, "a reader was handed 4 after 2");
}

#[test]
fn a_number_that_is_used_again_is_found() {
    let mut broken = record(&story());
    broken.readers[0].connections.push(connection(5, &[update(6, "agent_message_chunk", "another life")]));
    finds(&broken, "event 6 was");
}

#[test]
fn a_mark_that_was_not_needed_is_found() {
    let data = json!({"reason": "ring_evicted", "lastDeliveredId": 2, "earliestAvailableId": 3});
    let mut mark = event(1, "state_resync_required", data);
    mark.id = None;
    let mut broken = record(&story());
    broken.ring_is_whole = false;
    let rest = [vec![mark], story()[2..].to_vec()].concat();
    broken.readers[0].connections.push(connection(2, &rest));
    finds(&broken, "could have been served");
}

#[test]
fn a_prompt_without_a_terminal_or_with_two_is_found() {
    let events = story();
    finds(&record(&events[..5]), "has 0 terminals");
    let second = event(7, "turn_error", json!({"sessionId": "s", "message": "no", "promptId": "p"}));
    finds(&record(&[events, vec![second]].concat()), "has 2 terminals");
}

#[test]
fn a_lost_word_is_found() {
    let mut events = story();
    events[4] = update(5, "agent_message_chunk", "");
    finds(&record(&events), "and meant");
}

#[test]
fn a_turn_that_speaks_after_its_end_is_found() {
    finds(&record(&[story(), vec![update(7, "agent_message_chunk", "late")]].concat()), "and spoke at");
}

#[test]
fn a_lost_vote_and_a_request_nobody_closed_are_found() {
    let mut events = story();
    events[3] = event(4, "permission_resolved", json!({"requestId": "r", "outcome": {"outcome": "cancelled"}}));
    finds(&record(&events), "became");
    events[3] = update(4, "agent_message_chunk", "");
    finds(&record(&events), "was resolved 0 times");
}

#[test]
fn a_history_that_is_not_what_was_streamed_is_found() {
    let mut broken = record(&story());
    broken.last.compacted_replay.remove(1);
    finds(&broken, "is not what a load shows");
}
