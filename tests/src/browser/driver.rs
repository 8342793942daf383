//! The driver of a browser with all that it starts: one folder and a tree of processes, which go together.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::{
    deadline::{PATIENCE, within},
    processes,
};

/// A running chromedriver. Dropping it ends it and the browser that it has started, whatever became of the test, and then their folder.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    port: u16,
    /// The browser's profile. What browser and driver write elsewhere as a rule, for a while, is within it, too.
    folder: TempDir,
}

/// What has been killed is gone within this time, or will never be.
const LAST_MOMENTS: Duration = Duration::from_secs(10);

impl Driver {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("roost-browser-")?;
        let scratch = folder.path().join("tmp");
        fs::create_dir(&scratch)?;
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", &scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start chromedriver: `cargo xtask test` installs it, or says how")?;
        let stdout = process.stdout.take().context("stdout is piped")?;
        let port = port_named_in(stdout).await?;
        Ok(Self { process, port, folder })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that belongs to it now: its tree, and what has left the tree but names the folder in its command line.
    pub(super) fn processes(&self) -> Vec<i32> {
        let root = self.process.id().and_then(|pid| i32::try_from(pid).ok());
        let folder = self.folder.path().to_string_lossy();
        let named = processes::all().into_iter().filter(|&pid| {
            processes::is_alive(pid) && processes::arguments(pid).iter().any(|argument| argument.contains(&*folder))
        });
        let all: BTreeSet<i32> = root.map(processes::tree).unwrap_or_default().into_iter().chain(named).collect();
        all.into_iter().collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Chromium outlives a driver that is merely killed, and what still runs may start more or write where the folder is cleared away.
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() || begun.elapsed() > LAST_MOMENTS {
                break;
            }
            left.into_iter().for_each(processes::kill);
            std::thread::yield_now();
        }
    }
}

/// The port that the driver says it listens on. The rest of what it says is read and dropped: a driver whose stdout is full stops.
async fn port_named_in(stdout: ChildStdout) -> anyhow::Result<u16> {
    let mut lines = BufReader::new(stdout).lines();
    let deadline = Instant::now() + PATIENCE;
    while let Some(line) = within("chromedriver to name its port", lines.next_line()).await?? {
        // "ChromeDriver was started successfully on port 40123."
        if let Some((_, port)) = line.split_once("started successfully on port ")
            && let Ok(port) = port.trim_end_matches('.').parse()
        {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(port);
        }
        if Instant::now() > deadline {
            break;
        }
    }
    bail!("chromedriver did not say which port it listens on within {PATIENCE:?}")
}
