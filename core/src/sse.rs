//! Server-Sent Events, both ways: what the daemon writes and what a client reads.
//!
//! Law: a [`Parser`] answers a byte stream with the same frames however the stream is cut into chunks,
//! and parsing what [`encode`] wrote gives back the id, the type and the JSON.

mod encode;
mod frame;
mod parser;

pub use encode::{HEARTBEAT, PRELUDE, encode, encode_envelope};
pub use frame::{Event, Frame, NotAnEnvelope};
pub use parser::{Limits, Oversize, Parser};

#[cfg(test)]
mod tests;
