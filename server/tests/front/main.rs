//! The daemon's front through real sockets: who gets in, what is said to whom, and for how long.

mod admission;
mod bodies;
mod command_line;
mod daemon;
mod page;
mod paths;
mod serving;
mod sign_in;
