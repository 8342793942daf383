//! One settings file on disk: read whole, written whole, moved aside when it is damaged.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use roost_core::{home::SETTINGS_LOCK, settings};
use serde_json::{Map, Value};

use super::{Change, Warning, version};
use crate::{
    files::{Files, Refusal, WorkspaceFiles, WorkspacePath},
    private_file,
};

/// Largest file that is read, in bytes; a larger one counts as damaged.
const MAX_BYTES: usize = 1024 * 1024;
/// Somebody may be writing a file that has changed this recently.
const UNSETTLED: Duration = Duration::from_secs(2);
/// How often a write is tried again because a program that does not use the lock has written meanwhile.
const ATTEMPTS: u32 = 5;
/// How long to wait for the lock, which agents hold only while they write one small file.
const PATIENCE: Duration = Duration::from_secs(5);

/// One writer at a time in this process: the user's file belongs to every workspace and every session.
static WRITING: Mutex<()> = Mutex::new(());

/// Where a file is, and what may be done with it.
#[derive(Debug)]
pub(super) struct SettingsFile {
    place: Place,
    /// The lock file by which the processes of a home take turns in writing.
    lock: PathBuf,
}

#[derive(Debug)]
enum Place {
    /// Below `QWEN_HOME`.
    Own(PathBuf),
    /// In a workspace: never through a symlink that leads out of it.
    Beneath { workspace: PathBuf, file: &'static str },
    /// The administrator's: read only.
    Administered(PathBuf),
}

/// Why a settings file was not written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("{path} is not JSON: {reason}")]
    Malformed { path: PathBuf, reason: String },
    #[error("{path} is being written by another program")]
    Busy { path: PathBuf },
    #[error("cannot write {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// What a look at a file found.
enum Found {
    Nothing,
    Text(String),
    /// Not UTF-8, or too large.
    NoText(&'static str),
}

impl SettingsFile {
    pub(super) fn own(home: &Path, path: PathBuf) -> Self {
        Self::at(home, Place::Own(path))
    }

    pub(super) fn beneath(home: &Path, workspace: PathBuf, file: &'static str) -> Self {
        Self::at(home, Place::Beneath { workspace, file })
    }

    pub(super) fn administered(home: &Path, path: PathBuf) -> Self {
        Self::at(home, Place::Administered(path))
    }

    fn at(home: &Path, place: Place) -> Self {
        Self { place, lock: home.join(SETTINGS_LOCK) }
    }

    pub(super) fn path(&self) -> PathBuf {
        match &self.place {
            Place::Own(path) | Place::Administered(path) => path.clone(),
            Place::Beneath { workspace, file } => workspace.join(file),
        }
    }

    /// What stands in the file; nothing where it is missing or damaged, and `damaged` learns of that.
    pub(super) fn values(&self, damaged: &mut BTreeSet<Warning>) -> Map<String, Value> {
        let (problem, is_damaged) = match self.load() {
            Ok(Found::Nothing) => return self.sound(Map::new(), damaged),
            Ok(Found::Text(text)) => match settings::values(&text) {
                Ok(values) => return self.sound(values, damaged),
                Err(problem) => (problem.to_string(), true),
            },
            Ok(Found::NoText(problem)) => (problem.to_owned(), true),
            // A file that cannot be read need not be damaged.
            Err(error) => (error.to_string(), false),
        };
        let recovered = is_damaged && self.set_aside();
        let path = self.path();
        tracing::warn!(path = %path.display(), %problem, recovered, "settings are ignored");
        let path = path.to_string_lossy().into_owned();
        damaged.retain(|warning| !warning.is_about(&path));
        damaged.insert(Warning::Corrupted { path, recovered });
        Map::new()
    }

    /// A file that can be read again needs no warning; one that was moved aside still does.
    fn sound(&self, values: Map<String, Value>, damaged: &mut BTreeSet<Warning>) -> Map<String, Value> {
        if !damaged.is_empty() {
            damaged.remove(&Warning::Corrupted { path: self.path().to_string_lossy().into_owned(), recovered: false });
        }
        values
    }

    /// Makes the changes, as [`SettingsFile::edit`] does.
    pub(super) fn write(&self, changes: &[Change]) -> Result<(), SaveError> {
        self.edit(|_| changes)
    }

