//! Back-pressure: what waits for a reader is counted, warned of, and in the end cut off (B4–B8).

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// B4: a waiting reader is handed its event without accounting.
#[test]
fn b4_a_waiting_reader_is_handed_its_event_without_accounting() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::Wait);
    publish(&mut bus, 17);
    let taken = take(&mut bus, id);
    assert_eq!(taken.len(), 18, "17 events and a warning: the first was handed over, 16 fit: {taken:?}");
    assert!(!taken.contains(&"client_evicted".to_owned()));
}

/// B4, B6: an event beyond the cap evicts after what was buffered.
#[test]
fn b4_b6_an_event_beyond_the_cap_evicts_after_what_was_buffered() {
    let mut bus = bus(limits());
    let (slow, peer) =
        (bus.subscribe(NOW, live()).expect("room"), bus.subscribe(NOW, Subscribe::default()).expect("room"));
    publish(&mut bus, 17);
    assert_eq!(bus.subscriber_count(), 1, "unsubscribed at once");
    publish(&mut bus, 3);
    let Take::Frames(frames) = bus.take(NOW, slow, usize::MAX) else { panic!("it drains") };
    let last = envelope(frames.last().expect("it drains"));
    assert_eq!(label(&envelope(&frames[frames.len() - 2])), "16");
    let bytes: usize = bus.frames_after(0).take(16).map(|frame| frame.json().len()).sum();
    assert_eq!(
        last["data"],
        json!({
            "reason": "queue_overflow", "droppedAfter": 17, "queueSize": 16, "maxQueued": 16,
            "queuedBytes": bytes, "maxQueuedBytes": 2_097_152,
        })
    );
    assert_eq!(bus.take(NOW, slow, usize::MAX), Take::End);
    assert_eq!(take(&mut bus, peer).len(), 20, "the others are unharmed");
}

/// B4: bytes have a cap too but one large event always fits.
#[test]
fn b4_bytes_have_a_cap_too_but_one_large_event_always_fits() {
    let mut bus = bus(BusLimits { max_queued_bytes: 1_000, ..limits() });
    let large = Draft::new(EventType::SessionUpdate, &"x".repeat(2_000));
    let id = bus.subscribe(NOW, live()).expect("room");
    bus.publish(NOW, &large);
    assert_eq!(bus.subscriber_count(), 1);
    let size = bus.publish(NOW, &draft()).expect("the bus is open").json().len();
    assert_eq!(bus.subscriber_count(), 0);
    let evicted = find(&mut bus, id, "client_evicted");
    assert_eq!(evicted["reason"], "queue_bytes_overflow");
    assert_eq!(evicted["eventBytes"], size);
    assert_eq!(evicted["droppedAfter"], 2);
}

/// B5: replay and markers never count.
#[test]
fn b5_replay_and_markers_never_count() {
    let mut bus = bus(limits());
    publish(&mut bus, 60);
    let wish = Subscribe { max_queued: MaxQueued::parse("16").ok(), ..after(0, None) };
    let id = bus.subscribe(NOW, wish).expect("room");
    publish(&mut bus, 16);
    assert_eq!(bus.subscriber_count(), 1);
    publish(&mut bus, 1);
    assert_eq!(bus.subscriber_count(), 0);
    assert_eq!(take(&mut bus, id).len(), 60 + 1 + 16 + 2, "replay, its end, live, a warning and the eviction");
}

/// B7: a warning comes once an episode at three quarters.
#[test]
fn b7_a_warning_comes_once_an_episode_at_three_quarters() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 12);
    let queued: usize = bus.frames_after(0).map(|frame| frame.json().len()).sum();
    publish(&mut bus, 4);
    let Take::Frames(frames) = bus.take(NOW, id, usize::MAX) else { panic!("16 are due") };
    let labels: Vec<String> = frames.iter().map(|frame| label(&envelope(frame))).collect();
    assert_eq!(labels[11..14], ["12", "slow_client_warning", "13"]);
    assert_eq!(frames.len(), 17, "one warning");
    assert_eq!(
        envelope(&frames[12])["data"],
        json!({
            "queueSize": 12, "maxQueued": 16, "lastEventId": 12, "queuedBytes": queued,
            "maxQueuedBytes": 2_097_152, "threshold": "frames",
        })
    );
    publish(&mut bus, 12);
    assert!(take(&mut bus, id).contains(&"slow_client_warning".to_owned()), "it was re-armed at the first publish");
}

/// B7: the threshold says what was reached.
#[test]
fn b7_the_threshold_says_what_was_reached() {
    let threshold = |max_queued_bytes: u64, count: usize| {
        let mut bus = bus(BusLimits { max_queued_bytes, ..limits() });
        let id = bus.subscribe(NOW, live()).expect("room");
        publish(&mut bus, count);
        let queued: usize = bus.frames_after(0).map(|frame| frame.json().len()).sum();
        (find(&mut bus, id, "slow_client_warning")["threshold"].clone(), queued as u64)
    };
    let (frames, twelve) = threshold(1_000_000, 12);
    assert_eq!(frames, "frames");
    let (_, one) = threshold(1_000_000, 1);
    assert_eq!(threshold(one * 4 / 3, 1).0, "bytes");
    assert_eq!(threshold(twelve * 4 / 3, 12).0, "frames_and_bytes");
}

