//! One run of the `git` program, with everything switched off that could start another program.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use crate::child::SECRET_VARIABLES;

/// Longest a run may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Most of a run's output that is taken, in bytes.
const MAX_OUTPUT_BYTES: u64 = 32 * 1024 * 1024;
/// Most of what a run complains, in bytes.
const MAX_COMPLAINT_BYTES: u64 = 4 * 1024;

/// Settings that outrank the repository's own.
const GUARDS: &[(&str, &str)] = &[
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("core.editor", "false"),
    ("core.askPass", "false"),
    ("core.sshCommand", "false"),
    ("core.gitProxy", "none"),
    ("core.alternateRefsCommand", "true"),
    ("core.untrackedCache", "keep"),
    ("core.quotePath", "false"),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("diff.suppressBlankEmpty", "false"),
    ("diff.interHunkContext", "0"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),
    ("status.submoduleSummary", "false"),
    ("submodule.recurse", "false"),
];

/// Variables that would lead git elsewhere, or make it talk.
const FOREIGN_VARIABLE: &str = "GIT_";

/// Runs git in one folder.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    cwd: PathBuf,
    guards: Vec<(OsString, OsString)>,
}

/// Why git said nothing.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git cannot be run: {0}")]
    Start(io::Error),
    #[error("git did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    #[error("git failed: {0}")]
    Failed(String),
    #[error("git said something that is not understood: {0}")]
    Malformed(&'static str),
}

/// What a run wrote.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    /// There was more.
    pub(super) is_cut: bool,
}

impl Runner {
    pub(super) fn new(cwd: &Path) -> Self {
        let guards = GUARDS.iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { cwd: cwd.to_owned(), guards }
    }

    /// The same with one more setting.
    pub(super) fn guard(&mut self, key: OsString, value: &str) {
        self.guards.push((key, value.into()));
    }

    pub(super) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Runs and takes what is written.
    ///
    /// # Errors
    /// It cannot be started, takes too long, or ends with another status than 0.
    pub(super) async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Output, GitError> {
        self.run_within(PATIENCE, arguments).await
    }

    /// The same of what may take longer.
    pub(super) async fn run_within<A: AsRef<OsStr>>(
        &self,
        patience: Duration,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Output, GitError> {
        let mut command = self.command();
        command.args(arguments);
        let mut child = command.spawn().map_err(GitError::Start)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let answer = tokio::time::timeout(patience, async {
            let (written, complaint) = tokio::join!(take(stdout, MAX_OUTPUT_BYTES), take(stderr, MAX_COMPLAINT_BYTES));
            let (output, complaint) = (written?, complaint?);
            if output.is_cut {
                // The pipe is full and nobody reads on.
                child.start_kill()?;
                child.wait().await?;
                return Ok((output, None));
            }
            let status = child.wait().await?;
            let complaint = String::from_utf8_lossy(&complaint.bytes).trim().to_owned();
            Ok((output, (!status.success()).then_some(complaint)))
        });
        // Dropping the child kills it.
        match answer.await.map_err(|_| GitError::Slow(patience))?.map_err(GitError::Start)? {
            (output, None) => Ok(output),
            (_, Some(complaint)) => Err(GitError::Failed(complaint)),
        }
    }

    /// As text; what is not UTF-8 is replaced.
    pub(super) async fn text<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String, GitError> {
        let output = self.run(arguments).await?;
        Ok(String::from_utf8_lossy(&output.bytes).into_owned())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.args(["--no-pager", "--no-optional-locks", "--literal-pathspecs"]).current_dir(&self.cwd);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(FOREIGN_VARIABLE) {
                command.env_remove(name);
            }
        }
        for name in SECRET_VARIABLES {
            command.env_remove(name);
        }
        command.env("GIT_CONFIG_COUNT", self.guards.len().to_string());
        for (index, (key, value)) in self.guards.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key).env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "false")
            .env("GIT_PAGER", "cat")
            .env("GIT_EDITOR", "false")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

async fn take(pipe: Option<impl AsyncRead + Unpin>, max_bytes: u64) -> io::Result<Output> {
    let mut bytes = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(Output { bytes, is_cut: false }) };
    (&mut pipe).take(max_bytes).read_to_end(&mut bytes).await?;
    let is_cut = bytes.len() as u64 == max_bytes && pipe.read(&mut [0]).await? > 0;
    Ok(Output { bytes, is_cut })
}
