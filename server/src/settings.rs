//! What the settings say, for one workspace: four files, merged.
//!
//! Nothing is cached: files are small, other programs write them, and whoever asks gets what stands in them now. Comments and order
//! survive every write. Reading and writing block, so handlers go through [`Settings::run`].

mod catalogue;
mod change;
mod file;
mod mask;
mod merge;
mod permissions;
mod row;
mod variables;
mod version;
mod warning;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use roost_core::{
    home::{APPROVED_RULES, PROJECT_SETTINGS, SETTINGS, SYSTEM_DEFAULTS},
    session::ApprovalMode,
    settings::lookup,
    trust,
};
use serde_json::{Map, Value};
use tokio::task::JoinError;

pub use self::{
    catalogue::{ROWS, languages},
    change::{Change, SetError},
    file::SaveError,
    permissions::{InvalidRules, PermissionRules, RuleKind, RuleSet},
    row::{InvalidValue, Row, RowView},
    variables::Variables,
    warning::Warning,
};
use self::{file::SettingsFile, merge::merge};
use crate::{
    store::Project,
    trust::{Trust, TrustedFolders},
};

/// Keys that a project cannot decide about the machine it is opened on; in its file they are ignored.
const NOT_OF_A_WORKSPACE: &[&str] = &[
    "env",
    "proxy",
    "security",
    "goals.modelProposed",
    "tools.sandbox",
    "tools.sandboxImage",
    "tools.executionSandbox",
];

/// A file that can be written through the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    User,
    Workspace,
}

/// The settings of one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Settings(Arc<Sources>);

#[derive(Debug)]
struct Sources {
    home: PathBuf,
    cwd: PathBuf,
    system_defaults: SettingsFile,
    user: SettingsFile,
    workspace: SettingsFile,
    system: SettingsFile,
    /// What the user has allowed in this project, in the shape of a settings file.
    approved: SettingsFile,
    trusted_folders: TrustedFolders,
    /// What held when the settings were last taken up; `reload` compares with it.
    taken_up: Mutex<Map<String, Value>>,
    /// Files that were damaged when they were read, by path.
    damaged: Mutex<BTreeSet<Warning>>,
}

/// The files as they are now.
#[derive(Clone, Debug)]
pub struct Layers {
    pub system_defaults: Map<String, Value>,
    pub user: Map<String, Value>,
    /// As written; what of it holds is [`Layers::effective`]'s to say.
    pub workspace: Map<String, Value>,
    pub system: Map<String, Value>,
    pub trust: Trust,
    pub warnings: Vec<Warning>,
}

