//! The variables of one configuration: those of the process, and what files say.

use std::path::{Path, PathBuf};

use roost_core::{
    dotenv::MAX_BYTES,
    variables::{FileVariables, Found},
};
use serde_json::Value;

use crate::small_file;

/// What is known of variables.
pub(super) struct Variables<'a> {
    process: &'a dyn Fn(&str) -> Option<String>,
    files: FileVariables,
}

impl<'a> Variables<'a> {
    /// Those of the process and of the user's `.env` files, the nearer first.
    pub(super) fn new(process: &'a dyn Fn(&str) -> Option<String>, user_files: &[PathBuf]) -> Self {
        Self { process, files: FileVariables::of_user(texts(user_files)) }
    }

    /// With those of a project's `.env` files, but for the excluded ones.
    pub(super) fn with_project(self, files: &[PathBuf], excluded: &[&str]) -> Self {
        Self { files: self.files.with_project(texts(files), |name| excluded.contains(&name)), ..self }
    }

    /// With `env` of the user's settings.
    pub(super) fn with_settings(self, env: Option<&Value>) -> Self {
        Self { files: self.files.with_settings(env, self.process), ..self }
    }

    fn find(&self, name: &str) -> Option<Found> {
        self.files.find(name, self.process)
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
            return self.files.of_users_files(name);
        }
        Some(address.value)
    }

    /// Every string in the value, expanded.
    pub(super) fn expand(&self, value: &mut Value) {
        self.files.expand(value, &self.process);
    }
}

fn texts(files: &[PathBuf]) -> impl DoubleEndedIterator<Item = String> {
    files.iter().map(|path| read(path))
}

/// Empty unless it is a readable regular file of a bearable size.
fn read(path: &Path) -> String {
    let bytes = small_file::beginning(path, MAX_BYTES + 1).ok().filter(|bytes| bytes.len() as u64 <= MAX_BYTES);
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn process(name: &str) -> Option<String> {
        (name == "PROCESS").then(|| "p".to_owned())
    }

    #[test]
    fn a_projects_address_gets_no_key_of_the_users() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".env");
        fs::write(&file, "URL=http://project\nKEY=project\n").expect("writes");
        let files = [file];
        let address = |key: &str| Variables::new(&process, &[]).with_project(&files, &[]).address("URL", key);
        assert_eq!(address("PROCESS"), None);
        assert_eq!(address("KEY").as_deref(), Some("http://project"));
        assert_eq!(address("NO_KEY_AT_ALL").as_deref(), Some("http://project"));
    }
}
