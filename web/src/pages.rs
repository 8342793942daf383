//! The screens: the door, and the room behind it.

pub(crate) mod connect;
pub(crate) mod shell;
