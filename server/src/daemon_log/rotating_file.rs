//! A file that is put aside when it has grown enough.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing_appender::non_blocking::ErrorCounter;

use crate::private_file;

/// The log of one daemon. Each write is one line, and is written whole or counted as lost.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    max_bytes: u64,
    kept: usize,
    /// None when the last write failed; the next one opens it again.
    file: Option<File>,
    bytes: u64,
    losses: Arc<Losses>,
    /// Losses that a line in the log tells of already.
    told: u64,
}

/// What did not get into the file.
#[derive(Debug, Default)]
pub(super) struct Losses {
    unwritten_lines: AtomicU64,
    unwritten_bytes: AtomicU64,
    dropped: OnceLock<ErrorCounter>,
    issue: Mutex<Option<String>>,
}

impl RotatingFile {
    pub(super) fn open(path: &Path, max_bytes: u64, kept: usize, losses: Arc<Losses>) -> io::Result<Self> {
        let dir = path.parent().unwrap_or(Path::new("."));
        // A directory that exists keeps its mode: it may be shared.
        if !dir.is_dir() {
            private_file::make_dir(dir)?;
        }
        let mut log = Self { path: path.to_owned(), max_bytes, kept, file: None, bytes: 0, losses, told: 0 };
        log.reopen()?;
        Ok(log)
    }

    fn put_down(&mut self, line: &[u8]) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.max_bytes {
            self.rotate()?;
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.reopen()?,
        };
        file.write_all(line)?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<&mut File> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        self.bytes = file.metadata()?.len();
        Ok(self.file.insert(file))
    }

    /// `log` becomes `log.1`, that `log.2`, and the last is gone.
    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        for age in (1..self.kept).rev() {
            moved(fs::rename(self.aside(age), self.aside(age + 1)))?;
        }
        match self.kept {
            0 => moved(fs::remove_file(&self.path))?,
            _ => moved(fs::rename(&self.path, self.aside(1)))?,
        }
        self.reopen().map(drop)
    }

    fn aside(&self, age: usize) -> PathBuf {
        self.path.with_added_extension(age.to_string())
    }

    /// Says in the log itself what is missing from it.
    fn tell_of_losses(&mut self) -> io::Result<()> {
        let lost = self.losses.lines();
        if lost > self.told {
            let now = crate::clock::now().to_iso();
            let missing = lost - self.told;
            let line = format!(
                "{{\"timestamp\":\"{now}\",\"level\":\"WARN\",\"message\":\"lines of this log were lost\",\"lines\":{missing}}}\n"
            );
            self.put_down(line.as_bytes())?;
            self.told = lost;
        }
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = self.tell_of_losses().and_then(|()| self.put_down(line));
        match written {
            Ok(()) => self.losses.is_well(),
            Err(error) => {
                self.file = None;
                self.losses.add(line.len(), &error);
            }
        }
        // Whoever logs cannot do anything about it; the loss is counted.
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Losses {
    pub(super) fn follow(&self, dropped: ErrorCounter) {
        let _ = self.dropped.set(dropped);
    }

    pub(super) fn lines(&self) -> u64 {
        let dropped = self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        self.unwritten_lines.load(Ordering::Relaxed) + dropped as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.unwritten_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn issue(&self) -> Option<String> {
        self.issue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, bytes: usize, error: &io::Error) {
        self.unwritten_lines.fetch_add(1, Ordering::Relaxed);
        self.unwritten_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        *self.issue.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    fn is_well(&self) {
        self.issue.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn moved(moved: io::Result<()>) -> io::Result<()> {
    match moved {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn lines(path: &Path) -> Vec<String> {
        fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    #[test]
    fn old_lines_are_put_aside_and_the_oldest_are_gone() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("log/daemon.log");
        let mut log = RotatingFile::open(&path, 10, 2, Arc::default())?;
        for line in ["one\n", "two\n", "three\n", "four\n", "five\n", "a line longer than the whole file\n", "six\n"] {
            log.write_all(line.as_bytes())?;
        }
        assert_eq!(lines(&path), ["six"]);
        assert_eq!(lines(&log.aside(1)), ["a line longer than the whole file"]);
        assert_eq!(lines(&log.aside(2)), ["four", "five"]);
        assert_eq!(fs::read_dir(dir.path().join("log"))?.count(), 3);
        for file in fs::read_dir(dir.path().join("log"))? {
            assert_eq!(file?.metadata()?.permissions().mode() & 0o777, 0o600);
        }
        Ok(())
    }

    #[test]
    fn a_log_is_continued_where_it_ended() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("daemon.log");
        RotatingFile::open(&path, 10, 1, Arc::default())?.write_all(b"before\n")?;
        let mut log = RotatingFile::open(&path, 10, 1, Arc::default())?;
        log.write_all(b"after\n")?;
        assert_eq!((lines(&path), lines(&log.aside(1))), (vec!["after".to_owned()], vec!["before".to_owned()]));
        Ok(())
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_told_when_the_disk_is_back() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let (path, losses) = (dir.path().join("log/daemon.log"), Arc::<Losses>::default());
        let mut log = RotatingFile::open(&path, 8, 1, Arc::clone(&losses))?;
        log.write_all(b"12345678")?;
        fs::remove_dir_all(dir.path().join("log"))?;
        log.write_all(b"lost\n")?;
        log.write_all(b"lost, too\n")?;
        assert_eq!((losses.lines(), losses.bytes()), (2, 15));
        assert!(losses.issue().is_some());
        fs::create_dir(dir.path().join("log"))?;
        log.write_all(b"back\n")?;
        assert_eq!(losses.issue(), None);
        let told = lines(&log.aside(1));
        let told: serde_json::Value = serde_json::from_str(&told[0])?;
        assert_eq!(told["lines"], 2);
        assert_eq!(lines(&path), ["back"]);
        Ok(())
    }
}
