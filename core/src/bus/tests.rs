//! The bus's rules, each by its number, with the clock in hand.

mod backpressure;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::{Value, json, value::to_raw_value};

use super::*;
use crate::EventType;

const NOW: Millis = Millis(1_000);

fn limits() -> BusLimits {
    BusLimits { ring_size: 100, stall_grace: Millis(0), ..BusLimits::default() }
}

fn bus(limits: BusLimits) -> Bus {
    Bus::new("e".into(), limits)
}

fn draft() -> Draft {
    Draft::new(EventType::SessionUpdate, &json!({}))
}

fn publish(bus: &mut Bus, count: usize) {
    for _ in 0..count {
        bus.publish(NOW, &draft()).expect("the bus is open");
    }
}

fn live() -> Subscribe {
    Subscribe { max_queued: MaxQueued::parse("16").ok(), ..Subscribe::default() }
}

fn after(last_event_id: u64, epoch: Option<&str>) -> Subscribe {
    Subscribe { cursor: Some(Cursor { last_event_id, epoch: epoch.map(Into::into) }), ..Subscribe::default() }
}

/// What is due, until there is nothing left: ids, and the types of frames without one.
fn take(bus: &mut Bus, id: SubscriberId) -> Vec<String> {
    let Take::Frames(frames) = bus.take(NOW, id, usize::MAX) else { return Vec::new() };
    frames.iter().map(|frame| label(&envelope(frame))).collect()
}

fn label(envelope: &Value) -> String {
    envelope["id"].as_u64().map_or_else(|| envelope["type"].as_str().unwrap_or("?").to_owned(), |id| id.to_string())
}

fn envelope(frame: &[u8]) -> Value {
    let text = std::str::from_utf8(frame).expect("frames are text");
    let (_, json) = text.trim_end().split_once("data: ").expect("every frame has data");
    serde_json::from_str(json).expect("the data is JSON")
}

fn find(bus: &mut Bus, id: SubscriberId, kind: &str) -> Value {
    let Take::Frames(frames) = bus.take(NOW, id, usize::MAX) else { panic!("something is due") };
    let envelopes = frames.iter().map(|frame| envelope(frame));
    envelopes.into_iter().find(|envelope| envelope["type"] == kind).map_or(Value::Null, |found| found["data"].clone())
}

/// B1: ids are 1 2 3 and a closed bus takes nothing.
#[test]
fn b1_ids_are_1_2_3_and_a_closed_bus_takes_nothing() {
    let mut bus = bus(limits());
    assert_eq!(bus.last_event_id(), 0);
    for id in 1..=3 {
        assert_eq!(bus.publish(NOW, &draft()).map(|frame| frame.id), Some(id));
    }
    bus.close();
    assert!(bus.publish(NOW, &draft()).is_none());
    assert_eq!(bus.last_event_id(), 3);
}

#[test]
fn the_bytes_of_a_frame_are_those_of_the_protocol() {
    let mut bus = bus(limits());
    let data = to_raw_value(&json!({"sessionId": "s"})).expect("JSON");
    let prompt_id = Some("p".into());
    let frame = bus
        .publish(NOW, &Draft { kind: EventType::TurnComplete, data, prompt_id, originator: Some("c\"".into()) })
        .expect("the bus is open");
    let json = r#"{"id":1,"v":1,"type":"turn_complete","promptId":"p","data":{"sessionId":"s"},"originatorClientId":"c\"","_meta":{"serverTimestamp":1000}}"#;
    assert_eq!(frame.json(), json);
    assert_eq!(frame.sse(), format!("id: 1\nevent: turn_complete\ndata: {json}\n\n"));
    assert_eq!(
        synthetic(NOW, &Draft::new(EventType::StreamError, &json!({"error": "x"}))),
        "event: stream_error\ndata: {\"v\":1,\"type\":\"stream_error\",\"data\":{\"error\":\"x\"},\"_meta\":{\"serverTimestamp\":1000}}\n\n"
    );
}

#[test]
fn a_line_break_in_a_payload_does_not_break_the_frame() {
    let mut bus = bus(limits());
    let data = RawValueBox::from("{\n \"a\":\r\n1}");
    let frame = bus.publish(NOW, &Draft { data, ..draft() }).expect("the bus is open");
    assert_eq!(frame.sse().iter().filter(|byte| **byte == b'\n').count(), 4);
    assert_eq!(envelope(&frame.sse())["data"], json!({"a": 1}));
}

