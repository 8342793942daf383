//! The flags that bound what sessions may take: how many, how much, how long.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use clap::Args;
use roost_core::Millis;

use crate::config::{Config, TotalSessions};

#[derive(Debug, Args)]
pub(super) struct BoundArgs {
    /// Live sessions of each workspace
    #[arg(long, value_name = "N", default_value_t = 32, help_heading = "Limits")]
    max_sessions: usize,
    /// Live sessions of all workspaces together [default: --max-sessions for each workspace given at start]
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_total_sessions: Option<usize>,
    /// Prompts of one session, running and queued
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "Limits")]
    max_pending_prompts_per_session: usize,
    /// Event streams of one session
    #[arg(long, value_name = "N", default_value = "1024", help_heading = "Limits")]
    max_subscribers: NonZeroUsize,
    /// Events of one session kept for clients that reconnect
    #[arg(long, value_name = "N", default_value = "8000", value_parser = parse_ring_size, help_heading = "Limits")]
    event_ring_size: NonZeroUsize,
    /// Bytes of folded history that opening a session may answer with
    #[arg(long, value_name = "BYTES", default_value = "4194304", value_parser = parse_replay_bytes, help_heading = "Limits")]
    compacted_replay_max_bytes: NonZeroU64,

    /// A turn ends with an error after this
    #[arg(
        long,
        value_name = "MS",
        env = "QWEN_SERVE_PROMPT_DEADLINE_MS",
        default_value_t = 0,
        help_heading = "Timeouts"
    )]
    prompt_deadline_ms: u64,
    /// A permission request nobody answers is cancelled after this
    #[arg(long, value_name = "MS", default_value_t = 0, help_heading = "Timeouts")]
    permission_response_timeout_ms: u64,
    /// A session without prompt, stream or heartbeat is closed after this; it can be opened again
    #[arg(long, value_name = "MS", default_value_t = 1_800_000, help_heading = "Timeouts")]
    session_idle_timeout_ms: u64,
    /// How often to look for such sessions
    #[arg(long, value_name = "MS", default_value_t = 60_000, help_heading = "Timeouts")]
    session_reap_interval_ms: u64,
    /// An agent without work is ended after this, 0 is at once; the next session starts another
    #[arg(long, value_name = "MS", default_value_t = 60_000, help_heading = "Timeouts")]
    channel_idle_timeout_ms: u64,
    /// A client that takes no byte of its stream for this long is cut off
    #[arg(
        long,
        value_name = "MS",
        env = "QWEN_SERVE_WRITER_IDLE_TIMEOUT_MS",
        default_value_t = 60_000,
        help_heading = "Timeouts"
    )]
    writer_idle_timeout_ms: u64,
}

impl BoundArgs {
    pub(super) fn configure(self, config: &mut Config) {
        let limits = &mut config.limits;
        limits.event_ring_size = self.event_ring_size;
        limits.max_sessions = NonZeroUsize::new(self.max_sessions);
        if let Some(most) = self.max_total_sessions {
            limits.max_total_sessions = TotalSessions::AtMost(NonZeroUsize::new(most));
        }
        limits.max_pending_prompts_per_session = NonZeroUsize::new(self.max_pending_prompts_per_session);
        limits.max_subscribers = self.max_subscribers;
        limits.compacted_replay_max_bytes = self.compacted_replay_max_bytes;
        let timeouts = &mut config.timeouts;
        timeouts.prompt_deadline = length(self.prompt_deadline_ms);
        timeouts.permission_response = length(self.permission_response_timeout_ms);
        timeouts.session_idle = length(self.session_idle_timeout_ms);
        timeouts.session_reap_interval = length(self.session_reap_interval_ms);
        timeouts.channel_idle = Duration::from_millis(self.channel_idle_timeout_ms);
        timeouts.writer_idle = length(self.writer_idle_timeout_ms).map(|Millis(ms)| Duration::from_millis(ms));
    }
}

fn length(ms: u64) -> Option<Millis> {
    (ms > 0).then_some(Millis(ms))
}

fn parse_ring_size(text: &str) -> Result<NonZeroUsize, String> {
    const MOST: usize = 1_000_000;
    let events: NonZeroUsize = text.parse().map_err(|_| "a number of events above 0".to_owned())?;
    if events.get() <= MOST { Ok(events) } else { Err(format!("at most {MOST}")) }
}

fn parse_replay_bytes(text: &str) -> Result<NonZeroU64, String> {
    const MOST: u64 = 256 * 1024 * 1024;
    let bytes: NonZeroU64 = text.parse().map_err(|_| "a number of bytes above 0".to_owned())?;
    if bytes.get() <= MOST { Ok(bytes) } else { Err(format!("at most {MOST}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B2, B11: neither ring nor history is without bound.
    #[test]
    fn a_ring_and_a_history_have_bounds() {
        assert_eq!(parse_ring_size("1000000").map(NonZeroUsize::get), Ok(1_000_000));
        assert_eq!(parse_replay_bytes("268435456").map(NonZeroU64::get), Ok(256 << 20));
        for wrong in ["0", "1000001", "-1", "many"] {
            assert!(parse_ring_size(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0", "268435457", "4MB"] {
            assert!(parse_replay_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
