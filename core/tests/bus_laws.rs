//! The laws of the bus.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};
use roost_core::{
    Draft, EventType, Millis,
    bus::{Bus, BusLimits, Cursor, MaxQueued, Subscribe, SubscriberId, Take},
};
use serde_json::Value;

#[derive(Clone, Debug)]
enum Step {
    /// So many events, each with so many bytes of payload.
    Publish(u8, u16),
    /// A new subscriber, whose cursor is so far behind the newest event.
    Subscribe(Option<u8>),
    /// The nth subscriber takes up to so many bytes.
    Take(u8, u16),
    Abort(u8),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..40_u8, 0..300_u16).prop_map(|(count, size)| Step::Publish(count, size)),
        1 => proptest::option::of(any::<u8>()).prop_map(Step::Subscribe),
        4 => (any::<u8>(), 0..4_000_u16).prop_map(|(who, bytes)| Step::Take(who, bytes)),
        1 => any::<u8>().prop_map(Step::Abort),
        1 => any::<u16>().prop_map(Step::Pass),
    ]
}

fn draft(size: u16) -> Draft {
    Draft::new(EventType::SessionUpdate, &"x".repeat(size.into()))
}

fn envelope(frame: &[u8]) -> Value {
    let text = std::str::from_utf8(frame).expect("frames are text");
    let (_, json) = text.trim_end().split_once("\ndata: ").expect("every frame has data");
    serde_json::from_str(json).expect("the data is JSON")
}

/// What one subscriber has seen, held against what it was promised.
#[derive(Debug)]
struct Witness {
    /// The id it must see next; unknown until a resync tells where the replay starts.
    next: Option<u64>,
    over: bool,
}

