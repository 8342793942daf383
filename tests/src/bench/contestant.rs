//! Who is measured, and how each is started.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use super::connection::Door;
use crate::{
    candidate::{Candidate, Environment, Place},
    processes, program,
};

const TOKEN: &str = "the-token-of-the-benchmark";

/// How long a daemon may take to come up before the run is given up.
const BOOT_LIMIT: Duration = Duration::from_secs(60);

/// A server under measurement.
#[derive(Clone, Debug)]
pub(super) struct Contestant {
    pub(super) name: &'static str,
    /// Its command line; `{port}` and `{workspace}` stand where they belong.
    words: Vec<String>,
    /// The program on disk, when its size is worth a row.
    pub(super) binary: Option<PathBuf>,
}

/// A running contestant.
#[derive(Debug)]
pub(super) struct Running {
    server: Candidate,
    pub(super) door: Door,
    pub(super) started: Instant,
}

impl Contestant {
    pub(super) fn floor() -> anyhow::Result<Self> {
        let us = std::env::current_exe().context("this program has no path")?.display().to_string();
        Ok(Self { name: "floor", words: vec![us, "floor".into(), "{port}".into()], binary: None })
    }

    pub(super) fn roost() -> anyhow::Result<Self> {
        let binary = program::roost()?;
        let flags = ["serve", "--port", "{port}", "--workspace", "{workspace}", "--max-sessions", "0"];
        let words = std::iter::once(binary.display().to_string()).chain(flags.map(String::from)).collect();
        Ok(Self { name: "roost", words, binary: Some(binary) })
    }

    pub(super) fn upstream(command: &str) -> Self {
        Self { name: "upstream", words: command.split_whitespace().map(String::from).collect(), binary: None }
    }

    /// Starts the server, with `model` as its model, and returns at once.
    pub(super) fn start(&self, model: &str) -> anyhow::Result<Running> {
        let place = Place::new("roost-bench-")?;
        let environment = Environment { token: TOKEN, model };
        let started = Instant::now();
        // What goes wrong is said where the benchmark speaks.
        let server = place.start(&self.words, environment, Stdio::inherit()).context(self.name)?;
        Ok(Running { door: Door { address: server.address(), token: TOKEN.into() }, server, started })
    }
}

impl Running {
    /// Waits until `/health` answers 200 and says how long that took from the start of the process.
    pub(super) async fn healthy(&mut self) -> anyhow::Result<Duration> {
        loop {
            if let Ok(mut connection) = self.door.connect().await
                && connection.get("/health").await.is_ok()
            {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.server.ended()? {
                bail!("the server ended at its start with {status}");
            }
            if self.started.elapsed() > BOOT_LIMIT {
                bail!("the server was not healthy after {BOOT_LIMIT:?}");
            }
            // Short against what is measured, long enough not to take the core from the server that boots.
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }

    /// The server and every process below it, its agent among them.
    pub(super) fn processes(&self) -> Vec<i32> {
        self.server.processes()
    }

    pub(super) fn memory(&self) -> f64 {
        processes::memory(&self.processes()) as f64
    }

    pub(super) fn cpu_seconds(&self) -> f64 {
        processes::cpu_seconds(&self.processes())
    }
}
