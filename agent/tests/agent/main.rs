//! The agent from outside: a child process, real pipes, a real HTTP model server.

mod choices;
mod commands;
mod interruptions;
mod meanwhile;
mod models;
mod protocol;
mod records;
mod sign_in;
mod support;
mod tools;
mod trust;
mod turns;
