//! Variables as daemon and agent both mean them: those of the process, of the project's `.env` files where the folder is trusted, of the
//! user's, and `env` of the user's settings. The first that has one counts; an empty one counts as absent.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dotenv;

/// A project's files, in its folder, the nearer first.
pub const PROJECT_FILES: [&str; 2] = [".qwen/.env", ".env"];
/// Variables that a project cannot set, because they change how programs behave.
pub const NEVER_A_PROJECTS: [&str; 2] = ["DEBUG", "DEBUG_MODE"];

/// What the files say. The process, which comes before them, is asked anew every time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileVariables {
    project: BTreeMap<String, String>,
    user: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    /// Names that stand for nothing in texts.
    hidden: &'static [&'static str],
}

/// A variable, and whether the project set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub value: String,
    pub is_projects: bool,
}

impl FileVariables {
    /// Those of the user's `.env` files, given as their texts, the nearer first.
    #[must_use]
    pub fn of_user(texts: impl DoubleEndedIterator<Item = String>) -> Self {
        Self { user: merged(texts), ..Self::default() }
    }

    /// With names that stand for nothing in texts, whoever sets them: a client could write one into a setting and read its value there.
    #[must_use]
    pub fn hiding(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    /// With those of a project's, but for the excluded ones.
    #[must_use]
    pub fn with_project(
        mut self,
        texts: impl DoubleEndedIterator<Item = String>,
        is_excluded: impl Fn(&str) -> bool,
    ) -> Self {
        self.project = merged(texts);
        self.project.retain(|name, _| !is_excluded(name) && !NEVER_A_PROJECTS.contains(&name.as_str()));
        self
    }

    /// With `env` of the user's settings. `process` answers a variable of the process.
    #[must_use]
    pub fn with_settings(mut self, env: Option<&Value>, process: impl Fn(&str) -> Option<String>) -> Self {
        let env = env.and_then(Value::as_object).into_iter().flatten();
        let texts = env.filter_map(|(name, value)| Some((name.clone(), self.expanded(value.as_str()?, &process))));
        self.settings = texts.collect();
        self
    }

    /// A variable.
    #[must_use]
    pub fn find(&self, name: &str, process: impl Fn(&str) -> Option<String>) -> Option<Found> {
        let of_user = |value| Found { value, is_projects: false };
        let of_process = process(name).and_then(|value| filled(&value)).map(of_user);
        let of_project = || Some(Found { value: filled(self.project.get(name)?)?, is_projects: true });
        of_process.or_else(of_project).or_else(|| self.of_users_files(name).map(of_user))
    }

    /// What the user's files say, whatever the process and the project do.
    #[must_use]
    pub fn of_users_files(&self, name: &str) -> Option<String> {
        [&self.user, &self.settings].into_iter().find_map(|of| filled(of.get(name)?))
    }

    /// Every `$NAME` and `${NAME}` in the texts of the value, replaced by what it stands for; a name that stands for nothing stays.
    ///
    /// Not by a variable of the project's: it could change what the user's settings mean.
    pub fn expand(&self, value: &mut Value, process: &impl Fn(&str) -> Option<String>) {
        match value {
            Value::String(text) if text.contains('$') => *text = self.expanded(text, process),
            Value::Array(values) => values.iter_mut().for_each(|value| self.expand(value, process)),
            Value::Object(members) => members.values_mut().for_each(|value| self.expand(value, process)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn expanded(&self, text: &str, process: &impl Fn(&str) -> Option<String>) -> String {
        let is_shown = |name: &str| !self.hidden.contains(&name);
        dotenv::expanded(text, |name| {
            is_shown(name).then(|| process(name).or_else(|| self.of_users_files(name))).flatten()
        })
    }
}

fn filled(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn merged(texts: impl DoubleEndedIterator<Item = String>) -> BTreeMap<String, String> {
    texts.rev().flat_map(|text| dotenv::parse(&text)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn process(name: &str) -> Option<String> {
        match name {
            "PROCESS" => Some("p".to_owned()),
            "EMPTY" => Some(" ".to_owned()),
            _ => None,
        }
    }

    fn variables() -> FileVariables {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>().into_iter();
        let env = json!({"C": "settings", "D": "${PROCESS}-$C-$A-$NONE", "E": 7, "F": "", "EMPTY": " full "});
        FileVariables::of_user(texts(&["B=user\nC=user", "C=further"]))
            .with_project(texts(&["PROCESS=near\nA=near\nDEBUG=1\nOUT=1", "A=far\nB=far"]), |name| name == "OUT")
            .with_settings(Some(&env), process)
    }

    #[test]
    fn the_first_that_has_a_variable_counts() {
        let variables = variables();
        let found = |name: &str| variables.find(name, process).map(|found| (found.value, found.is_projects));
        for (name, value, is_projects) in [
            ("PROCESS", "p", false),
            ("A", "near", true),
            ("B", "far", true),
            ("C", "user", false),
            ("D", "p-user-$A-$NONE", false),
            ("EMPTY", "full", false),
        ] {
            assert_eq!(found(name), Some((value.to_owned(), is_projects)), "{name}");
        }
        for none in ["DEBUG", "OUT", "E", "F", "G"] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn a_project_does_not_change_what_settings_mean() {
        let mut value = json!({"deep": ["$A $B $C", 1]});
        variables().expand(&mut value, &process);
        assert_eq!(value, json!({"deep": ["$A user user", 1]}));
    }

    #[test]
    fn what_is_hidden_stands_for_nothing_in_texts() {
        let env = json!({"D": "$PROCESS"});
        let variables = FileVariables::of_user(["B=user".to_owned()].into_iter()).hiding(&["PROCESS", "B"]);
        let variables = variables.with_settings(Some(&env), process);
        let mut value = json!("$B $D");
        variables.expand(&mut value, &process);
        assert_eq!(value, json!("$B $PROCESS"));
        assert!(variables.find("B", process).is_some());
    }
}
