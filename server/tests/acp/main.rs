//! The Agent Client Protocol at `/acp`, through the daemon's own door: real sockets, a real child process behind it.

mod connections;
mod editor;
#[path = "../sessions/host.rs"]
#[allow(dead_code, reason = "the tests of sessions use the rest")]
mod host;
mod messages;
mod questions;
mod receipts;
mod screen;
mod servers;
mod sockets;
mod streams;
mod vendor;
mod workspaces;