/// A payload as somebody else wrote it.
struct RawValueBox;

impl RawValueBox {
    fn from(json: &str) -> Box<serde_json::value::RawValue> {
        serde_json::value::RawValue::from_string(json.to_owned()).expect("JSON")
    }
}

#[test]
fn a_frame_is_shared_not_copied() {
    let mut bus = bus(limits());
    let (one, two) = (bus.subscribe(NOW, live()).expect("room"), bus.subscribe(NOW, live()).expect("room"));
    let published = bus.publish(NOW, &draft()).expect("the bus is open").sse();
    for id in [one, two] {
        let Take::Frames(frames) = bus.take(NOW, id, usize::MAX) else { panic!("one is due") };
        assert_eq!(frames[0].as_ptr(), published.as_ptr());
    }
}

/// B2: the ring keeps the newest and nothing synthetic.
#[test]
fn b2_the_ring_keeps_the_newest_and_nothing_synthetic() {
    let mut bus = bus(BusLimits { ring_size: 3, ..limits() });
    bus.subscribe(NOW, after(9, None)).expect("room");
    publish(&mut bus, 5);
    assert_eq!(bus.earliest(), 3);
    assert_eq!(bus.frames_after(0).map(|frame| frame.id).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(bus.frames_after(4).map(|frame| frame.id).collect::<Vec<_>>(), [5]);
    assert_eq!(bus.frames_after(5).len(), 0);
    assert_eq!(bus.frames_after(u64::MAX).len(), 0);
}

/// B2: of large events fewer are kept, the newest in any case, and after a restart as many as before.
#[test]
fn b2_the_ring_is_bounded_in_bytes_too() {
    let draft = |bytes: usize| Draft::new(EventType::SessionUpdate, &"x".repeat(bytes));
    let limits = BusLimits { ring_bytes: 2_000, ..limits() };
    let mut bus = bus(limits.clone());
    for _ in 0..10 {
        bus.publish(NOW, &draft(400)).expect("it is open");
    }
    let kept: u64 = bus.frames_after(0).map(Frame::size).sum();
    assert!((1_500..=2_000).contains(&kept), "{kept}");
    let restored = Bus::restore("e".into(), tail(limits, bus.frames_after(0).cloned(), 11));
    assert_eq!(restored.earliest(), bus.earliest());
    bus.publish(NOW, &draft(5_000)).expect("it is open");
    assert_eq!((bus.earliest(), bus.frames_after(0).len()), (11, 1));
    bus.publish(NOW, &draft(1)).expect("it is open");
    assert_eq!(bus.earliest(), 12);
}

/// B3: without a cursor there is no replay and no marker.
#[test]
fn b3_without_a_cursor_there_is_no_replay_and_no_marker() {
    let mut bus = bus(limits());
    publish(&mut bus, 2);
    let id = bus.subscribe(NOW, Subscribe::default()).expect("room");
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::Wait);
    publish(&mut bus, 1);
    assert_eq!(take(&mut bus, id), ["3"]);
}

/// B3: a cursor gets what is after it and the end of the replay.
#[test]
fn b3_a_cursor_gets_what_is_after_it_and_the_end_of_the_replay() {
    let mut bus = bus(limits());
    publish(&mut bus, 3);
    let id = bus.subscribe(NOW, after(1, Some("e"))).expect("room");
    publish(&mut bus, 1);
    assert_eq!(take(&mut bus, id), ["2", "3", "replay_complete", "4"], "registered before the fourth");
    let all = bus.subscribe(NOW, after(0, None)).expect("room");
    let complete = find(&mut bus, all, "replay_complete");
    assert_eq!(complete, json!({"replayedCount": 4, "lastReplayedEventId": 4, "lastEventId": 4}));
    let none = bus.subscribe(NOW, after(4, None)).expect("room");
    assert_eq!(find(&mut bus, none, "replay_complete"), json!({"replayedCount": 0}));
}

/// B3: a cursor of another epoch replays everything after a resync.
#[test]
fn b3_a_cursor_of_another_epoch_replays_everything_after_a_resync() {
    let mut bus = bus(limits());
    publish(&mut bus, 2);
    let id = bus.subscribe(NOW, after(1, Some("old"))).expect("room");
    assert_eq!(take(&mut bus, id), ["state_resync_required", "1", "2", "replay_complete"]);
    let id = bus.subscribe(NOW, after(1, Some("old"))).expect("room");
    assert_eq!(
        find(&mut bus, id, "state_resync_required"),
        json!({"reason": "epoch_reset", "detail": "epoch_mismatch", "lastDeliveredId": 1, "earliestAvailableId": 1})
    );
}