impl Witness {
    fn see(&mut self, frame: &Value) {
        assert!(!self.over, "nothing follows an eviction");
        match (frame["id"].as_u64(), frame["type"].as_str()) {
            (Some(id), _) => {
                assert_eq!(self.next.unwrap_or(id), id, "in order, without a gap");
                self.next = Some(id + 1);
            }
            (None, Some("state_resync_required")) => self.next = frame["data"]["earliestAvailableId"].as_u64(),
            (None, Some("client_evicted")) => self.over = true,
            (None, Some("replay_complete" | "slow_client_warning")) => {}
            (None, other) => panic!("unexpected frame {other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn ids_are_gap_free_and_replay_plus_live_equals_live(
        steps in vec(step(), 1..120),
        ring_size in 1..200_usize,
        ring_bytes in 300..60_000_u64,
        grace in prop_oneof![Just(0_u64), 1..2_000_u64],
    ) {
        let limits = BusLimits { ring_size, ring_bytes, stall_grace: Millis(grace), max_queued_bytes: 20_000, ..BusLimits::default() };
        let mut bus = Bus::new("e".into(), limits);
        let mut now = Millis(0);
        let mut witnesses: Vec<(SubscriberId, Witness)> = Vec::new();
        for step in steps {
            match step {
                Step::Publish(count, size) => for _ in 0..count {
                    let expected = bus.last_event_id() + 1;
                    let frame = bus.publish(now, &draft(size)).expect("the bus is open");
                    prop_assert_eq!(frame.id, expected);
                    prop_assert_eq!(bus.last_event_id(), expected);
                    let kept: Vec<u64> = bus.frames_after(0).map(|frame| frame.json().len() as u64).collect();
                    prop_assert!(kept.len() <= ring_size && (kept.len() == 1 || kept.iter().sum::<u64>() <= ring_bytes));
                },
                Step::Subscribe(behind) => {
                    let head = bus.last_event_id();
                    let cursor = behind.map(|behind| Cursor { last_event_id: head.saturating_sub(behind.into()), epoch: None });
                    // A cursor starts after what it read, unless a resync tells otherwise first.
                    let next = cursor.as_ref().map_or(head, |cursor| cursor.last_event_id) + 1;
                    let id = bus.subscribe(now, Subscribe { cursor, ..Subscribe::default() }).expect("room");
                    witnesses.push((id, Witness { next: Some(next), over: false }));
                }
                Step::Take(who, bytes) if !witnesses.is_empty() => {
                    let at = usize::from(who) % witnesses.len();
                    let (id, witness) = &mut witnesses[at];
                    match bus.take(now, *id, bytes.into()) {
                        Take::Frames(frames) => frames.iter().for_each(|frame| witness.see(&envelope(frame))),
                        Take::Wait => prop_assert_eq!(witness.next, Some(bus.last_event_id() + 1), "all was seen"),
                        Take::End => {
                            prop_assert!(witness.over, "only an eviction ends a stream of an open bus");
                            witnesses.swap_remove(at);
                        }
                    }
                }
                Step::Abort(who) if !witnesses.is_empty() => {
                    let (id, _) = witnesses.swap_remove(usize::from(who) % witnesses.len());
                    bus.abort(id);
                    prop_assert_eq!(bus.take(now, id, 1), Take::End);
                }
                Step::Take(..) | Step::Abort(_) => {}
                Step::Pass(length) => {
                    now = now.after(Millis(length.into()));
                    bus.sweep(now);
                }
            }
        }
        // Whoever is left reads to the end of what was published, or was told that it was cut off.
        bus.close();
        for (id, mut witness) in witnesses {
            while let Take::Frames(frames) = bus.take(now, id, 4_000) {
                frames.iter().for_each(|frame| witness.see(&envelope(frame)));
            }
            prop_assert!(witness.over || witness.next == Some(bus.last_event_id() + 1));
        }
    }

    #[test]
    fn a_reader_that_keeps_taking_is_never_evicted(
        past in vec(0..3_000_u16, 0..200),
        replays in any::<bool>(),
        bursts in vec((1..150_usize, 0..3_000_u16, 1..999_u64, 0..10_000_usize), 1..20),
        ring_size in 1..100_usize,
        ring_bytes in 300..20_000_u64,
        max_queued in 16..64_u16,
    ) {
        let limits = BusLimits { ring_size, ring_bytes, stall_grace: Millis(1_000), max_queued_bytes: 3_000, ..BusLimits::default() };
        let mut bus = Bus::new("e".into(), limits);
        let mut now = Millis(0);
        for size in &past {
            bus.publish(now, &draft(*size));
        }
        let max_queued = MaxQueued::parse(&max_queued.to_string()).ok();
        let cursor = replays.then(|| Cursor { last_event_id: bus.earliest() - 1, epoch: None });
        let mut seen = cursor.as_ref().map_or(bus.last_event_id(), |cursor| cursor.last_event_id);
        let id = bus.subscribe(now, Subscribe { cursor, max_queued, ..Subscribe::default() }).expect("room");
        for (count, size, pause, max_bytes) in bursts {
            for _ in 0..count {
                // The publisher heeds the pressure: it waits until the reader comes for more.
                while bus.pressure(now).is_some() {
                    take(&mut bus, now, id, max_bytes, &mut seen);
                }
                bus.publish(now, &draft(size));
            }
            now = now.after(Millis(pause));
            prop_assert_eq!(bus.sweep(now), []);
            take(&mut bus, now, id, max_bytes, &mut seen);
        }
        prop_assert_eq!(bus.subscriber_count(), 1);
        bus.close();
        while take(&mut bus, now, id, 100_000, &mut seen) {}
        prop_assert_eq!(seen, bus.last_event_id());
    }

    #[test]
    fn without_grace_the_queue_is_the_literal_one(
        steps in vec(model_step(), 1..300),
        max_queued in 16..40_u16,
        max_bytes in 500..6_000_u64,
        ring_size in 1..50_usize,
    ) {
        let limits = BusLimits { ring_size, stall_grace: Millis(0), max_queued_bytes: max_bytes, ..BusLimits::default() };
        let mut bus = Bus::new("e".into(), limits);
        let queued = MaxQueued::parse(&max_queued.to_string()).ok();
        let id = bus.subscribe(Millis(0), Subscribe { max_queued: queued, ..Subscribe::default() }).expect("room");
        let mut model = Model { max_queued: max_queued.into(), max_bytes, ..Model::default() };
        for step in steps {
            match step {
                ModelStep::Publish(size) => {
                    let frame = bus.publish(Millis(0), &draft(size)).expect("the bus is open");
                    model.push(frame.id, frame.json().len() as u64);
                }
                ModelStep::Read => match bus.take(Millis(0), id, 0) {
                    Take::Frames(frames) => {
                        prop_assert_eq!(frames.len(), 1);
                        let seen = envelope(&frames[0]);
                        let label = seen["id"].as_u64().map_or_else(|| seen["type"].as_str().map(str::to_owned), |id| Some(id.to_string()));
                        prop_assert_eq!(label, model.read());
                    }
                    Take::Wait => prop_assert!(model.read().is_none() && !model.closed),
                    Take::End => prop_assert!(model.read().is_none() && model.closed),
                },
            }
            prop_assert_eq!(bus.subscriber_count() == 0, model.closed);
        }
    }
}

/// Takes once; whether there was anything.
fn take(bus: &mut Bus, now: Millis, id: SubscriberId, max_bytes: usize, seen: &mut u64) -> bool {
    let Take::Frames(frames) = bus.take(now, id, max_bytes) else { return false };
    for frame in frames {
        let head = std::str::from_utf8(&frame).expect("frames are text").lines().next();
        match head.and_then(|line| line.strip_prefix("id: ")) {
            Some(id) => {
                assert_eq!(id.parse(), Ok(*seen + 1));
                *seen += 1;
            }
            None => assert!(matches!(head, Some("event: slow_client_warning" | "event: replay_complete")), "{head:?}"),
        }
    }
    true
}

#[derive(Clone, Debug)]
enum ModelStep {
    Publish(u16),
    /// Reads one frame.
    Read,
}

fn model_step() -> impl Strategy<Value = ModelStep> {
    prop_oneof![3 => (0..600_u16).prop_map(ModelStep::Publish), 2 => Just(ModelStep::Read)]
}

/// B4–B7 as they are written: a queue of its own for one subscriber, with a reader that takes one frame at a time.
#[derive(Debug, Default)]
struct Model {
    max_queued: usize,
    max_bytes: u64,
    queue: std::collections::VecDeque<String>,
    /// Sizes of the buffered live events, by id.
    buffered: BTreeMap<u64, u64>,
    waiting: bool,
    warned: bool,
    closed: bool,
}

impl Model {
    fn push(&mut self, id: u64, bytes: u64) {
        if self.closed {
            return;
        }
        let queued: u64 = self.buffered.values().sum();
        if self.waiting {
            self.waiting = false;
        } else if self.buffered.len() >= self.max_queued
            || (!self.buffered.is_empty() && queued + bytes > self.max_bytes)
        {
            self.queue.push_back("client_evicted".to_owned());
            self.closed = true;
            return;
        } else {
            self.buffered.insert(id, bytes);
        }
        self.queue.push_back(id.to_string());
        let (frames, bytes) = (
            self.buffered.len() as f64 / self.max_queued as f64,
            self.buffered.values().sum::<u64>() as f64 / self.max_bytes as f64,
        );
        if self.warned && frames <= 0.375 && bytes <= 0.375 {
            self.warned = false;
        }
        if !self.warned && (frames >= 0.75 || bytes >= 0.75) {
            self.queue.push_back("slow_client_warning".to_owned());
            self.warned = true;
        }
    }

    fn read(&mut self) -> Option<String> {
        let frame = self.queue.pop_front();
        if let Some(id) = frame.as_ref().and_then(|frame| frame.parse().ok()) {
            self.buffered.remove(&id);
        }
        self.waiting = frame.is_none();
        frame
    }
}
