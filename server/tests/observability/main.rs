//! What the daemon tells those who keep it running, through its own door: status, metrics, description, log.

mod description;
mod gates;
#[path = "../sessions/host.rs"]
#[allow(dead_code, reason = "the tests of sessions use the rest")]
mod host;
mod log;
mod metrics;
mod status;

use serde_json::Value;

/// The issues of a status, by their codes.
pub(crate) fn issues(status: &Value) -> Vec<&str> {
    let issues = status["issues"].as_array().map_or(&[][..], Vec::as_slice);
    issues.iter().filter_map(|issue| issue["code"].as_str()).collect()
}
