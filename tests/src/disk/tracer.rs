//! Follows a program's calls of `fsync` and `fdatasync`, thread by thread, as a debugger would.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    libc::{EIO, SYS_fdatasync, SYS_fsync},
    sys::{
        ptrace::{self, Options},
        signal::Signal,
        wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid},
    },
    unistd::Pid,
};

use super::{Contents, Disk, HELD_UP};

/// Between two looks while a call is held up.
const LOOK_AGAIN: Duration = Duration::from_micros(100);

struct Tracer {
    process: Pid,
    folder: PathBuf,
    disk: Disk,
    /// Threads inside of a sync, with what they sync where that lies in the folder.
    syncing: HashMap<Pid, Option<Sync>>,
    /// Threads that are not let into the kernel before a moment.
    held_up: Vec<(Instant, Pid)>,
}

/// What a thread syncs.
struct Sync {
    file: PathBuf,
    inode: u64,
    holds: Contents,
}

/// Returns once every thread of the program is followed; each is until its end. All of that is done by one thread of its own, which alone
/// may do it, and which hears of no other child of this process.
pub(super) fn follow(process: i32, folder: PathBuf, disk: Disk) -> io::Result<()> {
    let process = Pid::from_raw(process);
    let (attached, attaching) = sync_channel(1);
    thread::Builder::new().name("tracer".to_owned()).spawn(move || {
        let mut tracer = Tracer { process, folder, disk, syncing: HashMap::new(), held_up: Vec::new() };
        let attach = attach(process);
        let is_attached = attach.is_ok();
        // Whoever asked waits for this.
        let _ = attached.send(attach);
        if is_attached {
            tracer.run();
        }
    })?;
    attaching.recv().map_err(io::Error::other)?
}

/// Threads may come while others are taken: until there is none that is not followed.
fn attach(process: Pid) -> io::Result<()> {
    let mut known = HashSet::new();
    loop {
        let before = known.len();
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            let thread = thread?.file_name().to_str().and_then(|id| id.parse().ok()).map(Pid::from_raw);
            let Some(thread) = thread.filter(|thread| !known.contains(thread)) else { continue };
            match ptrace::seize(thread, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE) {
                Ok(()) => ptrace::interrupt(thread)?,
                // Whoever is followed already, as the thread of one that is, and whoever has ended.
                Err(Errno::EPERM) if !known.is_empty() => {}
                Err(Errno::ESRCH) => {}
                Err(error) => return Err(error.into()),
            }
            known.insert(thread);
        }
        if known.len() == before {
            return Ok(());
        }
    }
}

impl Tracer {
    /// Until the program has ended.
    fn run(&mut self) {
        loop {
            match self.next() {
                // Its last thread is left for whoever started it: the kernel tells of an end once.
                Ok(seen) if is_end_of(seen, self.process) => return,
                Ok(WaitStatus::StillAlive) => thread::sleep(LOOK_AGAIN),
                Ok(WaitStatus::PtraceSyscall(thread)) => self.at_call(thread),
                Ok(WaitStatus::PtraceEvent(thread, ..)) => go_on(thread, None),
                Ok(WaitStatus::Stopped(thread, signal)) => go_on(thread, Some(signal)),
                Ok(WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..)) => {
                    self.syncing.remove(&thread);
                    self.held_up.retain(|(_, held_up)| *held_up != thread);
                }
                Ok(WaitStatus::Continued(_)) | Err(Errno::EINTR) => {}
                Err(_) => return,
            }
            let now = Instant::now();
            self.held_up.retain(|(until, thread)| {
                let is_due = *until <= now;
                if is_due {
                    go_on(*thread, None);
                }
                !is_due
            });
        }
    }

    /// What a thread of the program does next; nothing yet only while a call is held up.
    fn next(&self) -> nix::Result<WaitStatus> {
        let ours = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let mut look = ours | WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
        look.set(WaitPidFlag::WNOHANG, !self.held_up.is_empty());
        let seen = waitid(Id::All, look)?;
        match seen.pid() {
            Some(thread) if !is_end_of(seen, self.process) => waitpid(thread, Some(ours)),
            Some(_) | None => Ok(seen),
        }
    }

    /// A thread is about to call the kernel, or back from it.
    fn at_call(&mut self, thread: Pid) {
        if let Some(synced) = self.syncing.remove(&thread) {
            if let Some(Sync { file, inode, holds }) = synced {
                if self.disk.forget(inode, &file) {
                    fail_call(thread);
                } else {
                    self.disk.note(inode, holds);
                }
            }
        } else if let Some(file) = self.synced_file(thread) {
            self.syncing.insert(thread, self.look_at(&file));
            return self.held_up.push((Instant::now() + HELD_UP, thread));
        }
        go_on(thread, None);
    }

    /// The file descriptor, as a path, that a stopped thread is about to sync.
    fn synced_file(&self, thread: Pid) -> Option<PathBuf> {
        let call = fs::read_to_string(format!("/proc/{}/task/{thread}/syscall", self.process)).ok()?;
        let mut words = call.split_ascii_whitespace();
        let number: i64 = words.next()?.parse().ok()?;
        let file = i32::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok()?;
        [SYS_fsync, SYS_fdatasync].contains(&number).then(|| format!("/proc/{}/fd/{file}", self.process).into())
    }

    fn look_at(&self, file: &Path) -> Option<Sync> {
        let path = fs::read_link(file).ok().filter(|path| path.starts_with(&self.folder))?;
        let (inode, holds) = Contents::read(file).ok().flatten()?;
        Some(Sync { file: path, inode, holds })
    }
}

/// Tells a thread that the call it is back from has failed. One that was killed meanwhile is told nothing.
#[cfg(target_arch = "x86_64")]
fn fail_call(thread: Pid) {
    if let Ok(mut registers) = ptrace::getregs(thread) {
        registers.rax = (-i64::from(EIO)).cast_unsigned();
        let _ = ptrace::setregs(thread, registers);
    }
}

/// Nobody asks for it: [`Disk::set_failing`] is not there either.
#[cfg(not(target_arch = "x86_64"))]
fn fail_call(_: Pid) {}

fn is_end_of(status: WaitStatus, process: Pid) -> bool {
    matches!(status, WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) if thread == process)
}

/// One that was killed meanwhile goes nowhere, and is heard of next.
fn go_on(thread: Pid, signal: Option<Signal>) {
    let _ = ptrace::syscall(thread, signal);
}
