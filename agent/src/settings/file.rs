//! One `settings.json`.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use roost_core::{
    home::{PROJECT_SETTINGS, SETTINGS_LOCK},
    settings::{self, Edit, Malformed},
};
use serde_json::{Map, Value};

use crate::{approval::Rule, lock, small_file, stamp::Stamp};

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// How long to wait for the lock, which others hold only while they write one small file.
const PATIENCE: Duration = Duration::from_secs(5);

/// A settings file as it was last read. A value of another type than expected counts as absent: one mistake silences nothing else.
#[derive(Debug)]
pub(super) struct SettingsFile {
    path: PathBuf,
    /// The lock file by which the processes of a home take turns in writing.
    lock: PathBuf,
    /// Nothing outside of this folder is written, wherever links lead.
    bounds: Option<PathBuf>,
    /// The file that was last read; none when there was none.
    seen: Option<Stamp>,
    values: Map<String, Value>,
}

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not as settings are written ({problem}); correct it first", path.display())]
    Malformed { path: PathBuf, problem: Malformed },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is being written by another program", path.display())]
    Busy { path: PathBuf },
}

impl SettingsFile {
    /// The file at `path`; who writes it for this home takes turns.
    pub(super) fn new(home: &Path, path: PathBuf) -> Self {
        Self { path, lock: home.join(SETTINGS_LOCK), bounds: None, seen: None, values: Map::new() }
    }

    /// A project's own file.
    pub(super) fn of_project(home: &Path, project: &Path) -> Self {
        let path = project.join(PROJECT_SETTINGS);
        Self { bounds: Some(project.to_owned()), ..Self::new(home, path) }
    }

    /// Whether it was read anew. A file that cannot be read or understood keeps its last meaning and is reported.
    pub(super) fn refresh(&mut self) -> bool {
        let seen = Stamp::of(&self.path);
        if seen == self.seen {
            return false;
        }
        self.seen = seen;
        if seen.is_none() {
            self.values = Map::new();
            return true;
        }
        match read(&self.path).and_then(|text| settings::values(&text).map_err(|problem| self.malformed(problem))) {
            Ok(values) => self.values = values,
            Err(error) => tracing::warn!(%error, "settings are ignored"),
        }
        true
    }

    /// The value at a dotted key, as it was last read.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        settings::lookup(&self.values, key)
    }

    /// All of them.
    pub(super) fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// The rules of one list of `permissions`.
    pub(super) fn rules(&self, list: &str) -> impl Iterator<Item = &str> {
        let rules = self.value("permissions").and_then(|permissions| permissions.get(list)?.as_array());
        rules.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Adds the rules that the list of allowed ones does not have.
    pub(super) fn add_allow(&self, rules: &[Rule]) -> Result<(), SettingsError> {
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        self.edit(Edit::Add { key: "permissions.allow", items: &rules })
    }

    /// Sets the value at a dotted key.
    pub(super) fn set(&self, key: &str, value: &str) -> Result<(), SettingsError> {
        self.edit(Edit::Set { key, value: &value.into() })
    }

    /// Changes the text of the file as it is now. A file that is not as expected is left alone.
    fn edit(&self, edit: Edit<'_>) -> Result<(), SettingsError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::TimedOut => SettingsError::Busy { path: self.path.clone() },
            _ => SettingsError::Write { path: self.path.clone(), source },
        };
        let _turn = lock::within(&self.lock, PATIENCE).map_err(failed)?;
        let text = settings::edited(&read(&self.path)?, &[edit]).map_err(|problem| self.malformed(problem))?;
        let path = self.target().map_err(failed)?;
        let is_private = self.bounds.is_none();
        replace(&path, text.as_bytes(), is_private).map_err(failed)
    }

    fn malformed(&self, problem: Malformed) -> SettingsError {
        SettingsError::Malformed { path: self.path.clone(), problem }
    }

    /// The file that is written: where there is a link, the one behind it.
    fn target(&self) -> io::Result<PathBuf> {
        let Ok(target) = self.path.canonicalize() else {
            // A link to nothing would be a way out of the bounds as well.
            let is_link = fs::symlink_metadata(&self.path).is_ok();
            return if is_link { Err(io::ErrorKind::NotFound.into()) } else { Ok(self.path.clone()) };
        };
        match &self.bounds {
            Some(bounds) if !target.starts_with(bounds.canonicalize()?) => {
                Err(io::Error::other("it is a link that leads out of the project"))
            }
            Some(_) | None => Ok(target),
        }
    }
}

/// The file's text; none where there is no file.
fn read(path: &Path) -> Result<String, SettingsError> {
    match small_file::text(path, MAX_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(|source| SettingsError::Read { path: path.to_owned(), source }),
    }
}

/// Writes beside the file and moves it into place: a reader sees the old file or the new one. It stays as private as it was; a new one that
/// is private can be read by its owner only, since keys may stand in it.
fn replace(path: &Path, bytes: &[u8], is_private: bool) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".settings.{}.tmp", uuid::Uuid::new_v4().simple()));
    let mode = if is_private { 0o600 } else { 0o666 };
    let created = File::options().write(true).create_new(true).mode(mode).open(&temporary);
    let written = created.and_then(|mut file| {
        if let Ok(meta) = fs::metadata(path) {
            file.set_permissions(meta.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_data()
    });
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    replaced.inspect_err(|_| drop(fs::remove_file(&temporary)))
}
