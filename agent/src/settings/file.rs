//! One `settings.json`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use jsonc_parser::{ParseOptions, cst::CstRootNode, json};
use serde_json::Value;

use crate::approval::Rule;

/// A settings file as it was last read. A value of another type than expected counts as absent: one mistake silences nothing else.
#[derive(Debug)]
pub(super) struct SettingsFile {
    path: PathBuf,
    /// Modification time and size when it was last read; none when there was no file.
    seen: Option<(SystemTime, u64)>,
    pub(super) values: Value,
}

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not valid JSON: {problem}", path.display())]
    Malformed { path: PathBuf, problem: String },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl SettingsFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, seen: None, values: Value::default() }
    }

    /// Whether it was read anew. A file that cannot be read or understood keeps its last meaning and is reported.
    pub(super) fn refresh(&mut self) -> bool {
        let seen = fs::metadata(&self.path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        if seen == self.seen {
            return false;
        }
        self.seen = seen;
        if seen.is_none() {
            self.values = Value::default();
            return true;
        }
        match read(&self.path).and_then(|text| parse(&self.path, &text)) {
            Ok(values) => self.values = values,
            Err(error) => tracing::warn!(%error, "settings are ignored"),
        }
        true
    }

    /// The rules of one list of `permissions`.
    pub(super) fn rules(&self, list: &str) -> impl Iterator<Item = &str> {
        let rules = self.values.get("permissions").and_then(|permissions| permissions.get(list)?.as_array());
        rules.into_iter().flatten().filter_map(Value::as_str)
    }

    pub(super) fn add_allow(&mut self, rules: &[Rule]) -> Result<(), SettingsError> {
        let fresh: Vec<String> = rules
            .iter()
            .map(ToString::to_string)
            .filter(|rule| self.rules("allow").all(|known| known != rule))
            .collect();
        self.edit(|root| {
            let allow = root.object_value_or_set().object_value_or_set("permissions").array_value_or_set("allow");
            allow.ensure_multiline();
            for rule in fresh {
                allow.append(json!(rule));
            }
        })
    }

    /// Sets `section.key`.
    pub(super) fn set(&mut self, section: &str, key: &str, value: &str) -> Result<(), SettingsError> {
        self.edit(|root| {
            let section = root.object_value_or_set().object_value_or_set(section);
            match section.get(key) {
                Some(property) => property.set_value(json!(value)),
                None => drop(section.append(key, json!(value))),
            }
        })
    }

    /// Changes the text of the file; a file that is no JSON is left alone.
    fn edit(&mut self, change: impl FnOnce(&CstRootNode)) -> Result<(), SettingsError> {
        let text = read(&self.path)?;
        parse(&self.path, &text)?;
        let malformed = |problem: String| SettingsError::Malformed { path: self.path.clone(), problem };
        let root = CstRootNode::parse(&text, &ParseOptions::default()).map_err(|error| malformed(error.to_string()))?;
        change(&root);
        replace(&self.path, root.to_string().as_bytes())
            .map_err(|source| SettingsError::Write { path: self.path.clone(), source })
    }
}

/// The file's text; a file that does not exist is an empty object.
fn read(path: &Path) -> Result<String, SettingsError> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Ok("{}\n".to_owned()),
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok("{}\n".to_owned()),
        Err(source) => Err(SettingsError::Read { path: path.to_owned(), source }),
    }
}

fn parse(path: &Path, text: &str) -> Result<Value, SettingsError> {
    let malformed = |problem: String| SettingsError::Malformed { path: path.to_owned(), problem };
    let values = jsonc_parser::parse_to_serde_value::<Value>(text, &ParseOptions::default());
    values.map_err(|error| malformed(error.to_string()))
}

/// Writes beside the file and moves it into place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".settings.{}.tmp", uuid::Uuid::new_v4().simple()));
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}
