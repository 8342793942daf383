//! What the daemon does at the moment.

use roost_core::{Millis, rate_limit::RateHits, session::Policy};
use serde::Serialize;

use super::{perf::Perf, process::Process};
use crate::{App, acp::Traffic, admission::Rates, clock, sessions::Overview};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Runtime {
    sessions: ActiveSessions,
    permissions: Permissions,
    channel: Channel,
    channel_worker: ChannelWorker,
    transport: Transport,
    rate_limit: RateLimit,
    perf: Perf,
    activity: Activity,
    process: Process,
}

#[derive(Debug, Serialize)]
struct ActiveSessions {
    active: usize,
}

#[derive(Debug, Serialize)]
struct Permissions {
    pending: usize,
    policy: Policy,
}

#[derive(Debug, Serialize)]
struct Channel {
    /// An agent is up.
    live: bool,
}

/// Roost has no channel workers; the protocol has a place for them.
#[derive(Debug, Serialize)]
struct ChannelWorker {
    enabled: bool,
    state: &'static str,
    channels: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Transport {
    rest_sse_active: usize,
    acp: Acp,
}

#[derive(Debug, Serialize)]
struct Acp {
    enabled: bool,
    #[serde(flatten)]
    traffic: Traffic,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RateLimit {
    enabled: bool,
    rejected_since_start: RateHits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    active_prompts: usize,
    /// Running and queued.
    pending_prompts: usize,
    queued_prompts: usize,
    /// ISO 8601.
    last_activity_at: Option<String>,
    idle_since_ms: Option<u64>,
}

impl Runtime {
    pub(super) fn of(app: &App, overview: &Overview) -> Self {
        let is_idle = overview.active_prompts == 0;
        let idle_since = overview.last_activity_at.filter(|_| is_idle);
        Self {
            sessions: ActiveSessions { active: overview.sessions },
            permissions: Permissions {
                pending: overview.pending_permissions,
                policy: app.workspaces.primary().sessions.vote_policy().policy,
            },
            channel: Channel { live: overview.channel_alive },
            channel_worker: ChannelWorker { enabled: false, state: "disabled", channels: Vec::new() },
            transport: Transport {
                rest_sse_active: overview.connected_clients,
                acp: Acp { enabled: app.config.acp.is_some(), traffic: app.acp.traffic() },
            },
            rate_limit: RateLimit {
                enabled: app.admission.rates().is_some(),
                rejected_since_start: app.admission.rates().map(Rates::hits).unwrap_or_default(),
            },
            perf: Perf::of(app),
            activity: Activity {
                active_prompts: overview.active_prompts,
                pending_prompts: overview.pending_prompts,
                queued_prompts: overview.queued_prompts,
                last_activity_at: overview.last_activity_at.map(Millis::to_iso),
                idle_since_ms: idle_since.map(|moment| clock::now().since(moment).0),
            },
            process: Process::now(),
        }
    }
}