/// Work with the settings stopped unexpectedly.
#[derive(Debug, thiserror::Error)]
#[error("reading or writing the settings stopped unexpectedly: {0}")]
pub struct Broken(#[from] JoinError);

impl Settings {
    /// The settings of the workspace `cwd` (absolute, canonical) and the user whose `QWEN_HOME` is `home`. `system_dir` holds the
    /// administrator's `system-defaults.json` and `settings.json`.
    #[must_use]
    pub fn open(home: &Path, cwd: &Path, system_dir: &Path) -> Self {
        let settings = Self(Arc::new(Sources {
            home: home.to_owned(),
            cwd: cwd.to_owned(),
            system_defaults: SettingsFile::administered(home, system_dir.join(SYSTEM_DEFAULTS)),
            user: SettingsFile::own(home, home.join(SETTINGS)),
            workspace: SettingsFile::beneath(home, cwd.to_owned(), PROJECT_SETTINGS),
            system: SettingsFile::administered(home, system_dir.join(SETTINGS)),
            approved: SettingsFile::own(home, Project::of(home, cwd).dir().join(APPROVED_RULES)),
            trusted_folders: TrustedFolders::of(home),
            taken_up: Mutex::default(),
            damaged: Mutex::default(),
        }));
        drop(settings.take_up());
        settings
    }

    /// Work with the settings on a thread that may block.
    ///
    /// # Errors
    /// The work panicked, or the daemon stops.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> T + Send + 'static) -> Result<T, Broken> {
        let settings = self.clone();
        Ok(tokio::task::spawn_blocking(move || work(&settings)).await?)
    }

    /// Reads all files. A file that is damaged is moved aside and counts as empty; [`Layers::warnings`] tells.
    #[must_use]
    pub fn read(&self) -> Layers {
        let files = &*self.0;
        let mut read = |file: &SettingsFile| file.values(&mut self.damaged());
        let [system_defaults, user, workspace, system] =
            [&files.system_defaults, &files.user, &files.workspace, &files.system].map(&mut read);
        let is_on = trust::is_on([&system_defaults, &user, &system]);
        let trust = if is_on { files.trusted_folders.judge(&files.cwd) } else { Trust::Disabled };
        let mut warnings: Vec<Warning> = self.damaged().iter().cloned().collect();
        warnings.extend(ignored_keys(&workspace).map(Warning::ignored));
        Layers { system_defaults, user, workspace, system, trust, warnings }
    }

    /// The variables that are meant where settings name some.
    #[must_use]
    pub fn variables(&self) -> Variables {
        Variables::read(&self.0.home, &self.0.cwd, &self.read())
    }

    /// What holds, with every `$NAME` replaced by its value, for the daemon's own use. Never to be shown: a client could write the name of
    /// a secret into a setting and read its value here.
    #[must_use]
    pub fn in_force(&self) -> Map<String, Value> {
        let layers = self.read();
        let variables = Variables::read(&self.0.home, &self.0.cwd, &layers);
        let mut settings = layers.effective();
        settings.values_mut().for_each(|value| variables.expand(value));
        settings
    }

    /// Whether the folder is trusted, and why.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.read().trust
    }

    /// What [`Trust`] was judged by, as a digest that changes with it.
    #[must_use]
    pub fn trust_revision(&self) -> String {
        self.0.trusted_folders.revision(self.read().trust != Trust::Disabled)
    }

    /// Where the file of a scope is.
    #[must_use]
    pub fn path(&self, scope: Scope) -> PathBuf {
        self.file(scope).path()
    }

    /// Makes changes in one file, all of them in one write.
    ///
    /// # Errors
    /// The file is not a JSON object and cannot be moved aside, or cannot be written. It is left as it was.
    pub fn write(&self, scope: Scope, changes: &[Change]) -> Result<(), SaveError> {
        self.file(scope).write(changes)
    }

    /// Makes the changes that what one file says asks for. Nobody else changes it in between.
    ///
    /// # Errors
    /// As [`Settings::write`].
    pub fn edit<C: AsRef<[Change]>>(
        &self,
        scope: Scope,
        changes: impl Fn(&Map<String, Value>) -> C,
    ) -> Result<(), SaveError> {
        self.file(scope).edit(changes)
    }

    /// Keys at the top level whose meaning has changed since the settings were last taken up.
    #[must_use]
    pub fn take_up(&self) -> Vec<String> {
        let now = self.read().effective();
        let mut before = self.0.taken_up.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let changed = keys.into_iter().filter(|key| before.get(*key) != now.get(*key) && *key != version::VERSION_KEY);
        let changed = changed.cloned().collect();
        *before = now;
        changed
    }

    fn file(&self, scope: Scope) -> &SettingsFile {
        match scope {
            Scope::User => &self.0.user,
            Scope::Workspace => &self.0.workspace,
        }
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeSet<Warning>> {
        self.0.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Layers {
    /// What holds: every file in its rank, the workspace's only where the folder is trusted.
    #[must_use]
    pub fn effective(&self) -> Map<String, Value> {
        let mut effective = self.system_defaults.clone();
        merge(&mut effective, &self.user);
        if self.trust.is_trusted() {
            merge(&mut effective, &of_a_workspace(&self.workspace));
        }
        merge(&mut effective, &self.system);
        effective
    }

    /// The value at a dotted key of what holds.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        lookup(&self.effective(), key).cloned()
    }

    /// One scope's file. The workspace's is empty where the folder is not trusted.
    #[must_use]
    pub fn of(&self, scope: Scope) -> Map<String, Value> {
        match scope {
            Scope::User => self.user.clone(),
            Scope::Workspace if self.trust.is_trusted() => self.workspace.clone(),
            Scope::Workspace => Map::new(),
        }
    }
}

impl Scope {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Workspace => "workspace",
        }
    }

    /// None if it is not the name of a scope.
    #[must_use]
    pub fn read(value: Option<&Value>) -> Option<Self> {
        match value?.as_str()? {
            "user" => Some(Self::User),
            "workspace" => Some(Self::Workspace),
            _ => None,
        }
    }
}

/// Sets `tools.approvalMode` in the user's settings at `path`, in the home; a failure is logged, since the mode itself is in force
/// already.
pub async fn save_approval_mode(path: &Path, mode: ApprovalMode) {
    let file = SettingsFile::own(path.parent().unwrap_or(path), path.to_owned());
    let change = Change::set("tools.approvalMode", mode.as_str().into());
    let saved = tokio::task::spawn_blocking(move || file.write(&[change])).await;
    if let Ok(Err(error)) = saved {
        tracing::error!(%error, "the approval mode is not persisted");
    }
}

fn ignored_keys(workspace: &Map<String, Value>) -> impl Iterator<Item = &'static str> {
    NOT_OF_A_WORKSPACE.iter().copied().filter(|key| lookup(workspace, key).is_some())
}

/// The workspace's layer without what it has no say in.
fn of_a_workspace(workspace: &Map<String, Value>) -> Map<String, Value> {
    let mut layer = workspace.clone();
    for key in ignored_keys(workspace) {
        match key.split_once('.') {
            None => drop(layer.shift_remove(key)),
            Some((parent, name)) => {
                layer.get_mut(parent).and_then(Value::as_object_mut).and_then(|parent| parent.shift_remove(name));
            }
        }
    }
    layer
}

#[cfg(test)]
mod tests;
