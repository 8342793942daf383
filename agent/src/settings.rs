//! The two `settings.json` files: the user's and the project's. Comments are fine in them, and survive a write.
//!
//! A project's file came with the project, from whoever wrote that. What it forbids or wants asked holds; what it allows holds only as
//! far as the user has allowed it here, which is kept outside the project.

mod file;

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

pub(crate) use self::file::SettingsError;
use self::file::SettingsFile;
use crate::{
    approval::{Rule, Rules, Scope},
    mode::Mode,
    record,
};

/// What the settings say, read again whenever a file has changed.
#[derive(Debug)]
pub(crate) struct Settings {
    user: SettingsFile,
    project: SettingsFile,
    /// What the user has allowed in this project: `projects/<id>/approved-rules.json`, in the shape of a settings file.
    approved: SettingsFile,
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
        let mut settings = Self {
            user: SettingsFile::new(home.join("settings.json")),
            project: SettingsFile::new(cwd.join(".qwen").join("settings.json")),
            approved: SettingsFile::new(record::project(home, cwd).join("approved-rules.json")),
            rules: Rules::default(),
        };
        settings.refresh();
        settings
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Reads the files that have changed since they were last read.
    pub(crate) fn refresh(&mut self) {
        let is_new = [self.user.refresh(), self.project.refresh(), self.approved.refresh()];
        if is_new.contains(&true) {
            self.rules = self.read_rules();
        }
    }

    /// As [`Settings::refresh`], and says what became different.
    pub(crate) fn reload(&mut self) -> Changes {
        let before = [self.user.values.clone(), self.project.values.clone()];
        self.refresh();
        let pairs = [(&before[0], &self.user.values), (&before[1], &self.project.values)];
        let env = |values: &'_ Value| values.get("env").cloned().unwrap_or_default();
        let (old, new) = (env(&before[0]), env(&self.user.values));
        let (updated, removed) = different(&old, &new).into_iter().partition(|name| new.get(name).is_some());
        Changes {
            keys: pairs.into_iter().flat_map(|(old, new)| different(old, new)).collect(),
            env_updated: updated,
            env_removed: removed,
        }
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

    /// The mode sessions begin in (`tools.approvalMode`): the user's. A project may only ask for a stricter one.
    pub(crate) fn approval_mode(&self) -> Mode {
        let mode = |file: &SettingsFile| Mode::from_id(file.values.pointer("/tools/approvalMode")?.as_str()?);
        let wanted = mode(&self.user).unwrap_or_default();
        mode(&self.project).map_or(wanted, |asked| wanted.stricter(asked))
    }

    /// Tools nobody may use (`tools.disabled`): the user's and the project's together.
    pub(crate) fn disables(&self, tool: &str) -> bool {
        let lists = [&self.user, &self.project].map(|file| file.values.pointer("/tools/disabled"));
        lists.into_iter().flatten().filter_map(Value::as_array).flatten().any(|name| name.as_str() == Some(tool))
    }

    /// `general.outputLanguage` of the user.
    pub(crate) fn output_language(&self) -> Option<&str> {
        self.user.values.pointer("/general/outputLanguage")?.as_str()
    }

    /// Sets a text in a section of the user's file.
    pub(crate) fn set_of_user(&mut self, section: &str, key: &str, value: &str) -> Result<(), SettingsError> {
        self.user.set(section, key, value)?;
        self.refresh();
        Ok(())
    }

    fn read_rules(&self) -> Rules {
        let [user, project, approved] = [&self.user, &self.project, &self.approved];
        let allowed_here: Vec<&str> = approved.rules("allow").collect();
        Rules {
            deny: parsed(user.rules("deny").chain(project.rules("deny"))),
            ask: parsed(user.rules("ask").chain(project.rules("ask"))),
            allow: parsed(user.rules("allow").chain(project.rules("allow").filter(|rule| allowed_here.contains(rule)))),
        }
    }
}

fn parsed<'a>(rules: impl Iterator<Item = &'a str>) -> Vec<Rule> {
    rules.filter_map(Rule::parse).collect()
}

