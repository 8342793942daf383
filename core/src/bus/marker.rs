//! The payloads of frames that concern one subscriber.

use bytes::Bytes;
use serde::Serialize;

use super::synthetic;
use crate::{Draft, EventType, Millis};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateResyncRequired {
    pub(super) reason: ResyncReason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'static str>,
    pub(super) last_delivered_id: u64,
    pub(super) earliest_available_id: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResyncReason {
    RingEvicted,
    EpochReset,
    SeededReplayNotInRing,
}

/// Both ids are absent after an empty replay.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayComplete {
    pub(super) replayed_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_replayed_event_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_event_id: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SlowClientWarning {
    pub(super) queue_size: u64,
    pub(super) max_queued: u64,
    pub(super) last_event_id: u64,
    pub(super) queued_bytes: u64,
    pub(super) max_queued_bytes: u64,
    pub(super) threshold: Threshold,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Threshold {
    Frames,
    Bytes,
    FramesAndBytes,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientEvicted {
    pub(super) reason: EvictionReason,
    pub(super) dropped_after: u64,
    pub(super) queue_size: u64,
    pub(super) max_queued: u64,
    pub(super) queued_bytes: u64,
    pub(super) max_queued_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EvictionReason {
    QueueOverflow,
    QueueBytesOverflow,
}

pub(super) fn frame(now: Millis, kind: EventType, data: &impl Serialize) -> Bytes {
    synthetic(now, &Draft::new(kind, data))
}
