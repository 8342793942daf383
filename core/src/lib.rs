//! The Roost protocol, pure: no clock, no I/O, no async, no randomness.
//!
//! Compiled into the daemon and into the page. Three kinds of thing live here:
//! - a **machine** decides: `handle(&mut self, now, input) -> Vec<Effect>`, and never does;
//! - a **reducer** remembers: `apply(&mut self, &Envelope) -> Change`, and never fails;
//! - a **codec** is total: `parse` answers every byte string with a value or a named error, and `encode` is its inverse.

pub mod acp;
pub mod acp_bridge;
pub mod archive_lock;
pub mod artifact;
pub mod bus;
pub mod case;
pub mod client;
pub mod credentials;
pub mod device_flow;
pub mod diff;
pub mod dotenv;
pub mod event;
pub mod home;
pub mod id;
#[cfg(feature = "js")]
pub mod js;
pub mod language;
pub mod markdown;
pub mod nesting;
mod one_line;
pub mod payload;
pub mod rate_limit;
pub mod session;
pub mod settings;
pub mod slash;
pub mod sse;
pub mod syntax;
pub mod time;
pub mod transcript;
pub mod trust;
pub mod variables;
pub mod view;

pub use event::{Draft, Envelope, EventType};
pub use id::{ClientId, EventEpoch, PromptId, RequestId, SessionId};
pub use time::Millis;
