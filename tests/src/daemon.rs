//! A real `roost serve` with a home and a workspace of its own.

use std::{
    ffi::OsString,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::{
    client::Client,
    deadline::{until, within},
    disk::Disk,
    fake_model::FakeModel,
    port::Port,
    processes, program,
};

/// The bearer token of a daemon started with [`Auth::Token`].
pub const TOKEN: &str = "the-token-of-this-test";

/// How the daemon is told whom to let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `QWEN_SERVER_TOKEN`, set to [`TOKEN`].
    Token,
    /// Nothing said: the daemon makes a token itself.
    Generated,
    /// `--no-auth`.
    Off,
}

/// What a daemon is started with. Every test sets only what it is about.
#[derive(Debug)]
pub struct Setup {
    auth: Auth,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    program: Option<PathBuf>,
    disk: Option<Disk>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { auth: Auth::Token, arguments: Vec::new(), environment: Vec::new(), program: None, disk: None }
    }
}

impl Setup {
    /// A daemon with a known token, its built-in agent and no model configured.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The built-in agent talks to this model.
    #[must_use]
    pub fn model(self, model: &FakeModel) -> Self {
        self.env("OPENAI_BASE_URL", model.base_url()).env("OPENAI_API_KEY", "sk-fake").env("OPENAI_MODEL", "fake-model")
    }

    /// `--agent` with this command line.
    #[must_use]
    pub fn agent(self, command: impl Into<OsString>) -> Self {
        self.arg("--agent").arg(command)
    }

    /// One argument of `roost serve`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Another binary than [`program::roost`].
    #[must_use]
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Follows what gets to this disk, from the daemon's first moment on and at its first start only.
    #[must_use]
    pub fn disk(mut self, disk: &Disk) -> Self {
        self.disk = Some(disk.clone());
        self
    }

    /// Starts the daemon and waits until `/health` answers.
    pub async fn start(self) -> anyhow::Result<Daemon> {
        let scratch = TempDir::with_prefix("roost-test-")?;
        for folder in ["home", "workspace"] {
            fs::create_dir(scratch.path().join(folder))?;
        }
        let program = self.program.clone().map_or_else(program::roost, Ok)?;
        let port = Port::draw()?;
        let mut daemon = Daemon { setup: self, scratch, program, port, process: None };
        daemon.launch().await?;
        Ok(daemon)
    }
}

/// A running daemon. Dropping it kills it and everything it started, and removes its folders.
#[derive(Debug)]
pub struct Daemon {
    setup: Setup,
    scratch: TempDir,
    program: PathBuf,
    /// Kept, so that the daemon finds it free when it is started again.
    port: Port,
    process: Option<std::process::Child>,
}

