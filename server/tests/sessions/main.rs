//! Sessions through the daemon's own door: real sockets, a real child process that speaks ACP.

mod crash;
mod host;
mod loss;
mod malformed;
mod permissions;
mod restart;
mod sharing;
mod turns;
