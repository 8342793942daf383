//! The Agent Client Protocol in front of the daemon's own routes, without its sockets.
//!
//! Laws:
//! - a vendor method is one row of [`VendorMethod::ALL`] and nothing else: the request it makes is the one a REST client would send, so
//!   the two cannot disagree;
//! - [`Event::notice`] loses no event: what is neither an update nor an open question is passed on under its name;
//! - an answer that belongs to an event ([`Event::settles`]) is made from that event, so whoever is sent the event again is sent the
//!   answer again: a stream that is cut and resumed misses neither;
//! - a question has one number per connection ([`Questions`]), however often it is asked.

mod event;
mod frame;
mod method;
mod owed;
mod presence;
mod questions;
mod refusal;
mod shape;

pub use event::{Asked, Event};
pub use frame::Frame;
pub use method::{Scope, VendorMethod, query};
pub use owed::Owed;
pub use presence::{Patience, Presence};
pub use questions::{Question, Questions};
pub use refusal::{NotOwned, refusal};
pub use shape::{listed, opened, options};

#[cfg(test)]
mod tests;