    /// Makes the changes, which may depend on what stands in the file. Agents wait for their turn; another program that writes the file at
    /// the same moment is not overwritten.
    pub(super) fn edit<C: AsRef<[Change]>>(&self, changes: impl Fn(&Map<String, Value>) -> C) -> Result<(), SaveError> {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::TimedOut => SaveError::Busy { path: path.clone() },
            _ => SaveError::Io { path: path.clone(), source },
        };
        let _turn = private_file::lock_within(&self.lock, PATIENCE).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            let before = match self.load().map_err(failed)? {
                Found::Nothing => String::new(),
                Found::Text(text) => text,
                Found::NoText(_) if self.set_aside() => String::new(),
                Found::NoText(reason) => return Err(SaveError::Malformed { path, reason: reason.to_owned() }),
            };
            let changes = changes(&settings::values(&before).unwrap_or_default());
            let after = match version::changed(&before, changes.as_ref()) {
                Ok(after) => after,
                Err(_) if settings::values(&before).is_err() && self.set_aside() => continue,
                Err(reason) => return Err(SaveError::Malformed { path, reason: reason.to_string() }),
            };
            let is_unchanged = match self.load().map_err(failed)? {
                Found::Nothing => before.is_empty(),
                Found::Text(text) => text == before,
                Found::NoText(_) => false,
            };
            if is_unchanged {
                return self.store(after.as_bytes()).map_err(failed);
            }
        }
        Err(SaveError::Busy { path })
    }

    fn load(&self) -> io::Result<Found> {
        let bytes = match &self.place {
            Place::Own(path) | Place::Administered(path) => read(path)?,
            Place::Beneath { workspace, file } => match open(workspace, file) {
                Ok((files, path)) => files.load(&path, MAX_BYTES + 1).map_err(unwrapped)?,
                Err(Refusal::NotFound(_)) => None,
                Err(refusal) => return Err(unwrapped(refusal)),
            },
        };
        Ok(match bytes {
            None => Found::Nothing,
            Some(bytes) if bytes.len() > MAX_BYTES => Found::NoText("it is larger than 1 MiB"),
            Some(bytes) => String::from_utf8(bytes).map_or(Found::NoText("it is not UTF-8"), Found::Text),
        })
    }

    fn store(&self, text: &[u8]) -> io::Result<()> {
        match &self.place {
            Place::Own(path) => replace(path, text),
            Place::Beneath { workspace, file } => {
                let (files, path) = open(workspace, file).map_err(unwrapped)?;
                files.store(&path, text).map_err(unwrapped)
            }
            Place::Administered(_) => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    /// Moves a damaged file out of the way, under a name that says what it is. Not while somebody may still be writing it.
    fn set_aside(&self) -> bool {
        let moved = match &self.place {
            Place::Own(path) if is_settled(path) => fs::rename(path, aside(path)),
            Place::Beneath { workspace, file } if is_settled(&workspace.join(file)) => open(workspace, file)
                .and_then(|(files, path)| files.set_aside(&path, &aside(path.as_path())))
                .map_err(unwrapped),
            Place::Own(_) | Place::Beneath { .. } | Place::Administered(_) => return false,
        };
        moved.is_ok()
    }
}

fn open(workspace: &Path, file: &str) -> Result<(WorkspaceFiles, WorkspacePath), Refusal> {
    let files = Files::default().of(workspace)?;
    let path = files.path(file)?;
    Ok((files, path))
}

fn unwrapped(refusal: Refusal) -> io::Error {
    match refusal {
        Refusal::Io { source, .. } => source,
        other => io::Error::other(other.to_string()),
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn is_settled(path: &Path) -> bool {
    let written = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    written.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age >= UNSETTLED))
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension(format!("json.corrupt-{}", crate::clock::now().0))
}

/// A reader sees the old file or the new one. A symlink stays one: people keep their settings elsewhere. A file that is new is its owner's
/// alone, since keys may stand in it.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(dir)?;
    match fs::metadata(&path) {
        Ok(meta) => private_file::replace_as(&path, text, meta.permissions()),
        Err(_) => private_file::replace(&path, text),
    }
}
