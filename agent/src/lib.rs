//! The built-in coding agent: speaks ACP on stdio, as a stranger's agent would.
//!
//! One process serves many sessions. A prompt becomes a turn: the model is asked, its answer is passed on as it comes, the
//! tools it calls are run when the approval rules or the user allow it, and their results are told to the model, until
//! it has nothing more to call. Everything said is in the session's records before the turn is answered.
//!
//! Invariants:
//! - stdout carries the protocol and nothing else; logs go to stderr;
//! - no file tool reaches outside the workspace, whatever links say;
//! - a cancelled turn ends within two seconds and leaves a history every provider accepts;
//! - no process of a command outlives its call, except one that left the command's process group when the command ended by itself.

mod agent;
mod approval;
mod client;
mod command;
mod config;
mod history;
mod language;
mod lock;
mod mode;
mod model;
mod outbox;
mod prompt;
mod record;
mod session;
mod settings;
mod sign_in;
mod small_file;
mod stamp;
mod stats;
mod stdio;
mod tool;
mod turn;
mod workspace;

use std::io::IsTerminal;

use agent_client_protocol as acp;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing_subscriber::EnvFilter;

pub use self::config::{Anthropic, Config, OpenAi, Secret, Server, Tuning};
use self::outbox::{Outbox, Output};

/// Serves one client over a pair of byte streams, until it hangs up.
///
/// # Errors
/// When the streams fail, or the client breaks the protocol beyond repair.
pub async fn serve(
    config: Config,
    input: impl AsyncRead + Send + 'static,
    output: impl AsyncWrite + Send + 'static,
) -> Result<(), acp::Error> {
    talk(config, input, Output::Stream(Box::pin(output))).await
}

async fn talk(config: Config, input: impl AsyncRead + Send + 'static, output: Output) -> Result<(), acp::Error> {
    let (outbox, writing) = Outbox::open(output);
    tokio::spawn(writing);
    agent::serve(config, input, outbox).await
}

/// `roost agent`: serves the client on stdin and stdout, configured by the environment, with a runtime of its own.
///
/// # Errors
/// When stdin or stdout cannot be used, or as [`serve`].
pub fn run() -> anyhow::Result<()> {
    log_to_stderr();
    // One thread: a turn waits far more than it works, and file work goes to helper threads anyway.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let (input, output) = stdio::open()?;
        anyhow::Ok(talk(Config::from_env(), input, output).await?)
    });
    // A helper thread may hang in a read; the process does not wait for it.
    runtime.shutdown_background();
    served
}

/// Warnings and errors, unless `RUST_LOG` says otherwise. Does nothing if logging has been set up already.
fn log_to_stderr() {
    // The SDK warns of every error answered to a client, in lines of many kilobytes.
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,agent_client_protocol=error"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = logs.with_ansi(std::io::stderr().is_terminal()).try_init();
}