impl Daemon {
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number()).into()
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The daemon's `QWEN_HOME`.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    /// The folder the sessions work in, as the daemon names it.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        let folder = self.scratch.path().join("workspace");
        folder.canonicalize().unwrap_or(folder)
    }

    /// A client that is let in as this daemon was set up; for [`Auth::Generated`] with the token found in its home.
    pub fn client(&self) -> anyhow::Result<Client> {
        let client = Client::new(self.address());
        Ok(match self.setup.auth {
            Auth::Token => client.with_token(TOKEN),
            Auth::Generated => client.with_token(self.generated_token()?),
            Auth::Off => client,
        })
    }

    /// The token the daemon made for itself.
    pub fn generated_token(&self) -> anyhow::Result<String> {
        let path = self.home().join("roost/token");
        let token = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(token.trim().to_owned())
    }

    /// A fresh link that signs one browser in: asked for by SIGUSR1, read where the daemon prints it.
    pub async fn sign_in_link(&self) -> anyhow::Result<String> {
        let printed = self.printed_links().len();
        processes::signal(self.pid()?, processes::Signal::USR1);
        until("the daemon to print a sign-in link", async || Ok(self.printed_links().get(printed).cloned())).await
    }

    fn printed_links(&self) -> Vec<String> {
        let log = self.log();
        let words = log.split_whitespace().filter(|word| word.contains("#code="));
        words.map(str::to_owned).collect()
    }

    /// Everything the daemon has printed, on stdout and stderr, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The daemon's process id; an error when it is not running.
    pub fn pid(&self) -> anyhow::Result<i32> {
        let process = self.process.as_ref().context("the daemon is not running")?;
        Ok(i32::try_from(process.id())?)
    }

    /// The agent children that run now, with what they started.
    pub fn agents(&self) -> anyhow::Result<Vec<i32>> {
        let root = self.pid()?;
        // What is being started still looks like who starts it.
        let is_own = |pid: i32| matches!(command_of(pid).as_deref(), Some("serve" | "keeper"));
        Ok(processes::tree(root).into_iter().filter(|&pid| pid != root && !is_own(pid)).collect())
    }

    /// The process that ends what the daemon leaves behind when it is killed; the daemon starts it soon after its own start.
    pub async fn keeper(&self) -> anyhow::Result<i32> {
        let root = self.pid()?;
        let is_keeper = |pid: &i32| command_of(*pid).as_deref() == Some("keeper");
        until("the daemon's keeper", async || Ok(processes::tree(root).into_iter().find(is_keeper))).await
    }

    /// `kill -9` for the daemon alone, and waits until it is gone. Its folders stay for [`Daemon::start_again`].
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the daemon is not running")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits until the daemon has ended in good order.
    pub async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        processes::terminate(self.pid()?);
        let mut process = self.process.take().context("the daemon is not running")?;
        within("the daemon to end", tokio::task::spawn_blocking(move || process.wait())).await??.map_err(Into::into)
    }

    /// Starts the daemon again on the same port, home and workspace.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        if self.process.is_some() {
            bail!("the daemon still runs");
        }
        self.launch().await
    }

    async fn launch(&mut self) -> anyhow::Result<()> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path())?;
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--hostname", "127.0.0.1", "--port", &self.port.number().to_string(), "--workspace"])
            .arg(self.workspace())
            .args(&self.setup.arguments)
            .current_dir(self.workspace())
            // A clean environment: keys and settings of whoever runs the tests must not decide them.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.scratch.path())
            .env("QWEN_HOME", self.home())
            .envs(self.setup.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        match self.setup.auth {
            Auth::Token => command.env("QWEN_SERVER_TOKEN", TOKEN),
            Auth::Generated => &mut command,
            Auth::Off => command.arg("--no-auth"),
        };
        let process = command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?;
        self.process = Some(process);
        let disk = self.setup.disk.take();
        if let Some(disk) = &disk {
            disk.watch(self.pid()?, &self.home()).context("the daemon cannot be traced")?;
        }
        self.wait_until_healthy(disk.is_some()).await
    }

    async fn wait_until_healthy(&mut self, is_traced: bool) -> anyhow::Result<()> {
        let client = self.client().unwrap_or_else(|_| Client::new(self.address()));
        let log_path = self.log_path();
        let process = self.process.as_mut().context("the daemon is not running")?;
        let healthy = until("/health to answer 200", async || {
            // Whoever asks after a process that is traced might be told what is the tracer's.
            if !is_traced && let Some(status) = process.try_wait()? {
                bail!("the daemon ended at its start with {status}");
            }
            Ok(client.get("/health").await.ok().filter(|response| response.status == 200))
        });
        healthy
            .await
            .map(drop)
            .with_context(|| format!("the daemon printed:\n{}", fs::read_to_string(&log_path).unwrap_or_default()))
    }

    fn log_path(&self) -> PathBuf {
        self.scratch.path().join("daemon.log")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        if let Ok(pid) = i32::try_from(process.id()) {
            processes::kill_tree(pid);
        }
        // Reaped here, so that a test binary leaves no zombies while it goes on.
        let _ = process.wait();
    }
}

/// Which of the binary's commands a process runs, if it is one of ours.
fn command_of(pid: i32) -> Option<String> {
    processes::arguments(pid).into_iter().nth(1)
}

/// The command line of `--agent` for the scripted agent with the script at `script`.
pub fn scripted_agent_command(script: &Path) -> anyhow::Result<OsString> {
    let mut command = program::scripted_agent()?.into_os_string();
    command.push(" ");
    command.push(script);
    Ok(command)
}
