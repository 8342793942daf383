#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::client::{Answer, LONGEST_WAIT, SHORTEST_WAIT};

fn stream() -> Stream {
    Stream::new(SessionId::from("s"), Cursor { last_event_id: 4, epoch: Some(EventEpoch::from("e")) })
}

/// A stream whose connection stands since time 0.
fn open() -> Stream {
    let mut stream = stream();
    stream.handle(Millis(0), Input::Start);
    stream.handle(Millis(0), Input::Opened { epoch: Some(EventEpoch::from("e")) });
    stream
}

fn event(id: u64, kind: &str) -> String {
    format!("id: {id}\nevent: {kind}\ndata: {{\"id\":{id},\"v\":1,\"type\":\"{kind}\",\"data\":{{}}}}\n\n")
}

fn failure(status: u16, retry_after: Option<&str>) -> WireFailure {
    WireFailure::read(&Answer { status, retry_after, body: b"{}" })
}

fn header<'a>(effects: &'a [Effect], name: &str) -> Option<&'a str> {
    let [Effect::Connect(request)] = effects else { panic!("a connection is asked for, not {effects:?}") };
    request.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
}

fn delivered(effects: &[Effect]) -> Vec<u64> {
    let id = |effect: &Effect| if let Effect::Deliver(event) = effect { event.id } else { None };
    effects.iter().filter_map(id).collect()
}

const MIDDLE: f64 = 0.5;

#[test]
fn a_lost_connection_is_made_again_after_the_last_event_read() {
    let mut stream = open();
    let effects = stream.handle(Millis(10), Input::Bytes((event(5, "session_update") + "id: 6\ndata: {").as_bytes()));
    assert_eq!(delivered(&effects), [5]);
    let waiting = stream.handle(Millis(20), Input::Lost { chance: 1.0 });
    assert_eq!(waiting, [Effect::Wait { until: Millis(20).after(SHORTEST_WAIT) }]);
    assert_eq!(stream.deadline(), Some(Millis(520)));
    assert!(stream.handle(Millis(519), Input::Tick).is_empty());
    let again = stream.handle(Millis(520), Input::Tick);
    assert_eq!((header(&again, "Last-Event-ID"), header(&again, "X-Qwen-Event-Epoch")), (Some("5"), Some("e")));
}

#[test]
fn waits_grow_while_nobody_answers_and_shrink_once_bytes_came() {
    let mut stream = stream();
    stream.handle(Millis(0), Input::Start);
    let mut now = Millis(0);
    let mut waits = Vec::new();
    for _ in 0..12 {
        stream.handle(now, Input::Lost { chance: 1.0 });
        let until = stream.deadline().expect("it will try again");
        waits.push(until.since(now));
        now = until;
        assert_eq!(stream.handle(now, Input::Tick).len(), 1);
    }
    assert!(waits.is_sorted() && waits.last() == Some(&LONGEST_WAIT), "{waits:?}");
    stream.handle(now, Input::Opened { epoch: None });
    stream.handle(now, Input::Bytes(b": heartbeat\n\n"));
    stream.handle(now, Input::Lost { chance: 1.0 });
    assert_eq!(stream.deadline(), Some(now.after(SHORTEST_WAIT)));
}

#[test]
fn a_silent_stream_is_cut_and_made_again() {
    let mut stream = open();
    stream.handle(Millis(1_000), Input::Bytes(b": heartbeat\n\n"));
    assert_eq!(stream.deadline(), Some(Millis(46_000)));
    assert!(stream.handle(Millis(45_999), Input::Tick).is_empty());
    assert_eq!(stream.handle(Millis(46_000), Input::Tick), [Effect::HangUp]);
    assert!(stream.handle(Millis(46_001), Input::Bytes(event(5, "session_update").as_bytes())).is_empty());
    assert!(matches!(stream.handle(Millis(46_002), Input::Lost { chance: MIDDLE })[..], [Effect::Wait { .. }]));
}