/// Members that are not the same in both.
fn different(old: &Value, new: &Value) -> BTreeSet<String> {
    let names = |value: &Value| value.as_object().map(|members| members.keys().cloned().collect::<BTreeSet<_>>());
    let (old_names, new_names) = (names(old).unwrap_or_default(), names(new).unwrap_or_default());
    old_names.union(&new_names).filter(|name| old.get(name) != new.get(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_kept_rule_leaves_comments_and_other_keys_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.json");
        fs::write(
            &path,
            "{\n  // mine\n  \"ui\": {\"theme\": \"dark\"},\n  \"permissions\": {\"allow\": [\"Bash(ls *)\"]}\n}\n",
        )
        .expect("writes");
        let mut settings = Settings::open(folder.path(), folder.path());
        let rule = Rule::parse("Bash(touch *)").expect("a rule");
        settings.allow(Scope::User, std::slice::from_ref(&rule)).expect("kept");
        let text = fs::read_to_string(&path).expect("reads");
        assert!(text.contains("// mine") && text.contains("\"theme\": \"dark\""), "{text}");
        assert!(settings.rules().allow.contains(&rule));
        let again = Settings::open(folder.path(), folder.path());
        assert_eq!(again.rules().allow.len(), 2);
        assert!(again.rules().allow.contains(&rule));
    }

    #[test]
    fn a_file_that_is_no_json_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings.json");
        fs::write(&path, "{ not json").expect("writes");
        let mut settings = Settings::open(folder.path(), folder.path());
        let rule = Rule::parse("Bash(touch *)").expect("a rule");
        assert!(settings.allow(Scope::User, &[rule]).is_err());
        assert_eq!(fs::read_to_string(&path).expect("reads"), "{ not json");
    }

    #[test]
    fn an_edited_file_is_read_again() {
        let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let mut settings = Settings::open(home.path(), project.path());
        assert!(settings.rules().deny.is_empty());
        fs::create_dir(project.path().join(".qwen")).expect("makes");
        fs::write(project.path().join(".qwen/settings.json"), r#"{"permissions":{"deny":["Bash(rm *)"]}}"#)
            .expect("writes");
        settings.refresh();
        assert_eq!(settings.rules().deny.len(), 1);
    }

    #[test]
    fn what_a_project_allows_itself_holds_only_once_the_user_has_allowed_it() {
        let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        fs::create_dir(project.path().join(".qwen")).expect("makes");
        let file = project.path().join(".qwen/settings.json");
        fs::write(&file, r#"{"permissions":{"allow":["Bash", "Bash(touch *)"],"deny":["Bash(rm *)"]}}"#)
            .expect("writes");
        let mut settings = Settings::open(home.path(), project.path());
        assert!(settings.rules().allow.is_empty());
        assert_eq!(settings.rules().deny.len(), 1, "what it forbids holds at once");

        let rule = Rule::parse("Bash(touch *)").expect("a rule");
        settings.allow(Scope::Project, std::slice::from_ref(&rule)).expect("kept");
        let again = Settings::open(home.path(), project.path());
        assert_eq!(again.rules().allow, [rule]);

        fs::write(&file, "{}").expect("writes");
        settings.refresh();
        assert!(settings.rules().allow.is_empty(), "a rule taken out of the project's file is gone");
    }

    #[test]
    fn a_project_may_ask_for_a_stricter_mode_and_not_for_a_laxer_one() {
        let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        fs::create_dir(project.path().join(".qwen")).expect("makes");
        let modes = |user: &str, asked: &str| {
            let text = |mode: &str| format!(r#"{{"tools":{{"approvalMode":"{mode}","disabled":["glob",7]}}}}"#);
            fs::write(home.path().join("settings.json"), text(user)).expect("writes");
            fs::write(project.path().join(".qwen/settings.json"), text(asked)).expect("writes");
            let settings = Settings::open(home.path(), project.path());
            assert!(settings.disables("glob") && !settings.disables("edit"));
            settings.approval_mode()
        };
        assert_eq!(modes("auto-edit", "yolo"), Mode::AutoEdit);
        assert_eq!(modes("auto-edit", "plan"), Mode::Plan);
        assert_eq!(modes("auto-edit", "no mode"), Mode::AutoEdit);
        assert_eq!(modes("no mode", "yolo"), Mode::Default);
    }

    #[test]
    fn a_reload_names_what_became_different() {
        let (home, project) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let file = home.path().join("settings.json");
        fs::write(&file, r#"{"env":{"A":"1","B":"2"},"model":{"name":"m"}}"#).expect("writes");
        let mut settings = Settings::open(home.path(), project.path());
        assert_eq!(settings.reload(), Changes::default());
        fs::write(&file, r#"{"env":{"A":"3"},"model":{"name":"m"},"general":{"vimMode":true}}"#).expect("writes");
        let changes = settings.reload();
        assert_eq!(changes.keys, BTreeSet::from(["env".to_owned(), "general".to_owned()]));
        assert_eq!((changes.env_updated, changes.env_removed), (["A".to_owned()].into(), ["B".to_owned()].into()));
    }
}
