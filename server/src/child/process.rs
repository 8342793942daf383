//! A program and everything it started, an agent above all: spawned as a process group of its own, ended as one.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::{mark::Mark, nursery};
use crate::config::AgentCommand;

/// Variables that never reach a program the daemon starts: whoever holds what they hold is this daemon's owner.
pub(crate) const SECRET_VARIABLES: [&str; 2] = ["QWEN_SERVER_TOKEN", "ROOST_TOKEN"];

/// How a process ended, in the words of `session_died`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    /// The signal's name, such as `SIGKILL`.
    pub signal: Option<String>,
}

/// A running program and everything it started.
#[derive(Debug)]
pub(crate) struct Process {
    leader: Child,
    /// None once the leader is reaped: from then on the number may name somebody else.
    group: Option<Pid>,
    /// None once everything that bore it was ended.
    mark: Option<Mark>,
}

/// The three streams of a running agent.
#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl Process {
    /// Starts the agent in `cwd`, leader of a new process group. The kernel ends it should this daemon die without a word.
    ///
    /// # Errors
    /// The program does not exist, may not be run, or the system is out of processes or descriptors.
    pub(super) async fn spawn(command: &AgentCommand, cwd: &Path) -> io::Result<(Self, Pipes)> {
        let mut spawn = Command::new(&command.program);
        spawn.args(&command.args).current_dir(cwd);
        spawn.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Self::lead(spawn).await?;
        let pipes = Pipes {
            stdin: process.leader.stdin.take().ok_or_else(ended_at_once)?,
            stdout: process.leader.stdout.take().ok_or_else(ended_at_once)?,
            stderr: process.leader.stderr.take().ok_or_else(ended_at_once)?,
        };
        Ok((process, pipes))
    }

    /// Starts any program as the leader of a new process group, without the daemon's secrets. The kernel ends it should this daemon die
    /// without a word.
    ///
    /// # Errors
    /// As [`Process::spawn`].
    pub(crate) async fn lead(mut spawn: Command) -> io::Result<Self> {
        spawn.process_group(0).kill_on_drop(true);
        for name in SECRET_VARIABLES {
            spawn.env_remove(name);
        }
        let mark = Mark::put_on(&mut spawn);
        die_with_the_daemon(&mut spawn);
        let leader = nursery::spawn(spawn).await?;
        let pid = leader.id().and_then(|pid| i32::try_from(pid).ok()).ok_or_else(ended_at_once)?;
        let group = Some(Pid::from_raw(pid).ok_or_else(ended_at_once)?);
        Ok(Self { leader, group, mark })
    }

    /// Waits until the leader has ended by itself, then ends what is left of all it started. Cancel safe.
    pub(crate) async fn ended(&mut self) -> Exit {
        let status = self.leader.wait().await;
        self.signal_group(Signal::KILL);
        self.group = None;
        if let Some(mark) = self.mark.clone() {
            // A look that panics has found nothing; the group is ended all the same.
            let _ = tokio::task::spawn_blocking(move || mark.end_bearers()).await;
            self.mark = None;
        }
        status.map(Exit::from).unwrap_or_default()
    }

    /// Asks the whole group to end, and after `grace` makes it. Of a process that has ended already: how it did.
    pub(crate) async fn end(&mut self, grace: Duration) -> Exit {
        self.signal_group(Signal::TERM);
        if let Ok(exit) = tokio::time::timeout(grace, self.ended()).await {
            return exit;
        }
        self.signal_group(Signal::KILL);
        self.ended().await
    }

    fn signal_group(&self, signal: Signal) {
        let Some(group) = self.group else { return };
        // A group that is gone already is what was wanted.
        let _ = kill_process_group(group, signal);
    }
}

fn ended_at_once() -> io::Error {
    io::Error::other("the program ended while it was being started")
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group(Signal::KILL);
        if let Some(mark) = &self.mark {
            mark.end_bearers();
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self { code: status.code(), signal: status.signal().map(signal_name) }
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        other => return format!("SIG{other}"),
    };
    name.to_owned()
}

/// A daemon that is killed cannot end its children; the kernel does it then. It watches the *thread* that spawned, which is the
/// [`nursery`]'s. TERM, so that an agent can end its own shells.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "pre_exec is the only way to reach the child between fork and exec")]
fn die_with_the_daemon(command: &mut Command) {
    use rustix::process::{getpid, getppid, set_parent_process_death_signal};

    let daemon = getpid();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. The closure makes two system calls and
    // neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::TERM))?;
            if getppid() == Some(daemon) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_the_daemon(_: &mut Command) {}
