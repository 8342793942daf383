//! Sessions put in order, put away and written down, through the daemon's own door.

mod archive;
mod export;
#[path = "../sessions/host.rs"]
#[allow(dead_code, reason = "the tests of sessions use the rest")]
mod host;
mod list;
mod naming;
mod transcript;
mod turns;

use serde_json::Value;

/// The names of the sessions in a list, in order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let sessions = list["sessions"].as_array().map_or(&[][..], Vec::as_slice);
    sessions.iter().filter_map(|session| session["sessionId"].as_str()).collect()
}
