//! The Roost daemon.
