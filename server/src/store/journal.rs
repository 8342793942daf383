//! A session's events on disk: `events.jsonl`, appended only.
//!
//! While a daemon writes it, zero bytes may follow the last line: room that the disk has already given, so that a line put there is
//! safe in about two thirds of the time. They are taken off when the session closes, or by whoever opens the journal next.
//!
//! A line is either an event, the very bytes of its `data:` line, or a note of the daemon's own, `{"ledger":…}`. Lines appear in
//! the order they were published. Notes say which prompts were accepted and which are settled, so that a restarted daemon knows
//! what it still owes.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
};

use super::note;
use crate::private_file;

/// An open journal. Appending costs one write for any number of lines; nothing is certain to survive a power cut before [`Syncing::finish`].
#[derive(Debug)]
pub struct Journal {
    file: Arc<File>,
    path: PathBuf,
    /// Length of what was written whole, in bytes; the next line goes there.
    bytes: u64,
    /// Length of what would survive a power cut, in bytes.
    synced: u64,
    /// Up to where there is room already; not less than `bytes` once something was synced.
    room_until: u64,
    /// Its name in the directory may not be on disk yet, nor may its session's `meta.json`.
    fresh: Arc<AtomicBool>,
}

/// What was appended to a journal up to some moment, on its way to the disk.
#[derive(Debug)]
pub struct Syncing {
    file: Arc<File>,
    dir: PathBuf,
    fresh: Arc<AtomicBool>,
    until: u64,
}

/// A file that has taken the place of a journal's.
#[derive(Debug)]
pub struct Replacement {
    file: File,
    bytes: u64,
    /// Whether a power cut might bring the old one back.
    fresh: bool,
}

/// At most so many threads of the runtime wait for the disk. It starts a limited number, and each that waits has to be stood in for by
/// another: with all of them waiting, nothing would go on. Whoever finds no place waits as a task.
static WAITING_FOR_THE_DISK: Semaphore = Semaphore::const_new(128);

impl Journal {
    pub(super) const FILE: &'static str = "events.jsonl";
    pub(super) const INCOMPLETE: &'static str = "incomplete";
    /// Room that is made at a time, in bytes: some ten short turns.
    const ROOM_BYTES: u64 = 16 * 1024;
    /// New room is made when less than this is left, in bytes.
    const LEAST_ROOM_BYTES: u64 = 4 * 1024;

