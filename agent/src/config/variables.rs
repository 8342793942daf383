//! Variables, from wherever they come: the process itself, the project's `.env` files, the user's, and `env` of the user's settings.
//! The first that has one counts.

use std::{collections::BTreeMap, fs, path::Path};

use roost_core::dotenv::{self, MAX_BYTES, NEVER_A_PROJECTS};
use serde_json::Value;

/// What is known of variables. An empty one counts as absent.
pub(super) struct Variables<'a> {
    process: &'a dyn Fn(&str) -> Option<String>,
    /// Of the project, where it is trusted.
    project: BTreeMap<String, String>,
    user: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
}

/// A variable, and whether the project set it.
pub(super) struct Found {
    pub(super) value: String,
    pub(super) is_projects: bool,
}

impl<'a> Variables<'a> {
    /// Those of the process and of the user's `.env` files, the nearer first.
    pub(super) fn new(process: &'a dyn Fn(&str) -> Option<String>, user_files: &[&Path]) -> Self {
        Self { process, project: BTreeMap::new(), user: merged(user_files), settings: BTreeMap::new() }
    }

    /// With those of a project's `.env` files, but for the excluded ones.
    pub(super) fn with_project(mut self, files: &[&Path], excluded: &[&str]) -> Self {
        self.project = merged(files);
        self.project.retain(|name, _| !excluded.contains(&name.as_str()) && !NEVER_A_PROJECTS.contains(&name.as_str()));
        self
    }

    /// With `env` of the user's settings.
    pub(super) fn with_settings(mut self, env: Option<&Value>) -> Self {
        let env = env.and_then(Value::as_object).into_iter().flatten();
        let texts = env.filter_map(|(name, value)| Some((name.clone(), self.expanded(value.as_str()?))));
        self.settings = texts.collect();
        self
    }

    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let own = |value| Found { value, is_projects: false };
        let of_process = filled((self.process)(name)).map(own);
        let of_project = || filled(self.project.get(name).cloned()).map(|value| Found { value, is_projects: true });
        of_process.or_else(of_project).or_else(|| self.kept(name).map(own))
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.find(name).map(|found| found.value)
    }

    /// An address that goes with a key. A project's never gets a key that the project did not give.
    pub(super) fn address(&self, name: &str, key: &str) -> Option<String> {
        let address = self.find(name)?;
        if address.is_projects && self.find(key).is_some_and(|key| !key.is_projects) {
            tracing::warn!(
                "{name} of the project's .env is ignored: {key} is not the project's, and is not sent there"
            );
            return self.kept(name);
        }
        Some(address.value)
    }

    /// What the user's files say.
    fn kept(&self, name: &str) -> Option<String> {
        filled(self.user.get(name).cloned()).or_else(|| filled(self.settings.get(name).cloned()))
    }

    /// `$NAME` and `${NAME}` replaced by what they stand for in the user's own variables; a name that stands for nothing stays.
    fn expanded(&self, text: &str) -> String {
        dotenv::expanded(text, |name| self.own(name))
    }

    /// Every string in the value, expanded.
    pub(super) fn expand(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains('$') => *text = self.expanded(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.expand(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.expand(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A variable of the user's. A project's could change what the user's settings mean.
    fn own(&self, name: &str) -> Option<String> {
        (self.process)(name).or_else(|| self.kept(name))
    }
}

fn filled(value: Option<String>) -> Option<String> {
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn merged(files: &[&Path]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for file in files.iter().rev() {
        variables.extend(read(file));
    }
    variables
}

/// Empty unless it is a readable regular file: opening a pipe would wait for a writer.
fn read(path: &Path) -> BTreeMap<String, String> {
    let is_file = fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
    let bytes = if is_file { fs::read(path).unwrap_or_default() } else { Vec::new() };
    dotenv::parse(&String::from_utf8_lossy(&bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn process(name: &str) -> Option<String> {
        (name == "PROCESS").then(|| "p".to_owned())
    }

    #[test]
    fn the_first_that_has_a_variable_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("writes");
            path
        };
        let near = file("near", "PROCESS=near\nA=near\nDEBUG=1\nOUT=1\n");
        let far = file("far", "A=far\nB=far\n");
        let user = file("user", "B=user\nC=user\n");
        let env = json!({"C": "settings", "D": "${PROCESS}-$C-$A-$NONE", "E": 7, "F": ""});
        let variables =
            Variables::new(&process, &[&user]).with_project(&[&near, &far], &["OUT"]).with_settings(Some(&env));
        let found = |name: &str| variables.find(name).map(|found| (found.value, found.is_projects));
        for (name, value, is_projects) in [
            ("PROCESS", "p", false),
            ("A", "near", true),
            ("B", "far", true),
            ("C", "user", false),
            ("D", "p-user-$A-$NONE", false),
        ] {
            assert_eq!(found(name), Some((value.to_owned(), is_projects)), "{name}");
        }
        for none in ["DEBUG", "OUT", "E", "F", "G"] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn a_projects_address_gets_no_key_of_the_users() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".env");
        fs::write(&file, "URL=http://project\nKEY=project\n").expect("writes");
        let address = |key: &str| Variables::new(&process, &[]).with_project(&[&file], &[]).address("URL", key);
        assert_eq!(address("PROCESS"), None);
        assert_eq!(address("KEY").as_deref(), Some("http://project"));
        assert_eq!(address("NO_KEY_AT_ALL").as_deref(), Some("http://project"));
    }
}
