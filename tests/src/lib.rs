//! The peers and tools that the end-to-end tests and the benchmark use: real programs on real sockets.

pub mod bad_line;
pub mod bench;
pub mod browser;
mod candidate;
pub mod client;
pub mod conformance;
pub mod daemon;
pub mod deadline;
pub mod description;
pub mod disk;
pub mod fake_model;
pub mod git;
pub mod identity_provider;
pub mod npm;
mod packets;
pub mod port;
pub mod processes;
pub mod program;
pub mod routes;
pub mod scripted_agent;
pub mod source;
