//! Sessions through the daemon's own door: real sockets, a real child process that speaks ACP.

mod annotations;
mod crash;
mod host;
mod insight;
mod loss;
mod malformed;
mod messages;
mod permissions;
mod policies;
mod restart;
mod sharing;
mod shell;
mod turns;