    /// Starts an empty journal.
    ///
    /// # Errors
    /// One exists already, or the disk refuses.
    pub fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(Self::FILE);
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path)?;
        let (file, fresh) = (Arc::new(file), Arc::new(true.into()));
        Ok(Self { file, path, bytes: 0, synced: 0, room_until: 0, fresh })
    }

    /// Opens a journal to continue it and returns what it holds. A last line that was never finished is cut off, as is unused room;
    /// when the journal was last written to stays as it was.
    ///
    /// # Errors
    /// It is missing or unreadable.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<u8>)> {
        let path = dir.join(Self::FILE);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = length_in_whole_lines(&text);
        if whole < text.len() {
            let unfinished = text[whole..].iter().filter(|byte| **byte != 0).count();
            if unfinished > 0 {
                tracing::warn!(journal = %path.display(), bytes = unfinished, "cut off an unfinished last line");
            }
            let written_at = file.metadata()?.modified()?;
            file.set_len(whole as u64)?;
            file.set_modified(written_at)?;
            text.truncate(whole);
        }
        let bytes = whole as u64;
        let (file, fresh) = (Arc::new(file), Arc::default());
        Ok((Self { file, path, bytes, synced: bytes, room_until: bytes, fresh }, text))
    }

    /// What a journal holds in whole lines, whether or not somebody is writing it.
    ///
    /// # Errors
    /// It is missing or unreadable.
    pub fn read(path: &Path) -> io::Result<Vec<u8>> {
        let mut text = std::fs::read(path)?;
        text.truncate(length_in_whole_lines(&text));
        Ok(text)
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// The disk is full or gone; then nothing of `lines` is left behind.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all_at(lines, self.bytes) {
            let _ = self.file.set_len(self.bytes);
            self.room_until = self.bytes;
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }

    /// How much of what was appended a power cut might still take, in bytes.
    #[must_use]
    pub fn unsynced_bytes(&self) -> usize {
        usize::try_from(self.bytes - self.synced).unwrap_or(usize::MAX)
    }

    /// What is left to do until everything appended so far would survive a power cut; how far that was is to be told to
    /// [`Journal::synced_until`]. None when nothing is new.
    pub fn syncing(&mut self) -> Option<Syncing> {
        if self.synced == self.bytes && !self.fresh.load(Ordering::Acquire) {
            return None;
        }
        // Whether the next line fits a full disk shows when it is written.
        let _ = self.make_room();
        let dir = self.path.parent()?.to_owned();
        Some(Syncing { file: Arc::clone(&self.file), dir, fresh: Arc::clone(&self.fresh), until: self.bytes })
    }

    /// What was appended up to this length would survive a power cut. What was taken back since would not.
    pub fn synced_until(&mut self, bytes: u64) {
        self.synced = self.synced.max(bytes.min(self.bytes));
    }

    /// After a sync that failed: what was appended since the last one is to be appended once more. The system may have dropped it, and would
    /// not say so a second time.
    pub fn take_back(&mut self) {
        self.bytes = self.synced;
    }

    /// Sees to it that some short lines will fit, however full the disk gets, and that they are quick to sync: a file that grows has its
    /// new length written beside the line, one that has room does not.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn make_room(&mut self) -> io::Result<()> {
        if self.room_until >= self.bytes + Self::LEAST_ROOM_BYTES {
            return Ok(());
        }
        let (from, until) = (self.room_until.max(self.bytes), self.bytes + Self::ROOM_BYTES);
        let zeros = [0; Self::ROOM_BYTES as usize];
        let missing = usize::try_from(until - from).unwrap_or(zeros.len());
        let made = self.file.write_all_at(&zeros[..missing], from);
        self.room_until = if made.is_ok() { until } else { from };
        if made.is_err() {
            let _ = self.file.set_len(from);
        }
        made
    }

    /// Takes off the room that was not used. Nothing is lost if it fails.
    pub fn close(&mut self) {
        if self.room_until > self.bytes && self.file.set_len(self.bytes).is_ok() {
            self.room_until = self.bytes;
        }
    }

    /// When the session was last active, as far as the file tells: the order of lists.
    #[must_use]
    pub fn active_at(&self) -> SystemTime {
        self.file.metadata().and_then(|meta| meta.modified()).unwrap_or_else(|_| SystemTime::now())
    }

    /// Says when the session was last active, after something was written that was no activity of its own.
    pub fn set_active_at(&self, moment: SystemTime) {
        // A list in another order is no reason to fail.
        let _ = self.file.set_modified(moment);
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves word that clients have seen events which are not in the journal, so that the numbering is not continued from it.
    pub fn mark_incomplete(&self) {
        // A disk that takes not even this had its boot number or its owner's attention.
        let _ = File::create(self.path.with_file_name(Self::INCOMPLETE));
    }

    /// Takes that word back: everything clients have seen is in the journal again.
    pub fn mark_complete(&self) {
        // Where it cannot be removed the numbering starts anew after a restart, which is the safe side.
        let _ = std::fs::remove_file(self.path.with_file_name(Self::INCOMPLETE));
    }

    /// Goes on in the file that has taken this one's place.
    pub fn continue_in(&mut self, replacement: Replacement) {
        let Replacement { file, bytes, fresh } = replacement;
        self.file = Arc::new(file);
        self.bytes = bytes;
        self.synced = bytes;
        self.room_until = bytes;
        self.fresh = Arc::new(fresh.into());
    }
}

/// Puts `text`, which is whole lines, on disk in the place of the journal at `path`. Whoever reads the path sees the old journal or the new
/// one; whoever writes it must go on in the new one. Takes as long as the disk does.
///
/// # Errors
/// The disk refuses; the old journal is in place then.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<Replacement> {
    let file = private_file::replace_soon(path, text)?;
    Ok(Replacement { file, bytes: text.len() as u64, fresh: private_file::sync_name(path).is_err() })
}

impl Syncing {
    /// Waits for the disk, where it can on the calling thread: handing the wait to another and taking the outcome back costs as much as
    /// the disk does. Returns how long the journal was then, in bytes.
    ///
    /// # Errors
    /// The device failed; what was appended may be lost.
    pub async fn finish(self) -> io::Result<u64> {
        // It is never closed.
        let _place = WAITING_FOR_THE_DISK.acquire().await.ok();
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| self.wait()),
            // There is no other thread that could go on with the tasks of this one.
            _ => tokio::task::spawn_blocking(move || self.wait()).await.map_err(io::Error::other)?,
        }
    }

    fn wait(&self) -> io::Result<u64> {
        self.file.sync_data()?;
        if self.fresh.load(Ordering::Acquire) {
            sync_birth(&self.dir)?;
            self.fresh.store(false, Ordering::Release);
        }
        Ok(self.until)
    }
}

/// Up to and with the last newline; what follows is room, or a line that was never finished.
pub(super) fn length_in_whole_lines(text: &[u8]) -> usize {
    memchr::memrchr(b'\n', text).map_or(0, |end| end + 1)
}

