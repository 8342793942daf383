//! What the settings say: the user's file, the project's, and the administrator's two. Comments are fine in them, and survive a write.
//!
//! A project's file may have been written by anybody. It counts only in a trusted folder. There, its deny and ask rules hold at once; its
//! allow rules hold only once the user has allowed the same in this project, which is recorded outside the project.
//!
//! `$VARIABLE`s stand for values where models are described ([`crate::config`]). In rules they stand for themselves: a rule about a command
//! line is about what is written there.

mod file;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use roost_core::{
    home::{APPROVED_RULES, SETTINGS, SYSTEM_DEFAULTS, SYSTEM_DIR, project_dir},
    trust::{self, TRUSTED_FOLDERS, Trust, TrustRules},
};
use serde_json::{Map, Value};

pub(crate) use self::file::SettingsError;
use self::file::SettingsFile;
use crate::{
    approval::{Rule, Rules, Scope},
    mode::Mode,
};

/// What the settings say, read again whenever a file has changed.
#[derive(Debug)]
pub(crate) struct Settings {
    system_defaults: SettingsFile,
    user: SettingsFile,
    project: SettingsFile,
    system: SettingsFile,
    /// What the user has allowed in this project: `projects/<id>/approved-rules.json`, in the shape of a settings file.
    approved: SettingsFile,
    trusted_folders: PathBuf,
    /// The project, without links.
    folder: PathBuf,
    trust: Trust,
    rules: Rules,
}

/// What a reload has found to be different.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Top-level keys.
    pub(crate) keys: BTreeSet<String>,
    /// Names in the user's `env`.
    pub(crate) env_updated: BTreeSet<String>,
    pub(crate) env_removed: BTreeSet<String>,
}

impl Settings {
    pub(crate) fn open(home: &Path, cwd: &Path) -> Self {
        Self::open_with(home, cwd, Path::new(SYSTEM_DIR))
    }

