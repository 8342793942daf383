//! A server that is started by a command line, ours or another's, in folders of its own: for comparisons.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::{port::Port, processes};

/// Where a candidate is going to run. What it is to find there can be put there first.
#[derive(Debug)]
pub(crate) struct Place {
    port: Port,
    root: PathBuf,
    _scratch: TempDir,
}

/// What a candidate is told in its environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment<'a> {
    pub(crate) token: &'a str,
    /// Where its model is.
    pub(crate) model: &'a str,
}

/// A running server. Dropping it kills its whole process tree.
#[derive(Debug)]
pub(crate) struct Candidate {
    process: Child,
    place: Place,
}

impl Place {
    /// With an empty workspace.
    pub(crate) fn new(prefix: &str) -> anyhow::Result<Self> {
        let scratch = TempDir::with_prefix(prefix)?;
        let root = scratch.path().canonicalize()?;
        fs::create_dir(root.join("workspace"))?;
        Ok(Self { port: Port::draw()?, root, _scratch: scratch })
    }

    /// The folder of all that is the candidate's, its workspace and its home among it.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// Starts the command line, in which `{port}` and `{workspace}` stand where they belong, and returns at once.
    pub(crate) fn start(
        self,
        words: impl IntoIterator<Item = impl AsRef<str>>,
        environment: Environment<'_>,
        stderr: Stdio,
    ) -> anyhow::Result<Candidate> {
        let (port, workspace) = (self.port.number().to_string(), self.workspace());
        let workspace_word = workspace.display().to_string();
        let mut words = words
            .into_iter()
            .map(|word| word.as_ref().replace("{port}", &port).replace("{workspace}", &workspace_word));
        let program = words.next().context("the command line is empty")?;
        let process = Command::new(&program)
            .args(words)
            .current_dir(&workspace)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.root)
            .env("QWEN_HOME", self.root.join("home"))
            .env("QWEN_SERVER_TOKEN", environment.token)
            .env("OPENAI_API_KEY", "sk-fake")
            .env("OPENAI_BASE_URL", environment.model)
            .env("OPENAI_MODEL", "fake-model")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        Ok(Candidate { process, place: self })
    }
}

impl Candidate {
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.place.port.number()).into()
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.process.try_wait()?)
    }

    /// The server and every process below it, its agent among them.
    pub(crate) fn processes(&self) -> Vec<i32> {
        i32::try_from(self.process.id()).map(processes::tree).unwrap_or_default()
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        self.processes().into_iter().for_each(processes::kill);
        let _ = self.process.wait();
    }
}