/// B3: a cursor from the future is of another epoch.
#[test]
fn b3_a_cursor_from_the_future_is_of_another_epoch() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, after(1, None)).expect("room");
    assert_eq!(
        find(&mut bus, id, "state_resync_required"),
        json!({"reason": "epoch_reset", "lastDeliveredId": 1, "earliestAvailableId": 1})
    );
    publish(&mut bus, 2);
    let id = bus.subscribe(NOW, after(3, None)).expect("room");
    assert_eq!(take(&mut bus, id), ["state_resync_required", "1", "2", "replay_complete"]);
}

/// B3: history that never entered the ring is a resync.
#[test]
fn b3_history_that_never_entered_the_ring_is_a_resync() {
    let mut bus = Bus::restore("e".into(), tail(limits(), [], 10));
    let id = bus.subscribe(NOW, after(3, None)).expect("room");
    assert_eq!(
        find(&mut bus, id, "state_resync_required"),
        json!({"reason": "seeded_replay_not_in_ring", "lastDeliveredId": 3, "earliestAvailableId": 10})
    );
    let exact = bus.subscribe(NOW, after(9, None)).expect("room");
    assert_eq!(take(&mut bus, exact), ["replay_complete"]);
    publish(&mut bus, 1);
    let id = bus.subscribe(NOW, after(3, None)).expect("room");
    let resync = find(&mut bus, id, "state_resync_required");
    assert_eq!(resync, json!({"reason": "ring_evicted", "lastDeliveredId": 3, "earliestAvailableId": 10}));
}

/// B3: a cursor below the ring gets a resync and the ring.
#[test]
fn b3_a_cursor_below_the_ring_gets_a_resync_and_the_ring() {
    let mut bus = bus(BusLimits { ring_size: 2, ..limits() });
    publish(&mut bus, 5);
    let id = bus.subscribe(NOW, after(2, None)).expect("room");
    assert_eq!(take(&mut bus, id), ["state_resync_required", "4", "5", "replay_complete"]);
    let exact = bus.subscribe(NOW, after(3, None)).expect("room");
    assert_eq!(take(&mut bus, exact), ["4", "5", "replay_complete"]);
}

/// B3: the snapshot follows the replay or comes first.
#[test]
fn b3_the_snapshot_follows_the_replay_or_comes_first() {
    let mut bus = bus(limits());
    publish(&mut bus, 1);
    let snapshot = || Some(to_raw_value(&json!({"sessionId": "s"})).expect("JSON"));
    let id = bus.subscribe(NOW, Subscribe { snapshot: snapshot(), ..after(0, None) }).expect("room");
    assert_eq!(take(&mut bus, id), ["1", "replay_complete", "session_snapshot"]);
    let id = bus.subscribe(NOW, Subscribe { snapshot: snapshot(), ..live() }).expect("room");
    publish(&mut bus, 1);
    assert_eq!(take(&mut bus, id), ["session_snapshot", "2"]);
}

/// B3: one subscriber too many is refused until one leaves.
#[test]
fn b3_one_subscriber_too_many_is_refused_until_one_leaves() {
    let mut bus = bus(BusLimits { max_subscribers: 1, ..limits() });
    let first = bus.subscribe(NOW, live()).expect("room");
    assert_eq!(bus.subscribe(NOW, live()), Err(SubscribeError { limit: 1 }));
    bus.abort(first);
    assert!(bus.subscribe(NOW, live()).is_ok());
}

#[test]
fn what_is_held_back_is_numbered_and_comes_when_it_is_shown() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 1);
    bus.hold();
    publish(&mut bus, 2);
    bus.hold();
    publish(&mut bus, 1);
    assert_eq!(bus.last_event_id(), 4);
    assert_eq!(take(&mut bus, id), ["1"], "a second hold holds no less");
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::Wait);
    bus.show();
    assert_eq!(take(&mut bus, id), ["2", "3", "4"]);
}

#[test]
fn a_bus_closed_while_it_holds_back_ends_after_what_it_held() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    bus.hold();
    publish(&mut bus, 1);
    bus.close();
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::Wait);
    bus.show();
    assert_eq!(take(&mut bus, id), ["1"]);
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::End);
}

#[test]
fn a_closed_bus_is_drained_and_then_ends() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 2);
    bus.close();
    assert_eq!(take(&mut bus, id), ["1", "2"]);
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::End);
}

