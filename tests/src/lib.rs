//! The peers and tools that the end-to-end tests and the benchmark use: real programs on real sockets.

pub mod fake_model;
pub mod scripted_agent;
