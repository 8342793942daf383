//! How quickly the daemon reacts.

use std::time::Duration;

use roost_core::session::Waits;
use serde::Serialize;

use crate::{
    App,
    child::pipes::{self, Passed},
    lag::Lateness,
};

/// Times in milliseconds, sizes in bytes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Perf {
    event_loop: EventLoop,
    prompt_queue_wait: PromptQueueWait,
    pipe: Pipe,
}

/// How late the daemon was with what was due, over the last minutes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventLoop {
    mean_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Of all prompts since the start that the agent got.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PromptQueueWait {
    count: u64,
    mean_ms: f64,
    max_ms: u64,
    last_ms: Option<u64>,
}

/// Messages between the daemon and its agents.
#[derive(Debug, Serialize)]
struct Pipe {
    inbound: Traffic,
    outbound: Traffic,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Traffic {
    count: u64,
    total_bytes: u64,
    max_bytes: u64,
}

impl Perf {
    pub(super) fn of(app: &App) -> Self {
        Self {
            event_loop: app.lag.lateness().into(),
            prompt_queue_wait: app.workspaces.waits().into(),
            pipe: Pipe { inbound: pipes::INBOUND.read().into(), outbound: pipes::OUTBOUND.read().into() },
        }
    }
}

impl From<Lateness> for EventLoop {
    fn from(lateness: Lateness) -> Self {
        let ms = |length: Duration| length.as_secs_f64() * 1e3;
        let Lateness { mean, median, p99, longest } = lateness;
        Self { mean_ms: ms(mean), p50_ms: ms(median), p99_ms: ms(p99), max_ms: ms(longest) }
    }
}

impl From<Waits> for PromptQueueWait {
    fn from(waits: Waits) -> Self {
        Self {
            count: waits.count,
            mean_ms: waits.total.0 as f64 / waits.count.max(1) as f64,
            max_ms: waits.longest.0,
            last_ms: waits.last.map(|(_, length)| length.0),
        }
    }
}

impl From<Passed> for Traffic {
    fn from(passed: Passed) -> Self {
        Self { count: passed.count, total_bytes: passed.bytes, max_bytes: passed.longest }
    }
}
