//! What a workspace's routes are about beside sessions, through the daemon's own door.

mod git;
mod git_news;
#[path = "../sessions/host.rs"]
#[allow(dead_code, reason = "the tests of sessions use the rest")]
mod host;
mod init;
mod permissions;
mod place;
mod refusals;
mod reload;
mod settings;
mod status;
mod tools;
mod trust;
mod untrusted;
mod variables;