/// Puts on disk that a session exists.
fn sync_birth(dir: &Path) -> io::Result<()> {
    File::open(dir.join(super::Meta::FILE))?.sync_data()?;
    File::open(dir)?.sync_all()?;
    dir.parent().map_or(Ok(()), |sessions| File::open(sessions)?.sync_all())
}

/// The last note of a journal, found from the end without reading the rest.
///
/// # Errors
/// The file cannot be read.
pub(super) fn last_note(path: &Path) -> io::Result<Option<Vec<u8>>> {
    const STEP_BYTES: u64 = 64 * 1024;
    let mut file = File::open(path)?;
    let mut start = file.metadata()?.len();
    let mut cut_line: Vec<u8> = Vec::new();
    while start > 0 {
        let step = start.min(STEP_BYTES);
        start -= step;
        let mut block = vec![0; usize::try_from(step).map_err(io::Error::other)?];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
        block.append(&mut cut_line);
        let newline = block.iter().position(|byte| *byte == b'\n');
        let whole = if start == 0 { 0 } else { newline.map_or(block.len(), |end| end + 1) };
        let mut lines = block[whole..].split(|byte| *byte == b'\n').rev();
        if let Some(note) = lines.find(|line| note::is_note(line)) {
            return Ok(Some(note.to_vec()));
        }
        block.truncate(whole);
        cut_line = block;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sync(journal: &mut Journal) -> io::Result<()> {
        let Some(syncing) = journal.syncing() else { return Ok(()) };
        journal.synced_until(syncing.finish().await?);
        Ok(())
    }

    #[test]
    fn the_last_note_is_found_behind_any_number_of_events() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let mut journal = Journal::create(dir.path())?;
        assert_eq!(last_note(journal.path())?, None);
        journal.append(b"{\"ledger\":1}\n{\"id\":1,\"text\":\"{\\\"ledger\\\":\"}\n{\"ledger\":2}\n")?;
        for id in 0..20_000 {
            journal.append(format!("{{\"id\":{id},\"v\":1}}\n").as_bytes())?;
        }
        assert_eq!(last_note(journal.path())?.as_deref(), Some(&b"{\"ledger\":2}"[..]));
        Ok(())
    }

    #[test]
    fn an_unfinished_line_is_cut_off_and_appending_goes_on_behind_the_last_whole_one() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        Journal::create(dir.path())?.append(b"{\"id\":1}\n{\"id\":2")?;
        let (mut journal, text) = Journal::open(dir.path())?;
        assert_eq!(text, b"{\"id\":1}\n");
        journal.append(b"{\"id\":2}\n")?;
        assert_eq!(std::fs::read(journal.path())?, b"{\"id\":1}\n{\"id\":2}\n");
        Ok(())
    }

    #[tokio::test]
    async fn room_behind_the_last_line_is_seen_by_no_reader_and_gone_after_the_close() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join(crate::store::Meta::FILE), "{}")?;
        let mut journal = Journal::create(dir.path())?;
        let line = format!("{{\"ledger\":{}}}\n", "1".repeat(1_000));
        let mut told = Vec::new();
        for _ in 0..50 {
            journal.append(line.as_bytes())?;
            sync(&mut journal).await?;
            told.extend_from_slice(line.as_bytes());
            assert!(std::fs::metadata(journal.path())?.len() >= journal.bytes() + Journal::LEAST_ROOM_BYTES - 1_100);
            assert_eq!(Journal::read(journal.path())?, told);
            assert_eq!(last_note(journal.path())?.as_deref(), Some(line.trim_end().as_bytes()));
        }
        journal.close();
        assert_eq!(std::fs::read(journal.path())?, told);
        Ok(())
    }

    #[tokio::test]
    async fn a_journal_that_was_never_closed_goes_on_behind_its_last_line() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join(crate::store::Meta::FILE), "{}")?;
        let mut journal = Journal::create(dir.path())?;
        journal.append(b"{\"id\":1}\n")?;
        sync(&mut journal).await?;
        journal.append(b"{\"id\":2")?;
        let written_at = std::fs::metadata(journal.path())?.modified()?;
        drop(journal);
        let (mut journal, text) = Journal::open(dir.path())?;
        assert_eq!(text, b"{\"id\":1}\n");
        assert_eq!(std::fs::metadata(journal.path())?.modified()?, written_at);
        journal.append(b"{\"id\":2}\n")?;
        sync(&mut journal).await?;
        assert_eq!(Journal::read(journal.path())?, b"{\"id\":1}\n{\"id\":2}\n");
        Ok(())
    }
}
