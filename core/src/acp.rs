//! The Agent Client Protocol's transport: newline-delimited JSON-RPC 2.0 over a child's stdio.
//!
//! Law: [`Lines`] gives the same lines however the bytes are cut into reads, and [`Message::parse`] is the inverse of
//! [`Message::encode`]. Payloads are borrowed and never parsed here: what an agent sends can be passed on as it came.

mod lines;
mod message;
mod peek;

pub use lines::{LineTooLong, Lines};
pub use message::{Message, NotAMessage, RpcError, RpcId, code};
pub use peek::Peek;

#[cfg(test)]
mod tests;
