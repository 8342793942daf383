//! Counts and gauges for `GET /metrics`, in the text format of Prometheus 0.0.4.
//!
//! What happens at every request is an atomic addition; everything else is looked up when somebody asks.

mod text;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;

use self::text::{Kind, Text};
use crate::{
    App,
    admission::Rates,
    clock, daemon_log,
    daemon_status::Usage,
    routes::table::{Table, Taken},
};

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 9] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];
/// `1xx` to `5xx`.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is counted as it happens.
#[derive(Debug)]
pub struct Metrics {
    /// By route, and last what no route took; by status class.
    requests: Box<[[AtomicU64; CLASSES.len()]]>,
    /// The last is everything slower than the last bound.
    durations: [AtomicU64; BUCKETS.len() + 1],
    duration_micros: AtomicU64,
    connections: Arc<AtomicUsize>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub struct Counted(Arc<AtomicUsize>);

impl Default for Metrics {
    fn default() -> Self {
        let row = || std::array::from_fn(|_| AtomicU64::new(0));
        Self {
            requests: (0..=Table::get().routes().len()).map(|_| row()).collect(),
            durations: std::array::from_fn(|_| AtomicU64::new(0)),
            duration_micros: AtomicU64::new(0),
            connections: Arc::default(),
        }
    }
}

impl Metrics {
    /// One request was answered; a stream counts when its head is.
    pub fn answered(&self, taken: Taken, status: StatusCode, took: Duration) {
        let route = taken.index().unwrap_or(self.requests.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        self.requests[route][class].fetch_add(1, Ordering::Relaxed);
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
        self.durations[bucket].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.duration_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Counts one more connection.
    #[must_use]
    pub fn connected(&self) -> Counted {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.connections))
    }

    /// TCP connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Everything, as it is now.
#[must_use]
pub fn exposition(app: &App) -> String {
    let mut text = Text::default();
    requests(&app.metrics, &mut text);
    work(app, &mut text);
    process(app, &mut text);
    text.into_string()
}

fn requests(metrics: &Metrics, text: &mut Text) {
    text.family("roost_http_requests_total", Kind::Counter, "Requests answered, by route and class of status.");
    let routes = Table::get().routes().iter().map(|route| (route.method.as_str(), route.pattern.as_str()));
    for ((method, route), classes) in routes.chain([("", "other")]).zip(&metrics.requests) {
        for (class, count) in CLASSES.iter().zip(classes) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                text.sample(&[("method", method), ("route", route), ("status", class)], count);
            }
        }
    }
    text.family("roost_http_request_duration_seconds", Kind::Histogram, "Time to the head of an answer.");
    let mut total = 0;
    for (at, count) in metrics.durations.iter().enumerate() {
        total += count.load(Ordering::Relaxed);
        let bound = BUCKETS.get(at).map_or_else(|| "+Inf".to_owned(), f64::to_string);
        text.part("bucket", &[("le", &bound)], total);
    }
    text.part("sum", &[], metrics.duration_micros.load(Ordering::Relaxed) as f64 / 1e6);
    text.part("count", &[], total);
    text.family("roost_http_connections", Kind::Gauge, "TCP connections that are open.");
    text.sample(&[], metrics.connections());
}

fn work(app: &App, text: &mut Text) {
    let (overview, tally) = (app.workspaces.overview(), app.workspaces.tally().read());
    let acp = app.acp.traffic();
    let hits = app.admission.rates().map(Rates::hits).unwrap_or_default();
    let log = daemon_log::report();
    let gauges: [(&str, usize, &str); 11] = [
        ("roost_workspaces", app.workspaces.count(), "Workspaces that are served."),
        ("roost_agents", overview.agents, "Agents that are up."),
        ("roost_sessions", overview.sessions, "Sessions that are live."),
        ("roost_prompts_active", overview.active_prompts, "Sessions whose agent works on a prompt."),
        ("roost_prompts_queued", overview.queued_prompts, "Prompts that wait for their turn."),
        ("roost_permissions_pending", overview.pending_permissions, "Permission requests without an answer."),
        ("roost_event_streams", overview.connected_clients, "Event streams of sessions that are open."),
        ("roost_acp_connections", acp.connections, "Connections at /acp."),
        ("roost_acp_sse_streams", acp.sse_streams, "Event streams at /acp."),
        ("roost_acp_ws_streams", acp.ws_streams, "WebSockets at /acp."),
        (
            "roost_acp_client_requests_pending",
            acp.pending_client_requests,
            "Questions to peers at /acp without an answer.",
        ),
    ];
    for (name, value, help) in gauges {
        text.family(name, Kind::Gauge, help);
        text.sample(&[], value);
    }
    let counters: [(&str, u64, &str); 6] = [
        ("roost_sessions_begun_total", tally.sessions_begun, "Sessions that became live."),
        ("roost_sessions_ended_total", tally.sessions_ended, "Sessions that ended, however."),
        (
            "roost_sessions_died_total",
            tally.sessions_died,
            "Sessions that lost their agent or were ended by the daemon.",
        ),
        ("roost_permissions_asked_total", tally.permissions_asked, "Permission requests."),
        ("roost_events_total", tally.events, "Events published on the sessions' streams."),
        (
            "roost_log_lines_lost_total",
            log.map_or(0, |log| log.lost_lines),
            "Lines of the log file that were dropped or could not be written.",
        ),
    ];
    for (name, value, help) in counters {
        text.family(name, Kind::Counter, help);
        text.sample(&[], value);
    }
    text.family("roost_turns_total", Kind::Counter, "Prompts that came to their end, by how.");
    text.sample(&[("outcome", "complete")], tally.turns_completed);
    text.sample(&[("outcome", "error")], tally.turns_failed);
    text.family("roost_rate_limited_total", Kind::Counter, "Requests refused for their rate, by tier.");
    for (tier, hits) in [("prompt", hits.prompt), ("mutation", hits.mutation), ("read", hits.read)] {
        text.sample(&[("tier", tier)], hits);
    }
}

fn process(app: &App, text: &mut Text) {
    text.family("roost_build_info", Kind::Gauge, "1, with the version.");
    text.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    let usage = Usage::now();
    if let Some(seconds) = usage.cpu_seconds {
        text.family("process_cpu_seconds_total", Kind::Counter, "User and system time.");
        text.sample(&[], seconds);
    }
    for (name, value, help) in [
        ("process_resident_memory_bytes", usage.resident_bytes, "Resident memory."),
        ("process_virtual_memory_bytes", usage.virtual_bytes, "Virtual memory."),
        ("process_open_fds", usage.open_files, "Files that are open."),
    ] {
        if let Some(value) = value {
            text.family(name, Kind::Gauge, help);
            text.sample(&[], value);
        }
    }
    text.family("process_start_time_seconds", Kind::Gauge, "When the daemon began to listen, since the epoch.");
    text.sample(&[], clock::now().0 as f64 / 1e3 - app.started_at.elapsed().as_secs_f64());
}