#[test]
fn a_daemon_that_accepts_and_never_answers_is_given_up_on() {
    let mut stream = stream();
    stream.handle(Millis(0), Input::Start);
    assert_eq!(stream.handle(SILENCE, Input::Tick), [Effect::HangUp]);
}

#[test]
fn a_nudge_ends_a_wait_and_doubts_a_silence() {
    let mut waiting = open();
    waiting.handle(Millis(0), Input::Lost { chance: MIDDLE });
    assert!(matches!(waiting.handle(Millis(1), Input::Nudge)[..], [Effect::Connect(_)]));

    let mut silent = open();
    assert!(silent.handle(Millis(DOUBT.0 - 1), Input::Nudge).is_empty());
    assert_eq!(silent.handle(DOUBT, Input::Nudge), [Effect::HangUp]);
    assert!(matches!(silent.handle(DOUBT, Input::Lost { chance: MIDDLE })[..], [Effect::Connect(_)]), "without a wait");
}

#[test]
fn a_daemon_that_is_full_says_when_to_come_back() {
    let mut stream = stream();
    stream.handle(Millis(0), Input::Start);
    let full = Input::Refused { failure: failure(429, Some("5")), chance: MIDDLE };
    assert_eq!(stream.handle(Millis(100), full), [Effect::Wait { until: Millis(5_100) }]);
}

#[test]
fn a_session_the_daemon_has_forgotten_is_revived_and_continued_and_again_if_it_forgets_at_once() {
    let mut stream = open();
    stream.handle(Millis(1), Input::Bytes(event(5, "session_update").as_bytes()));
    stream.handle(Millis(2), Input::Lost { chance: MIDDLE });
    stream.handle(Millis(3), Input::Nudge);
    let missing = || Input::Refused { failure: failure(404, None), chance: MIDDLE };
    assert_eq!(stream.handle(Millis(4), missing()), [Effect::Revive]);
    let again = stream.handle(Millis(5), Input::Revived);
    assert_eq!(header(&again, "Last-Event-ID"), Some("5"));
    assert!(matches!(stream.handle(Millis(6), missing())[..], [Effect::Wait { .. }]), "not in a tight loop");
    stream.handle(Millis(7), Input::Nudge);
    assert_eq!(stream.handle(Millis(8), missing()), [Effect::Revive]);
    assert_eq!(stream.handle(Millis(9), missing()), [Effect::End(Ending::Refused(failure(404, None)))]);
    assert_eq!(stream.deadline(), None);
}

#[test]
fn a_daemon_that_goes_down_while_it_revives_is_asked_again_and_an_unknown_session_is_not() {
    let missing = || Input::Refused { failure: failure(404, None), chance: MIDDLE };
    let mut stream = stream();
    stream.handle(Millis(0), Input::Start);
    assert_eq!(stream.handle(Millis(1), missing()), [Effect::Revive]);
    assert!(matches!(stream.handle(Millis(2), Input::Lost { chance: MIDDLE })[..], [Effect::Wait { .. }]));
    stream.handle(Millis(3), Input::Nudge);
    assert_eq!(stream.handle(Millis(4), missing()), [Effect::Revive]);
    assert_eq!(stream.handle(Millis(5), missing()), [Effect::End(Ending::Refused(failure(404, None)))]);
}

#[test]
fn a_refused_credential_ends_the_stream_at_once() {
    let mut stream = stream();
    stream.handle(Millis(0), Input::Start);
    let refused = Input::Refused { failure: failure(401, None), chance: MIDDLE };
    assert_eq!(stream.handle(Millis(1), refused), [Effect::End(Ending::Refused(failure(401, None)))]);
    assert!(stream.handle(Millis(2), Input::Nudge).is_empty());
}

