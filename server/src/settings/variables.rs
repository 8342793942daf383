//! Variables as the settings mean them: those of the process, of the project's `.env` files where the folder is trusted,
//! of the user's, and `env` of the user's settings. The first that has one counts.

use std::{
    collections::BTreeMap,
    env,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use roost_core::{
    dotenv::{self, MAX_BYTES, NEVER_A_PROJECTS},
    settings::lookup,
};
use serde_json::{Map, Value};

use super::Layers;
use crate::{child::SECRET_VARIABLES, files::Files};

/// Beneath the workspace, the nearer first.
const PROJECT_FILES: [&str; 2] = [".qwen/.env", ".env"];

/// What files say about variables. Those of the process are looked up when they are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    project: BTreeMap<String, String>,
    user: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
}

impl Variables {
    /// Reads the files. Blocks.
    pub(super) fn read(home: &Path, cwd: &Path, layers: &Layers) -> Self {
        let user_home = env::home_dir().map(|home| home.join(".env"));
        let user_files: Vec<PathBuf> = user_home.into_iter().chain([home.join(".env")]).collect();
        let user = merged(user_files.iter().filter_map(|path| own_file(path)));
        let mut variables = Self { user, ..Self::default() };
        if layers.trust.is_trusted() {
            let excluded = layers.get("advanced.excludedEnvVars").unwrap_or_default();
            let is_excluded = |name: &str| {
                NEVER_A_PROJECTS.contains(&name)
                    || excluded.as_array().is_some_and(|list| list.iter().any(|it| it == name))
            };
            variables.project = merged(PROJECT_FILES.iter().rev().filter_map(|file| project_file(cwd, file)));
            variables.project.retain(|name, _| !is_excluded(name));
        }
        let env = lookup(&layers.user, "env").and_then(Value::as_object).into_iter().flatten();
        let texts = env.filter_map(|(name, value)| Some((name.clone(), variables.expanded(value.as_str()?))));
        variables.settings = texts.collect();
        variables
    }

    /// A variable. An empty one counts as absent.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let filled = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let in_files =
            || [&self.project, &self.user, &self.settings].into_iter().find_map(|it| filled(it.get(name).cloned()));
        filled(env::var(name).ok()).or_else(in_files)
    }

    /// Every `$NAME` in the texts of settings, replaced by what it stands for.
    ///
    /// Not by a variable of the project's: it could change what the user's settings mean. Nor by a secret of the daemon's own.
    pub(super) fn expand(&self, settings: &mut Map<String, Value>) {
        settings.values_mut().for_each(|value| self.expand_value(value));
    }

    fn expand_value(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains('$') => *text = self.expanded(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.expand_value(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.expand_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn expanded(&self, text: &str) -> String {
        dotenv::expanded(text, |name| {
            let kept = || self.user.get(name).or_else(|| self.settings.get(name)).cloned();
            let is_secret = SECRET_VARIABLES.contains(&name);
            if is_secret { None } else { env::var(name).ok().or_else(kept) }
        })
    }
}

fn merged(files: impl Iterator<Item = String>) -> BTreeMap<String, String> {
    files.flat_map(|text| dotenv::parse(&text)).collect()
}

fn own_file(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    text_of(&bytes)
}

/// Beneath the workspace, wherever links lead.
fn project_file(cwd: &Path, file: &str) -> Option<String> {
    let files = Files::default().of(cwd).ok()?;
    let most = usize::try_from(MAX_BYTES).ok()?;
    text_of(&files.load(&files.path(file).ok()?, most + 1).ok()??)
}

fn text_of(bytes: &[u8]) -> Option<String> {
    (bytes.len() as u64 <= MAX_BYTES).then(|| String::from_utf8_lossy(bytes).into_owned())
}
