//! The two `settings.json` files: the user's and the project's. Comments are fine in them, and survive a write.
//!
//! A project's file came with the project, from whoever wrote that. What it forbids or wants asked holds; what it allows holds only as
//! far as the user has allowed it here, which is kept outside the project.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use jsonc_parser::{ParseOptions, cst::CstRootNode, json};
use serde::Deserialize;

use crate::{
    approval::{Rule, Rules, Scope},
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

#[derive(Debug)]
struct SettingsFile {
    path: PathBuf,
    /// Modification time and size when it was last read; none when there was no file.
    seen: Option<(SystemTime, u64)>,
    values: Values,
}

/// The keys the agent knows. Others are left to whoever knows them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Values {
    permissions: Permissions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Permissions {
    allow: Vec<String>,
    ask: Vec<String>,
    deny: Vec<String>,
}

/// Why a rule could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not valid JSON: {problem}", path.display())]
    Malformed { path: PathBuf, problem: String },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl Settings {
    pub(crate) fn open(home: &Path, cwd: &Path) -> Self {
        let file = |path: PathBuf| SettingsFile { path, seen: None, values: Values::default() };
        let mut settings = Self {
            user: file(home.join("settings.json")),
            project: file(cwd.join(".qwen").join("settings.json")),
            approved: file(record::project(home, cwd).join("approved-rules.json")),
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

    fn read_rules(&self) -> Rules {
        let [user, project, approved] =
            [&self.user, &self.project, &self.approved].map(|file| &file.values.permissions);
        let allowed_here = project.allow.iter().filter(|rule| approved.allow.contains(rule));
        Rules {
            deny: parsed(user.deny.iter().chain(&project.deny)),
            ask: parsed(user.ask.iter().chain(&project.ask)),
            allow: parsed(user.allow.iter().chain(allowed_here)),
        }
    }
}

fn parsed<'a>(rules: impl Iterator<Item = &'a String>) -> Vec<Rule> {
    rules.filter_map(|rule| Rule::parse(rule)).collect()
}

impl SettingsFile {
    /// Whether it was read anew. A file that cannot be read or understood keeps its last meaning and is reported.
    fn refresh(&mut self) -> bool {
        let seen = fs::metadata(&self.path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        if seen == self.seen {
            return false;
        }
        self.seen = seen;
        if seen.is_none() {
            self.values = Values::default();
            return true;
        }
        match read(&self.path).and_then(|text| parse(&self.path, &text)) {
            Ok(values) => self.values = values,
            Err(error) => tracing::warn!(%error, "settings are ignored"),
        }
        true
    }

    fn add_allow(&mut self, rules: &[Rule]) -> Result<(), SettingsError> {
        let text = read(&self.path)?;
        parse(&self.path, &text)?;
        let malformed = |problem: String| SettingsError::Malformed { path: self.path.clone(), problem };
        let root = CstRootNode::parse(&text, &ParseOptions::default()).map_err(|error| malformed(error.to_string()))?;
        let allow = root.object_value_or_set().object_value_or_set("permissions").array_value_or_set("allow");
        allow.ensure_multiline();
        for rule in rules.iter().map(ToString::to_string).filter(|rule| !self.values.permissions.allow.contains(rule)) {
            allow.append(json!(rule));
        }
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

fn parse(path: &Path, text: &str) -> Result<Values, SettingsError> {
    let malformed = |problem: String| SettingsError::Malformed { path: path.to_owned(), problem };
    let values = jsonc_parser::parse_to_serde_value::<Values>(text, &ParseOptions::default());
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

#[cfg(test)]
mod tests {
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
}
