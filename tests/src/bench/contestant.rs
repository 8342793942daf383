//! Who is measured, and how each is started.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::connection::Door;
use crate::{processes, program};

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

/// A running contestant. Dropping it kills its whole process tree.
#[derive(Debug)]
pub(super) struct Running {
    process: Child,
    pub(super) door: Door,
    pub(super) started: Instant,
    _scratch: TempDir,
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
        let scratch = TempDir::with_prefix("roost-bench-")?;
        let workspace = scratch.path().join("workspace");
        fs::create_dir(&workspace)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let fill = |word: &String| {
            word.replace("{port}", &port.to_string()).replace("{workspace}", &workspace.display().to_string())
        };
        let mut words = self.words.iter().map(fill);
        let mut command = Command::new(words.next().context("the command line is empty")?);
        command
            .args(words)
            .current_dir(&workspace)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch.path())
            .env("QWEN_HOME", scratch.path().join("home"))
            .env("QWEN_SERVER_TOKEN", TOKEN)
            .env("OPENAI_API_KEY", "sk-fake")
            .env("OPENAI_BASE_URL", model)
            .env("OPENAI_MODEL", "fake-model")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let started = Instant::now();
        let process = command.spawn().with_context(|| format!("cannot start {}", self.name))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Running { process, door: Door { address, token: TOKEN.into() }, started, _scratch: scratch })
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
            if let Some(status) = self.process.try_wait()? {
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
        i32::try_from(self.process.id()).map(processes::tree).unwrap_or_default()
    }

    pub(super) fn memory(&self) -> f64 {
        processes::memory(&self.processes()) as f64
    }

    pub(super) fn cpu_seconds(&self) -> f64 {
        processes::cpu_seconds(&self.processes())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for pid in self.processes() {
            processes::kill(pid);
        }
        let _ = self.process.wait();
    }
}
