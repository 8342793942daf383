//! Appends to a session's file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;

use super::{Entry, Kind, MEANWHILE, Record, VERSION, now};
use crate::small_file;

/// Longer ones name no branch.
const MAX_HEAD_BYTES: u64 = 4 * 1024;

/// The one writer of a session's file. The file is opened for the first record and stays open.
#[derive(Debug)]
pub(crate) struct Recorder {
    path: PathBuf,
    session: String,
    cwd: PathBuf,
    git_branch: Option<String>,
    /// The last record of the live branch.
    last: Option<String>,
    file: Option<Arc<File>>,
    /// Writing failed: the session goes on without records, and says so once.
    is_degraded: bool,
}

impl Recorder {
    pub(crate) fn new(path: PathBuf, session: &str, cwd: &Path, last: Option<String>) -> Self {
        let git_branch = git_branch(cwd);
        Self {
            path,
            session: session.to_owned(),
            cwd: cwd.to_owned(),
            git_branch,
            last,
            file: None,
            is_degraded: false,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The next record begins a chain of its own.
    pub(crate) fn start_over(&mut self) {
        self.last = None;
    }

    /// Writes one record. It is with the kernel when this returns, and on disk after [`Recorder::sync`].
    ///
    /// # Errors
    /// The first failure of a session; after it nothing more is written, so that the chain has no holes.
    pub(crate) fn append(&mut self, entry: Entry) -> io::Result<()> {
        if self.is_degraded {
            return Ok(());
        }
        let record = self.record(entry);
        let mut line = serde_json::to_vec(&record).map_err(io::Error::other)?;
        line.push(b'\n');
        let written = self.open().and_then(|file| (&*file).write_all(&line));
        self.is_degraded = written.is_err();
        written?;
        self.last = Some(record.uuid);
        Ok(())
    }

    /// Flushes to the disk, off the async thread, what was written before the call.
    pub(crate) fn sync(&self) -> impl Future<Output = io::Result<()>> + use<> {
        let syncing = self.file.clone().map(|file| tokio::task::spawn_blocking(move || file.sync_data()));
        async {
            match syncing {
                Some(syncing) => syncing.await.map_err(io::Error::other)?,
                None => Ok(()),
            }
        }
    }

    /// Begins to flush without waiting for the end of it.
    pub(crate) fn start_sync(&self) {
        if let Some(file) = self.file.clone() {
            tokio::task::spawn_blocking(move || {
                if let Err(error) = file.sync_data() {
                    tracing::warn!(%error, "a session's records could not be flushed yet");
                }
            });
        }
    }

    /// Lets go of the file until the next record: a session nobody has spoken to holds no descriptor.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    fn record(&self, entry: Entry) -> Record {
        let mut record = Record {
            uuid: uuid::Uuid::new_v4().to_string(),
            parent_uuid: self.last.clone(),
            session_id: self.session.clone(),
            timestamp: now(),
            kind: Kind::System,
            subtype: None,
            cwd: self.cwd.to_string_lossy().into_owned(),
            version: VERSION.to_owned(),
            git_branch: self.git_branch.clone(),
            message: None,
            usage_metadata: None,
            model: None,
            tool_call_result: None,
            system_payload: None,
        };
        match entry {
            Entry::User(message) => {
                record.kind = Kind::User;
                record.message = Some(message);
            }
            Entry::Meanwhile(message) => {
                record.kind = Kind::User;
                record.subtype = Some(MEANWHILE.to_owned());
                record.system_payload = Some(json!({"displayText": message.text()}));
                record.message = Some(message);
            }
            Entry::Assistant { message, usage, model } => {
                record.kind = Kind::Assistant;
                record.message = Some(message);
                record.usage_metadata = usage.map(Into::into);
                record.model = Some(model);
            }
            Entry::ToolResult { message, result } => {
                record.kind = Kind::ToolResult;
                record.message = Some(message);
                record.tool_call_result = Some(result);
            }
            Entry::System { subtype, payload } => {
                record.subtype = Some(subtype.to_owned());
                record.system_payload = Some(payload);
            }
        }
        record
    }

    fn open(&mut self) -> io::Result<Arc<File>> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        if let Some(folder) = self.path.parent() {
            // What people say to their agents is nobody else's business.
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
        end_torn_line(&mut file)?;
        let file = Arc::new(file);
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

/// A crash can leave a line without its end. It is ended here, so that the next record has a line of its own.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

/// The branch checked out in `cwd` or a folder above it.
fn git_branch(cwd: &Path) -> Option<String> {
    let head = cwd.ancestors().find_map(|folder| small_file::text(&folder.join(".git/HEAD"), MAX_HEAD_BYTES).ok())?;
    head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
}
