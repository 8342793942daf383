//! The peers and tools that the end-to-end tests and the benchmark use: real programs on real sockets.

pub mod bench;
pub mod browser;
pub mod client;
pub mod daemon;
pub mod deadline;
pub mod fake_model;
mod packets;
pub mod processes;
pub mod program;
pub mod scripted_agent;
pub mod source;
