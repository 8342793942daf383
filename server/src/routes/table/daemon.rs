//! Routes about the daemon itself.

use super::{Row, get, post};
use crate::{daemon_status::Report, routes::health::Deep};

pub(super) const ROWS: &[Row] = &[
    get("/health", "Is the daemon up; with `?deep` also what it is doing").gives::<Deep>(),
    get("/capabilities", "What this daemon can do, its limits and its workspaces"),
    get("/daemon/status", "How the daemon is; with `?detail=full` session by session").gives::<Report>(),
    get("/metrics", "Counts and gauges in the text format of Prometheus").media("text/plain"),
    get("/openapi.json", "This description"),
    post("/auth/exchange", "Trades a single-use sign-in code for a credential of one's own"),
];