#[test]
fn the_end_of_a_session_ends_its_stream_when_nothing_follows_it() {
    let mut ended = open();
    let effects = ended.handle(Millis(1), Input::Bytes(event(5, "session_closed").as_bytes()));
    assert_eq!(delivered(&effects), [5]);
    let end = ended.handle(Millis(2), Input::Lost { chance: MIDDLE });
    assert_eq!(end, [Effect::End(Ending::Session(EventType::SessionClosed))]);

    let mut reopened = open();
    let replay = event(5, "session_closed") + &event(6, "session_update");
    assert_eq!(delivered(&reopened.handle(Millis(1), Input::Bytes(replay.as_bytes()))), [5, 6]);
    assert!(matches!(reopened.handle(Millis(2), Input::Lost { chance: MIDDLE })[..], [Effect::Wait { .. }]));
}

#[test]
fn while_nobody_looks_no_connection_is_held_and_the_next_look_goes_on_after_the_last_event_read() {
    let mut stream = open();
    stream.handle(Millis(1), Input::Bytes(event(5, "session_update").as_bytes()));
    assert_eq!(stream.handle(Millis(2), Input::Rest), [Effect::HangUp]);
    assert!(stream.handle(Millis(3), Input::Lost { chance: MIDDLE }).is_empty(), "it is not made again by itself");
    assert_eq!(stream.deadline(), None);
    assert!(stream.handle(Millis(100_000), Input::Tick).is_empty());
    let again = stream.handle(Millis(100_001), Input::Nudge);
    assert_eq!((header(&again, "Last-Event-ID"), header(&again, "X-Qwen-Event-Epoch")), (Some("5"), Some("e")));
}

#[test]
fn whoever_looks_away_and_back_at_once_or_before_there_was_a_connection_is_served_all_the_same() {
    let mut quick = open();
    assert_eq!(quick.handle(Millis(1), Input::Rest), [Effect::HangUp]);
    assert!(quick.handle(Millis(2), Input::Nudge).is_empty(), "the old connection has to be gone first");
    assert!(matches!(quick.handle(Millis(3), Input::Lost { chance: MIDDLE })[..], [Effect::Connect(_)]));

    let mut behind = stream();
    assert!(behind.handle(Millis(0), Input::Rest).is_empty());
    assert!(matches!(behind.handle(Millis(1), Input::Nudge)[..], [Effect::Connect(_)]));

    let mut waiting = stream();
    waiting.handle(Millis(0), Input::Start);
    waiting.handle(Millis(1), Input::Lost { chance: MIDDLE });
    waiting.handle(Millis(2), Input::Rest);
    assert!(waiting.handle(Millis(100_000), Input::Tick).is_empty(), "and it does not try while nobody looks");
}

#[test]
fn a_session_that_ended_before_the_look_away_has_ended() {
    let mut stream = open();
    stream.handle(Millis(1), Input::Bytes(event(5, "session_closed").as_bytes()));
    stream.handle(Millis(2), Input::Rest);
    let end = stream.handle(Millis(3), Input::Lost { chance: MIDDLE });
    assert_eq!(end, [Effect::End(Ending::Session(EventType::SessionClosed))]);
}

#[test]
fn a_gap_is_told_before_the_event_behind_it() {
    let mut stream = open();
    let effects = stream.handle(Millis(1), Input::Bytes(event(9, "session_update").as_bytes()));
    assert_eq!(effects[0], Effect::Resync(Resync::Gap { after: 4, next: 9 }));
    assert_eq!(delivered(&effects), [9]);
}

#[test]
fn what_does_not_belong_to_the_present_state_changes_nothing() {
    let mut stream = stream();
    for input in [Input::Tick, Input::Nudge, Input::Bytes(b"x"), Input::Revived, Input::Opened { epoch: None }] {
        assert!(stream.handle(Millis(0), input).is_empty());
    }
    stream.handle(Millis(0), Input::Start);
    assert!(stream.handle(Millis(1), Input::Start).is_empty(), "it is dialing already");
}
