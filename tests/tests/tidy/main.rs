//! The project's invariants about its own sources. An invariant without a test drifts.

mod code;
mod crates;
mod documents;
mod files;
mod finding;

/// The folders of the workspace's crates.
const ROOMS: &[&str] = &["core", "server", "agent", "web", "tests", "xtask"];