/// B8: an aborted subscriber has nothing left.
#[test]
fn b8_an_aborted_subscriber_has_nothing_left() {
    let mut bus = bus(limits());
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 3);
    bus.abort(id);
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::End);
    assert_eq!(bus.subscriber_count(), 0);
}
#[test]
fn with_a_grace_only_a_reader_that_stands_still_is_evicted() {
    let mut bus = bus(BusLimits { stall_grace: Millis(500), ..limits() });
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 50);
    assert_eq!(bus.sweep(Millis(1_499)), []);
    assert_eq!(bus.sweep(Millis(1_500)), [id]);
    assert_eq!(find(&mut bus, id, "client_evicted")["droppedAfter"], 50);
}

#[test]
fn the_grace_of_a_waiting_reader_starts_with_what_it_is_handed() {
    let mut bus = bus(BusLimits { stall_grace: Millis(500), ..limits() });
    let id = bus.subscribe(NOW, live()).expect("room");
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::Wait);
    for _ in 0..50 {
        bus.publish(Millis(9_000), &draft());
    }
    assert_eq!(bus.sweep(Millis(9_499)), [], "it had waited for 8 seconds, but not slept");
    assert_eq!(bus.sweep(Millis(9_500)), [id]);
}

#[test]
fn a_replay_is_not_lost_to_the_next_publish() {
    let mut bus = bus(BusLimits { ring_size: 10, ..limits() });
    publish(&mut bus, 10);
    let id = bus.subscribe(NOW, after(0, None)).expect("room");
    publish(&mut bus, 5);
    assert_eq!(bus.earliest(), 6, "newcomers see the ring as it should be");
    assert_eq!(take(&mut bus, id).len(), 16);
    publish(&mut bus, 1);
    assert_eq!(bus.ring.first(), 7, "and it shrinks back");
}

#[test]
fn who_falls_off_the_ring_ends_where_it_stands() {
    let mut bus = bus(BusLimits { ring_size: 10, stall_grace: Millis(1_000_000), ..limits() });
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 10 + 2_049);
    assert_eq!(bus.subscriber_count(), 1);
    publish(&mut bus, 1);
    assert_eq!(bus.subscriber_count(), 0);
    assert_eq!(bus.ring.first(), bus.earliest(), "the ring is as small as it should be again");
    let Take::Frames(frames) = bus.take(NOW, id, usize::MAX) else { panic!("it is told") };
    let farewell = envelope(&frames[0]);
    assert_eq!(
        (frames.len(), &farewell["type"], &farewell["data"]["droppedAfter"]),
        (1, &json!("client_evicted"), &json!(1))
    );
    assert_eq!(bus.take(NOW, id, usize::MAX), Take::End);
}

/// What a subscriber keeps the ring from dropping is bounded in bytes, too.
#[test]
fn who_is_too_many_bytes_behind_ends_where_it_stands() {
    let mut bus = bus(BusLimits { ring_bytes: 2_000, stall_grace: Millis(1_000_000), ..limits() });
    let id = bus.subscribe(NOW, live()).expect("room");
    let large = Draft::new(EventType::SessionUpdate, &"x".repeat(900));
    let mut published = 0;
    while bus.subscriber_count() == 1 {
        assert_eq!(bus.ring.first(), 1, "it is kept for the subscriber");
        bus.publish(NOW, &large).expect("it is open");
        published += 1;
    }
    assert_eq!(published, 7, "the oldest, twice what the ring keeps, the one that was too much, and the newest");
    assert_eq!(bus.ring.first(), bus.earliest());
    assert_eq!(find(&mut bus, id, "client_evicted")["droppedAfter"], 1);
}

#[test]
fn pressure_is_on_while_a_reader_lags_three_quarters_of_what_the_ring_may_take() {
    let mut bus = bus(BusLimits { ring_bytes: 4_000, stall_grace: Millis(500), ..limits() });
    let id = bus.subscribe(NOW, live()).expect("room");
    let large = Draft::new(EventType::SessionUpdate, &"x".repeat(900));
    for _ in 0..2 {
        bus.publish(NOW, &large).expect("it is open");
    }
    assert_eq!(bus.pressure(NOW), None);
    for _ in 0..2 {
        bus.publish(NOW, &large).expect("it is open");
    }
    assert_eq!(bus.pressure(NOW), Some(Millis(500)));
    assert!(matches!(bus.take(NOW, id, usize::MAX), Take::Frames(_)));
    assert_eq!(bus.pressure(NOW), None);
}

#[test]
fn pressure_is_on_while_a_reader_that_works_lags_three_quarters_of_the_ring() {
    let mut bus = bus(BusLimits { ring_size: 100, stall_grace: Millis(500), ..limits() });
    assert_eq!(bus.pressure(NOW), None);
    let id = bus.subscribe(NOW, live()).expect("room");
    publish(&mut bus, 75);
    assert_eq!(bus.pressure(NOW), None);
    publish(&mut bus, 1);
    assert_eq!(bus.pressure(NOW), Some(Millis(500)));
    assert_eq!(bus.pressure(Millis(1_400)), Some(Millis(100)));
    assert_eq!(bus.pressure(Millis(1_500)), None, "it stands still: no reason to wait for it");
    assert!(matches!(bus.take(Millis(1_600), id, usize::MAX), Take::Frames(_)));
    assert_eq!(bus.pressure(Millis(1_600)), None);
    publish(&mut bus, 76);
    assert_eq!(bus.pressure(Millis(1_600)), Some(Millis(500)));
}