#[test]
fn a_take_is_bounded_but_never_stuck() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 3);
    let size = bus.frames_after(0).next().map_or(0, |frame| frame.sse().len());
    for (max_bytes, expected) in [(0, 1), (size + 1, 2), (1, 0)] {
        let count = match bus.take(NOW, id, max_bytes) {
            Take::Frames(frames) => frames.len(),
            Take::Wait | Take::End => 0,
        };
        assert_eq!(count, expected);
    }
}

#[test]
fn a_restored_bus_goes_on_without_a_gap() {
    let mut before = bus(limits());
    publish(&mut before, 5);
    let frames =
        || before.frames_after(0).map(|frame| Frame::from_json(json_of(frame).as_str()).expect("what was written"));
    for (frame, again) in before.frames_after(0).zip(frames()) {
        assert_eq!((frame.sse(), frame.json(), frame.at), (again.sse(), again.json(), again.at));
    }
    let mut after_restart = Bus::restore("e".into(), tail(limits(), frames(), 6));
    let id = after_restart.subscribe(NOW, after(3, Some("e"))).expect("room");
    publish(&mut after_restart, 1);
    assert_eq!(take(&mut after_restart, id), ["4", "5", "replay_complete", "6"]);
}

#[test]
fn a_journal_with_a_hole_is_kept_from_the_hole_on() {
    let mut before = bus(limits());
    publish(&mut before, 6);
    let frames = |hole: u64| before.frames_after(0).filter(move |frame| frame.id != hole).cloned();
    assert_eq!(Bus::restore("e".into(), tail(limits(), frames(3), 7)).earliest(), 4);
    assert_eq!(Bus::restore("e".into(), tail(limits(), frames(6), 7)).earliest(), 7, "nothing reaches up to the end");
    let small = BusLimits { ring_size: 2, ..limits() };
    assert_eq!(Bus::restore("e".into(), tail(small, frames(0), 7)).earliest(), 5);
}

#[test]
fn what_follows_an_unreadable_line_is_kept_and_its_number_is_given_to_no_other() {
    let mut before = bus(limits());
    publish(&mut before, 4);
    let mut tail = Tail::new(limits());
    for frame in before.frames_after(0) {
        if frame.id == 3 {
            tail.skip_unreadable(); // a note, say
        }
        tail.push(frame.clone());
    }
    tail.skip_unreadable();
    let after = Bus::restore("e".into(), tail);
    assert_eq!((after.earliest(), after.last_event_id()), (6, 5));

    let mut tail = Tail::new(limits());
    tail.skip_unreadable();
    before.frames_after(0).cloned().for_each(|frame| tail.push(frame));
    assert_eq!(Bus::restore("e".into(), tail).earliest(), 1);
}

#[test]
fn a_torn_journal_line_is_no_frame() {
    for bad in ["", "{\"id\":1", "{\"type\":\"x\"}", "[]", "{\"id\":1,\n\"type\":\"x\"}"] {
        assert!(Frame::from_json(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn publishing_costs_the_same_whatever_the_ring_holds_and_however_many_wait() {
    let visits = |ring_size: usize, subscribers: usize| {
        let mut bus = bus(BusLimits { ring_size, stall_grace: Millis(500), ..limits() });
        publish(&mut bus, ring_size);
        let ids: Vec<SubscriberId> =
            (0..subscribers).map(|_| bus.subscribe(NOW, Subscribe::default()).expect("room")).collect();
        bus.visits = 0;
        for _ in 0..500 {
            for id in &ids {
                while bus.take(NOW, *id, usize::MAX) != Take::Wait {}
            }
            publish(&mut bus, 1);
        }
        bus.visits
    };
    assert_eq!((visits(10, 0), visits(10_000, 0)), (0, 0), "nobody is looked at when nobody listens");
    let looks_a_publish = visits(10_000, 1_000) / 500;
    assert!(looks_a_publish <= 10, "1,000 waiting subscribers cost {looks_a_publish} looks a publish");
}

/// A journal of these events, after which `next_id` is next.
fn tail(limits: BusLimits, frames: impl IntoIterator<Item = Frame>, next_id: u64) -> Tail {
    let mut tail = Tail::new(limits);
    frames.into_iter().for_each(|frame| tail.push(frame));
    tail.skip_to(next_id);
    tail
}

fn json_of(frame: &Frame) -> String {
    String::from_utf8(frame.json().to_vec()).expect("frames are text")
}
