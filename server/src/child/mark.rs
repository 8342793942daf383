//! Finds what left the process group it was started in: by a mark in its environment, which children inherit.
//!
//! A program that makes a session of its own (`setsid`) is out of reach of a signal to the group, and a daemon that was killed outright
//! sends none. Whoever empties its environment on top of that cannot be found.

use std::{fmt, fs, io, path::Path, sync::LazyLock};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

const VARIABLE: &str = "ROOST_STARTED_BY";
/// What is forked while we look is found by the next look. What has not ended by then forks faster than it can be ended.
const MAX_LOOKS: usize = 20;

/// The mark on one program and everything it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark(String);

/// A daemon, as a mark names it. A process id is used again; together with the moment the process began it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    pid: i32,
    /// In clock ticks since the machine was started.
    began: u64,
}

static OURSELVES: LazyLock<Option<Origin>> =
    LazyLock::new(|| i32::try_from(std::process::id()).ok().and_then(|pid| Origin::of(pid).ok().flatten()));

impl Mark {
    /// A mark that nothing else bears, put on what `command` will start. None where processes cannot be looked at.
    pub(super) fn put_on(command: &mut Command) -> Option<Self> {
        let mark = Self(format!("{}.{}", OURSELVES.as_ref()?, uuid::Uuid::new_v4().simple()));
        command.env(VARIABLE, &mark.0);
        Some(mark)
    }

    /// Ends whatever bears the mark. Looks at every process of the system, which takes milliseconds.
    pub(super) fn end_bearers(&self) {
        end_all(|mark| *mark == *self);
    }

    fn origin(&self) -> Option<Origin> {
        let (origin, _) = self.0.rsplit_once('.')?;
        let (pid, began) = origin.split_once('.')?;
        Some(Origin { pid: pid.parse().ok()?, began: began.parse().ok()? })
    }
}

/// Ends what daemons that are gone have left behind. Looks at every process of the system, which takes milliseconds.
pub(crate) fn end_orphans() {
    // Where it cannot be found out whether a daemon is gone, it is not.
    let is_gone = |origin: Origin| Origin::of(origin.pid).is_ok_and(|today| today != Some(origin));
    let is_orphan = |mark: &Mark| mark.origin().is_some_and(is_gone);
    let ended = end_all(is_orphan);
    if ended > 0 {
        tracing::warn!(processes = ended, "ended what an earlier daemon had left running");
    }
}

impl Origin {
    /// The process that has this id now; None if none does.
    fn of(pid: i32) -> io::Result<Option<Self>> {
        let stat = match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_no_process(&error) => return Ok(None),
            read => read?,
        };
        // The command before it stands in parentheses and may hold anything.
        let fields = || stat.rsplit_once(')').map(|(_, fields)| fields.split_ascii_whitespace());
        let is_over = fields().and_then(|mut fields| fields.next()).is_none_or(|state| matches!(state, "Z" | "X"));
        let began = fields().and_then(|mut fields| fields.nth(19)?.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        Ok((!is_over).then_some(Self { pid, began }))
    }
}

/// It ended while its file was being read.
fn is_no_process(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pid, self.began)
    }
}

/// Kills the processes that bear such a mark, until none is left. Returns how many there were.
fn end_all(is_meant: impl Fn(&Mark) -> bool) -> usize {
    let mut ended = 0;
    for _ in 0..MAX_LOOKS {
        let meant: Vec<Pid> = bearers().filter(|(_, mark)| is_meant(mark)).map(|(pid, _)| pid).collect();
        if meant.is_empty() {
            break;
        }
        for pid in meant {
            // The only failure left is that it has just ended.
            ended += usize::from(kill_process(pid, Signal::KILL).is_ok());
        }
    }
    ended
}

/// Every marked process of this user that still runs. Elsewhere numbers mean other processes, so other namespaces are left alone.
fn bearers() -> impl Iterator<Item = (Pid, Mark)> {
    let here = namespace(Path::new("/proc/self"));
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(move |process| {
        let pid: i32 = process.file_name().to_str()?.parse().ok()?;
        let mark = mark_in(&fs::read(process.path().join("environ")).ok()?)?;
        let is_here = here.is_some() && namespace(&process.path()) == here;
        let is_running = Origin::of(pid).is_ok_and(|today| today.is_some());
        (is_here && is_running).then_some((Pid::from_raw(pid)?, mark))
    })
}

fn mark_in(environment: &[u8]) -> Option<Mark> {
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"="))?;
    Some(Mark(std::str::from_utf8(value).ok()?.to_owned()))
}

fn namespace(process: &Path) -> Option<std::path::PathBuf> {
    fs::read_link(process.join("ns/pid")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_from_an_environment_and_names_its_daemon() {
        let mark = mark_in(b"HOME=/\0ROOST_STARTED_BY=12.345.abc\0ROOST_STARTED_BY_OTHERS=1\0").expect("a mark");
        assert_eq!(mark.origin(), Some(Origin { pid: 12, began: 345 }));
        assert_eq!(mark_in(b"HOME=/\0NOT_ROOST_STARTED_BY=1.2.c\0"), None);
        assert_eq!(Mark("nonsense".to_owned()).origin(), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn we_are_ourselves_and_nobody_is_who_began_at_another_time() {
        let us = OURSELVES.clone().expect("we run");
        assert_eq!(Origin::of(us.pid).expect("a process"), Some(us.clone()));
        assert_ne!(Origin::of(us.pid).expect("a process"), Some(Origin { began: us.began + 1, ..us }));
    }
}
