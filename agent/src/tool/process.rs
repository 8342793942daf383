//! Runs one command line in a process group of its own, and leaves no process of it behind.
//!
//! Three nets, one below the other: the group is killed when the call ends; a guard process in the group kills it when
//! this process dies, even by SIGKILL (its pipe closes); and after a cancel or timeout, processes that left the group are
//! found by a mark in their environment.

use std::{fs, io, path::Path, process::ExitStatus, time::Duration};

use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe,
    process::{Child, Command},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::output::{MAX_OUTPUT_BYTES, Output};

/// From asking a group to end until it is made to.
const GRACE: Duration = Duration::from_millis(300);
/// How long output may still arrive after the command has ended.
const DRAIN: Duration = Duration::from_millis(250);
/// Time between two looks at the output of a running command.
const LIVE_INTERVAL: Duration = Duration::from_millis(150);
/// Environment variable that marks every process of a call.
const MARK: &str = "ROOST_SHELL_CALL";
/// Starts the guard, gives the command an empty stdin, runs it.
const WRAPPER: &str = r#"exec 3<&0 </dev/null
( { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & )
exec 3<&-
eval "$1""#;

/// What to run.
pub(super) struct Job<'a> {
    pub(super) command: &'a str,
    pub(super) directory: &'a Path,
    pub(super) timeout: Duration,
    pub(super) cancel: &'a CancellationToken,
}

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Itself(ExitStatus),
    TimedOut,
    Cancelled,
}

pub(super) struct Finished {
    pub(super) end: End,
    pub(super) group: u32,
    pub(super) output: Output,
}

struct Running {
    child: Child,
    group: u32,
    mark: String,
    output: pipe::Receiver,
    /// Held open for as long as the group may live.
    guard: Option<io::PipeWriter>,
}

/// Runs the job; `live` sees the output now and then while it grows.
pub(super) async fn run(
    job: &Job<'_>,
    live: &(dyn Fn(&Output) -> BoxFuture<'static, ()> + Sync),
) -> io::Result<Finished> {
    let mut running = Running::spawn(job)?;
    let mut output = Output::new(MAX_OUTPUT_BYTES);
    let deadline = Instant::now() + job.timeout;
    let mut next_look = Instant::now() + LIVE_INTERVAL;
    let mut buffer = vec![0; 16 * 1024];
    let (mut is_open, mut has_news) = (true, false);
    let end = loop {
        tokio::select! {
            biased;
            () = job.cancel.cancelled() => break End::Cancelled,
            () = sleep_until(deadline) => break End::TimedOut,
            read = running.output.read(&mut buffer), if is_open => match read? {
                0 => is_open = false,
                count => {
                    output.push(&buffer[..count]);
                    has_news = true;
                }
            },
            status = running.child.wait() => break End::Itself(status?),
            () = sleep_until(next_look), if has_news => {
                live(&output).await;
                has_news = false;
                next_look = Instant::now() + LIVE_INTERVAL;
            }
        }
    };
    match end {
        End::Itself(_) => running.kill_group(Signal::KILL),
        End::TimedOut | End::Cancelled => running.stop(&mut output, is_open).await,
    }
    running.guard = None;
    running.drain(&mut output, DRAIN).await;
    Ok(Finished { end, group: running.group, output })
}

impl Running {
    fn spawn(job: &Job<'_>) -> io::Result<Self> {
        let (output, writer) = io::pipe()?;
        let (guarded, guard) = io::pipe()?;
        let mark = uuid::Uuid::new_v4().to_string();
        let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
        let child = Command::new(shell)
            .args(["-c", WRAPPER, shell, job.command])
            .current_dir(job.directory)
            .env(MARK, &mark)
            .env("GIT_PAGER", "cat")
            .env("PAGER", "cat")
            .stdin(guarded)
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().ok_or_else(|| io::Error::other("the shell ended at once"))?;
        let output = pipe::Receiver::from_owned_fd(output.into())?;
        Ok(Self { child, group, mark, output, guard: Some(guard) })
    }

    /// Asks the group to end, waits a little, then makes it end, with everything that left the group.
    ///
    /// The shell is not reaped in between, so its id cannot come to mean another group.
    async fn stop(&mut self, output: &mut Output, is_open: bool) {
        let strays = self.strays();
        self.kill_group(Signal::TERM);
        for stray in &strays {
            let _ = kill_process(*stray, Signal::TERM);
        }
        if is_open {
            self.drain(output, GRACE).await;
        } else {
            tokio::time::sleep(GRACE).await;
        }
        self.kill_group(Signal::KILL);
        for stray in self.strays() {
            let _ = kill_process(stray, Signal::KILL);
        }
        if let Err(error) = self.child.wait().await {
            tracing::warn!(%error, "a shell could not be waited for");
        }
    }

    /// Ignores errors: they mean that no process of the group is left.
    fn kill_group(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.group).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Processes that carry this call's mark but live outside its group.
    fn strays(&self) -> Vec<Pid> {
        let mark = format!("{MARK}={}", self.mark);
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        processes
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .filter(|id| {
                fs::read(format!("/proc/{id}/environ"))
                    .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
            })
            .filter_map(Pid::from_raw)
            .collect()
    }

    /// Reads what is still in the pipe, for at most `time`.
    async fn drain(&mut self, output: &mut Output, time: Duration) {
        let end = Instant::now() + time;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            tokio::select! {
                read = self.output.read(&mut buffer) => match read {
                    Ok(count) if count > 0 => output.push(&buffer[..count]),
                    Ok(_) | Err(_) => return,
                },
                () = sleep_until(end) => return,
            }
        }
    }
}
