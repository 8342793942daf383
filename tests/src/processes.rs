//! Looking at other processes through `/proc`: who belongs to whom, what they use, whether they still live.

use std::{collections::HashMap, fs, path::PathBuf};

use anyhow::Context;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, kill_process, kill_process_group, prlimit, setrlimit};

pub use rustix::process::Signal;

/// What one `/proc/<pid>/stat` says that we use.
struct Stat {
    parent: i32,
    state: char,
    /// User and system time, in clock ticks.
    ticks: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses, which may hold spaces and parentheses itself.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(11)? + number(12)?,
    })
}

/// Whether the process exists and is not merely waiting to be reaped.
#[must_use]
pub fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| stat.state != 'Z')
}

/// From now on no file of this process grows beyond so many bytes: what is behind them cannot be written, as on a full disk. None lifts
/// it.
///
/// # Errors
/// There is no such process.
pub fn limit_file_size(pid: i32, bytes: Option<u64>) -> anyhow::Result<()> {
    let pid = Pid::from_raw(pid).context("a process has a number")?;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })?;
    Ok(())
}

/// Every process there is, as of now.
#[must_use]
pub fn all() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// `root` and everything it started, as of now. Empty when it is gone.
#[must_use]
pub fn tree(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in all() {
        if let Some(stat) = stat(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = if is_alive(root) { vec![root] } else { Vec::new() };
    let mut at = 0;
    while at < found.len() {
        found.extend(children.remove(&found[at]).unwrap_or_default());
        at += 1;
    }
    found
}

/// The processes of `root`'s tree whose executable has this file name; `root` itself does not count.
#[must_use]
pub fn descendants_named(root: i32, program: &str) -> Vec<i32> {
    tree(root)
        .into_iter()
        .filter(|&pid| pid != root && executable(pid).is_some_and(|path| path.ends_with(program)))
        .collect()
}

/// The command line of a process, the program first. Empty when it is gone.
#[must_use]
pub fn arguments(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn executable(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Memory of these processes in bytes: shared pages are divided among their users (PSS), so that a sum means something.
#[must_use]
pub fn memory(pids: &[i32]) -> u64 {
    pids.iter().filter_map(|pid| proportional_set_size(*pid)).sum()
}

fn proportional_set_size(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// How many processes wanted a core, averaged over the last minute.
#[must_use]
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// CPU time these processes have used so far, in seconds. Resolution is one clock tick, 10 ms on Linux.
#[must_use]
pub fn cpu_seconds(pids: &[i32]) -> f64 {
    let ticks: u64 = pids.iter().filter_map(|pid| stat(*pid)).map(|stat| stat.ticks).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// `kill -9`. A process that is gone already is no error.
pub fn kill(pid: i32) {
    signal(pid, Signal::KILL);
}

/// `kill -TERM`: asks the process to end in good order.
pub fn terminate(pid: i32) {
    signal(pid, Signal::TERM);
}

/// `kill -STOP`: freezes the process, so that it neither reads nor writes.
pub fn freeze(pid: i32) {
    signal(pid, Signal::STOP);
}

/// `kill -9` for a whole process group.
pub fn kill_group(leader: i32) {
    if let Some(leader) = Pid::from_raw(leader) {
        // The only failure left is that nobody is there any more, which is what was wanted.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// `kill -9` for a process and everything below it, whatever groups they have made for themselves.
pub fn kill_tree(root: i32) {
    for pid in tree(root) {
        kill(pid);
    }
}

/// Sends one signal to one process.
pub fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // The only failure left is that nobody is there any more.
        let _ = kill_process(pid, signal);
    }
}

/// Raises this process's limit of open files to the hard limit, and says what it is; what it starts inherits it.
pub fn open_as_many_files_as_allowed() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Without leave the limit stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let allowed = getrlimit(Resource::Nofile).current;
    allowed.map_or(usize::MAX, |allowed| usize::try_from(allowed).unwrap_or(usize::MAX))
}
