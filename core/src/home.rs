//! Files that daemon and agent share: where they are, and the locks by which the two take turns.
//!
//! To change a file in `QWEN_HOME`, lock first (`flock`, exclusive), then read, change and replace it, then unlock. The kernel unlocks for
//! a process that dies. Reading needs no lock: a file is replaced as a whole.

use std::path::{Path, PathBuf};

/// The user's settings.
pub const SETTINGS: &str = "settings.json";
/// For every settings file that is written on this home's behalf, those of projects included.
pub const SETTINGS_LOCK: &str = "roost/settings.lock";
/// What signing in with the provider [`SIGN_IN`] got: a [`Credentials`](crate::credentials::Credentials).
pub const CREDENTIALS: &str = "oauth_creds.json";
/// For every file of credentials. It is held while a token is renewed, for as long as the identity provider takes.
pub const CREDENTIALS_LOCK: &str = "roost/credentials.lock";
/// The identity provider whose token is for models.
pub const SIGN_IN: &str = "qwen-oauth";

/// Where the administrator's [`SETTINGS`] and [`SYSTEM_DEFAULTS`] are.
pub const SYSTEM_DIR: &str = "/etc/qwen-code";
/// The settings of lowest rank.
pub const SYSTEM_DEFAULTS: &str = "system-defaults.json";
/// A project's own settings, in its folder.
pub const PROJECT_SETTINGS: &str = ".qwen/settings.json";
/// Of what a project's settings allow, what the user has allowed: in [`project_dir`], in the shape of a settings file.
pub const APPROVED_RULES: &str = "approved-rules.json";

/// The directory in `home` for what is kept about the folder `cwd`. Folders whose names are alike share one.
#[must_use]
pub fn project_dir(home: &Path, cwd: &Path) -> PathBuf {
    home.join("projects").join(project_name(cwd))
}

/// The name of that directory: the path, with every character that is not an ASCII letter or digit replaced by `-`.
#[must_use]
pub fn project_name(cwd: &Path) -> String {
    cwd.to_string_lossy().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_kept_about_a_folder_is_in_a_directory_named_after_its_path() {
        assert_eq!(project_dir(Path::new("/q"), Path::new("/srv/my.app/é")), Path::new("/q/projects/-srv-my-app--"));
        assert_eq!(project_name(Path::new("/a-b")), project_name(Path::new("/a/b")), "names alike share one");
    }
}