    fn open_with(home: &Path, cwd: &Path, system: &Path) -> Self {
        let file = |path| SettingsFile::new(home, path);
        let mut settings = Self {
            system_defaults: file(system.join(SYSTEM_DEFAULTS)),
            user: file(home.join(SETTINGS)),
            project: SettingsFile::of_project(home, cwd),
            system: file(system.join(SETTINGS)),
            approved: file(project_dir(home, cwd).join(APPROVED_RULES)),
            trusted_folders: home.join(TRUSTED_FOLDERS),
            folder: cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned()),
            trust: Trust::Unknown,
            rules: Rules::default(),
        };
        settings.refresh();
        settings
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether what the folder itself says about the agent counts.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trust.is_trusted()
    }

    /// Reads the files that have changed since they were last read. Returns whether the trust in the folder has changed.
    pub(crate) fn refresh(&mut self) -> bool {
        let files =
            [&mut self.system_defaults, &mut self.user, &mut self.project, &mut self.system, &mut self.approved];
        let is_new = files.map(SettingsFile::refresh).contains(&true);
        let was_trusted = self.is_trusted();
        self.trust = self.judge();
        let is_other_trust = was_trusted != self.is_trusted();
        if is_new || is_other_trust {
            self.rules = self.read_rules();
        }
        is_other_trust
    }

    /// As [`Settings::refresh`], and says what became different.
    pub(crate) fn reload(&mut self) -> Changes {
        let [user, project] = [&self.user, &self.project].map(|file| file.values().clone());
        self.refresh();
        let mut keys = different(&user, self.user.values());
        keys.extend(different(&project, self.project.values()));
        let [old, new] = [&user, self.user.values()].map(env);
        let (env_updated, env_removed) = different(&old, &new).into_iter().partition(|name| new.contains_key(name));
        Changes { keys, env_updated, env_removed }
    }

    /// Adds allow rules to one file, and to the rules in force.
    pub(crate) fn allow(&mut self, scope: Scope, rules: &[Rule]) -> Result<(), SettingsError> {
        // In force first: an answer holds for this session even where it cannot be kept.
        let fresh = rules.iter().filter(|rule| !self.rules.allow.contains(rule)).cloned();
        self.rules.allow.extend(fresh.collect::<Vec<_>>());
        match scope {
            Scope::Project => {
                self.approved.add_allow(rules)?;
                self.project.add_allow(rules)?;
            }
            Scope::User => self.user.add_allow(rules)?,
        }
        self.refresh();
        Ok(())
    }

    /// The mode sessions begin in (`tools.approvalMode`): the user's. A project may only ask for a stricter one, and one that is not trusted
    /// gets none that asks less than the default one.
    pub(crate) fn approval_mode(&self) -> Mode {
        let mode = |file: &SettingsFile| Mode::from_id(file.value("tools.approvalMode")?.as_str()?);
        if let Some(mode) = mode(&self.system) {
            return self.held_back(mode);
        }
        let wanted = mode(&self.user).or_else(|| mode(&self.system_defaults)).unwrap_or_default();
        let asked = self.project().and_then(mode);
        self.held_back(asked.map_or(wanted, |asked| wanted.stricter(asked)))
    }

    /// The mode, or where it needs a trusted folder and this is none, the default one.
    pub(crate) fn held_back(&self, mode: Mode) -> Mode {
        if mode.is_privileged() && !self.is_trusted() { Mode::Default } else { mode }
    }

    /// Tools nobody may use (`tools.disabled`): those of all files together.
    pub(crate) fn disables(&self, tool: &str) -> bool {
        let lists = self.files().filter_map(|file| file.value("tools.disabled")?.as_array());
        lists.flatten().any(|name| name.as_str() == Some(tool))
    }

    /// Variables that no `.env` of a project may set (`advanced.excludedEnvVars`), in addition to those that none ever may.
    pub(crate) fn excluded_variables(&self) -> impl Iterator<Item = &str> {
        let lists = self.files().filter_map(|file| file.value("advanced.excludedEnvVars")?.as_array());
        lists.flatten().filter_map(Value::as_str)
    }

    /// What the user's own file says.
    pub(crate) fn of_user(&self) -> &Map<String, Value> {
        self.user.values()
    }

    /// `general.outputLanguage` of the user.
    pub(crate) fn output_language(&self) -> Option<&str> {
        self.user.value("general.outputLanguage")?.as_str()
    }

    /// Sets the text at a dotted key of the user's file.
    pub(crate) fn set_of_user(&mut self, key: &str, value: &str) -> Result<(), SettingsError> {
        self.user.set(key, value)?;
        self.refresh();
        Ok(())
    }

    /// The project's file, where it counts.
    fn project(&self) -> Option<&SettingsFile> {
        self.is_trusted().then_some(&self.project)
    }

    /// Every file that counts.
    fn files(&self) -> impl Iterator<Item = &SettingsFile> {
        [&self.system_defaults, &self.user].into_iter().chain(self.project()).chain([&self.system])
    }

    fn read_rules(&self) -> Rules {
        let allowed_here: Vec<&str> = self.approved.rules("allow").collect();
        let own = [&self.system_defaults, &self.user, &self.system].into_iter().flat_map(|file| file.rules("allow"));
        let of_project = self.project().into_iter().flat_map(|file| file.rules("allow"));
        Rules {
            deny: parsed(self.files().flat_map(|file| file.rules("deny"))),
            ask: parsed(self.files().flat_map(|file| file.rules("ask"))),
            allow: parsed(own.chain(of_project.filter(|rule| allowed_here.contains(rule)))),
        }
    }

    fn judge(&self) -> Trust {
        if !trust::is_on([&self.system_defaults, &self.user, &self.system].map(SettingsFile::values)) {
            return Trust::Disabled;
        }
        let text = match fs::read_to_string(&self.trusted_folders) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            text => text,
        };
        let real = |path: PathBuf| path.canonicalize().unwrap_or(path);
        let rules = text.ok().and_then(|text| TrustRules::parse(&text, real));
        rules.map_or(Trust::Unreadable, |rules| rules.judge(&self.folder))
    }
}

fn parsed<'a>(rules: impl Iterator<Item = &'a str>) -> Vec<Rule> {
    rules.filter_map(Rule::parse).collect()
}

fn env(values: &Map<String, Value>) -> Map<String, Value> {
    values.get("env").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Members that are not the same in both.
fn different(old: &Map<String, Value>, new: &Map<String, Value>) -> BTreeSet<String> {
    old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests;
