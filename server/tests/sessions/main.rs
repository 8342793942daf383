//! Sessions through the daemon's own door: real sockets, a real child process that speaks ACP.

mod agent_that_cannot_load;
mod annotations;
mod apart;
mod artifacts;
mod crash;
mod histories;
mod host;
mod insight;
mod joining;
mod keyed;
mod loss;
mod malformed;
mod mcp_servers;
mod messages;
mod permissions;
mod policies;
mod restart;
mod sharing;
mod shell;
mod turns;
mod two_daemons;
