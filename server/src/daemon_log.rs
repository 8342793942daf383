//! The daemon's log file: bounded in size, written off the request's path, honest about what it lost.
//!
//! Lines wait in a queue of bounded length for one writing thread. If the disk is too slow, lines are dropped and counted,
//! and nobody waits. The file is only its owner's to read.

mod rotating_file;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use self::rotating_file::{Losses, RotatingFile};

/// Lines that may wait to be written.
const MAX_WAITING_LINES: usize = 8_192;

/// Where the log goes, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    pub path: PathBuf,
    /// A file that would grow beyond this is put aside as `<path>.1`.
    pub max_bytes: u64,
    /// How many files are kept aside.
    pub kept: usize,
    /// What is logged, in the syntax of `EnvFilter`.
    pub filter: String,
}

/// The state of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    pub path: PathBuf,
    /// Lines that were dropped because too many waited, or that could not be written.
    pub lost_lines: u64,
    /// Of the lines that could not be written.
    pub lost_bytes: u64,
    /// Why the last ones could not be written.
    pub issue: Option<String>,
}

/// The way to the file, and what keeps it open: dropping it writes what still waits.
#[derive(Debug)]
pub struct OpenLog {
    pub writer: NonBlocking,
    pub guard: WorkerGuard,
}

/// There is one log per process.
static LOG: OnceLock<(PathBuf, Arc<Losses>)> = OnceLock::new();

impl LogFile {
    /// Everything but the lines of single requests.
    pub const DEFAULT_FILTER: &str = "info,roost_server::request=warn";
    const MAX_BYTES: u64 = 10 * 1024 * 1024;
    const KEPT: usize = 4;

    /// The log file of a home: `QWEN_HOME/roost/log/daemon.log`.
    #[must_use]
    pub fn of(state_dir: &Path) -> Self {
        Self {
            path: state_dir.join("log/daemon.log"),
            max_bytes: Self::MAX_BYTES,
            kept: Self::KEPT,
            filter: Self::DEFAULT_FILTER.to_owned(),
        }
    }

    /// Opens the file; from now on [`report`] is about it.
    ///
    /// # Errors
    /// The directory or the file cannot be made or written to.
    pub fn open(&self) -> io::Result<OpenLog> {
        let losses = Arc::<Losses>::default();
        let file = RotatingFile::open(&self.path, self.max_bytes, self.kept, Arc::clone(&losses))?;
        let builder = NonBlockingBuilder::default().buffered_lines_limit(MAX_WAITING_LINES).lossy(true);
        let (writer, guard) = builder.thread_name("roost-log").finish(file);
        losses.follow(writer.error_counter());
        // A second log in one process would be another daemon's in a test; the first one stays.
        let _ = LOG.set((self.path.clone(), losses));
        Ok(OpenLog { writer, guard })
    }
}

impl LogReport {
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.lost_lines == 0 && self.issue.is_none()
    }
}

/// The state of the log of this process; `None` when it has no file.
#[must_use]
pub fn report() -> Option<LogReport> {
    let (path, losses) = LOG.get()?;
    Some(LogReport {
        path: path.clone(),
        lost_lines: losses.lines(),
        lost_bytes: losses.bytes(),
        issue: losses.issue(),
    })
}
