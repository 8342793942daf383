//! The `roost` binary.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use roost_server::{
    child::keeper::{self, Keeper},
    cli::{Cli, Command, Greeting, ServeArgs},
    file_limit, remote,
    serve::{self, Daemon},
    telemetry,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(args) => run(serve(*args)),
        Command::Agent => roost_agent::run(),
        Command::Keeper => keeper::keep().context("cannot hear of the daemon's end"),
        Command::Prompt(args) => return remote::prompt(args),
        Command::Sessions(args) => return remote::sessions(args),
        Command::Attach(args) => return remote::attach(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("roost: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(command)
}

/// The daemon, until a signal ends it.
async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let config = args.config()?;
    let _log = telemetry::start(config.log.as_ref())?;
    file_limit::raise();
    let signals = Signals::listen()?;
    let daemon = serve::start(config).await?;
    println!("{}", Greeting::new(&daemon));
    let keeper = Keeper::post();
    signals.wait_for_the_end(&daemon).await;
    daemon.stop().await;
    keeper.dismiss().await;
    Ok(())
}

/// The signals a daemon answers to.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    link_wanted: Signal,
    /// Listened for so that a write beyond the limit of a file's size fails like one on a full disk, and does not end the daemon.
    _file_too_large: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            link_wanted: listen(SignalKind::user_defined1())?,
            _file_too_large: listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    /// Returns on SIGINT or SIGTERM; SIGUSR1 prints another sign-in link.
    async fn wait_for_the_end(mut self, daemon: &Daemon) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.link_wanted.recv() => {
                    if let Some(link) = daemon.sign_in_link() {
                        println!("  Open        {}", link.reveal());
                    }
                }
            }
        }
    }
}
