//! The Roost daemon: sockets, child processes and disk around `roost-core`.
//!
//! A request's way in: [`serve`] (hyper, timeouts) → [`admission`] (Origin, Host, bearer, in this order) → [`routes`] →
//! a session's driver. Everything the handlers share is in one [`App`].

pub mod acp;
pub mod admission;
pub mod agent_query;
pub mod app;
pub mod archive;
pub mod auth;
pub mod body;
pub mod capabilities;
pub mod child;
pub mod cli;
pub mod client_id;
pub mod clock;
pub mod config;
pub mod daemon_log;
pub mod daemon_status;
pub mod device_flow;
pub mod driver;
pub mod environment;
pub mod events;
pub mod export;
pub mod file_limit;
pub mod files;
pub mod git;
pub mod git_news;
pub mod lag;
pub mod mcp_servers;
pub mod metrics;
pub mod openapi;
pub mod organization;
pub mod page;
pub mod preflight;
mod private_file;
pub mod providers;
pub mod remote;
pub mod routes;
pub mod serve;
pub mod sessions;
pub mod settings;
mod shell;
pub mod store;
pub mod tally;
pub mod telemetry;
pub mod transcript_page;
pub mod trust;
pub mod turn_status;
pub mod vote_policy;
pub mod wire_error;
pub mod workspaces;

pub use app::App;
pub use config::Config;
pub use wire_error::WireError;
