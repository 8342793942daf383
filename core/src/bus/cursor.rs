//! Subscribing: what a cursor can be served exactly, and what is said when it cannot.

use serde_json::value::RawValue;

use super::{
    Bus, MaxQueued, SubscriberId,
    marker::{self, ReplayComplete, ResyncReason, StateResyncRequired},
    subscriber::Subscriber,
};
use crate::{Draft, EventEpoch, EventType, Millis};

/// How far a client has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub last_event_id: u64,
    /// The epoch it was read under, when the client knows it.
    pub epoch: Option<EventEpoch>,
}

/// What a subscriber asks for. Without a cursor: live events only.
#[derive(Debug, Default)]
pub struct Subscribe {
    pub cursor: Option<Cursor>,
    pub max_queued: Option<MaxQueued>,
    /// The payload of a `session_snapshot`, for `?snapshot=1`.
    pub snapshot: Option<Box<RawValue>>,
}

/// Why a subscription is refused: 429 `subscriber_limit_exceeded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has {limit} subscribers already")]
pub struct SubscribeError {
    pub limit: usize,
}

/// Where a replay starts, and what has to be said first.
struct Replay {
    from: u64,
    resync: Option<StateResyncRequired>,
}

impl Bus {
    /// Registers a subscriber as of now: what is published from here on, it gets.
    pub fn subscribe(&mut self, now: Millis, wish: Subscribe) -> Result<SubscriberId, SubscribeError> {
        let limit = self.limits.max_subscribers;
        if self.subscribers.len() >= limit && self.subscriber_count() >= limit {
            return Err(SubscribeError { limit });
        }
        let head = self.ring.next_id();
        let replay = wish.cursor.map(|cursor| self.replay(&cursor));
        let from = replay.as_ref().map_or(head, |replay| replay.from);
        let max_queued = wish.max_queued.unwrap_or(self.limits.default_max_queued);
        let mut subscriber = Subscriber::new(now, from, head, max_queued);
        if let Some(replay) = replay {
            if let Some(resync) = replay.resync {
                subscriber.insert(from, marker::frame(now, EventType::StateResyncRequired, &resync));
            }
            let last = (from < head).then_some(head - 1);
            let complete =
                ReplayComplete { replayed_count: head - from, last_replayed_event_id: last, last_event_id: last };
            subscriber.insert(head, marker::frame(now, EventType::ReplayComplete, &complete));
        }
        if let Some(data) = wish.snapshot {
            let draft = Draft { kind: EventType::SessionSnapshot, data, prompt_id: None, originator: None };
            subscriber.insert(head, super::synthetic(now, &draft));
        }
        Ok(self.register(subscriber))
    }

    fn register(&mut self, subscriber: Subscriber) -> SubscriberId {
        let id = SubscriberId(self.next_subscriber);
        self.next_subscriber += 1;
        self.ring.cursor_starts(subscriber.next);
        self.watch.include(&subscriber, &self.ring, &self.limits);
        self.subscribers.insert(id, subscriber);
        id
    }

    fn replay(&self, cursor: &Cursor) -> Replay {
        let (head, earliest) = (self.ring.next_id(), self.earliest());
        let read = cursor.last_event_id;
        let resync = |reason, detail| {
            Some(StateResyncRequired { reason, detail, last_delivered_id: read, earliest_available_id: earliest })
        };
        let epoch_mismatch = cursor.epoch.as_ref().is_some_and(|epoch| *epoch != self.epoch);
        if epoch_mismatch || read >= head {
            let detail = epoch_mismatch.then_some("epoch_mismatch");
            Replay { from: earliest, resync: resync(ResyncReason::EpochReset, detail) }
        } else if self.ring.is_empty() && read + 1 < head {
            Replay { from: head, resync: resync(ResyncReason::SeededReplayNotInRing, None) }
        } else if earliest > read + 1 {
            Replay { from: earliest, resync: resync(ResyncReason::RingEvicted, None) }
        } else {
            Replay { from: read + 1, resync: None }
        }
    }
}
