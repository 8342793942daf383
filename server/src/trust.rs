//! Whether a folder is trusted: whether what its own files say about the agent counts.
//!
//! Off by default (`security.folderTrust.enabled`); then every folder is trusted. On, a folder is trusted when
//! `QWEN_HOME/trustedFolders.json` says so, and the user writes that file, never the daemon: a page can only ask.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Nobody has trusted more folders than this holds, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// How a folder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Folder trust is off, so that every folder is trusted.
    Disabled,
    /// By a rule; `explicit` is the one for this very folder.
    Trusted {
        explicit: Option<Level>,
    },
    Untrusted {
        explicit: Option<Level>,
    },
    /// No rule is about this folder. It is not trusted.
    Unknown,
    /// The rules cannot be read or understood. The folder is not trusted.
    Unreadable,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// The folder and what is below.
    TrustFolder,
    /// The folder's parent and what is below.
    TrustParent,
    /// Neither the folder nor what is below.
    DoNotTrust,
}

/// `trustedFolders.json`: rules by folder.
#[derive(Clone, Debug)]
pub struct TrustedFolders {
    path: PathBuf,
}

impl Trust {
    #[must_use]
    pub fn is_trusted(self) -> bool {
        matches!(self, Self::Disabled | Self::Trusted { .. })
    }

    /// The rule for this very folder.
    #[must_use]
    pub fn explicit(self) -> Option<Level> {
        match self {
            Self::Trusted { explicit } | Self::Untrusted { explicit } => explicit,
            Self::Disabled | Self::Unknown | Self::Unreadable => None,
        }
    }
}

impl TrustedFolders {
    #[must_use]
    pub fn of(home: &Path) -> Self {
        Self { path: home.join("trustedFolders.json") }
    }

    /// The rule of the nearest folder decides; where two are equally near, the one that forbids.
    #[must_use]
    pub fn judge(&self, folder: &Path) -> Trust {
        let rules = match self.text().map(|text| rules(&text)) {
            Ok(Some(rules)) => rules,
            Ok(None) | Err(_) => return Trust::Unreadable,
        };
        let explicit = rules.iter().find(|(path, _)| path == folder).map(|(_, level)| *level);
        let roots = rules.iter().filter_map(|(path, level)| match level {
            Level::TrustFolder => Some((path.as_path(), true)),
            Level::TrustParent => Some((path.parent()?, true)),
            Level::DoNotTrust => Some((path.as_path(), false)),
        });
        let nearest = roots
            .filter(|(root, _)| folder.starts_with(root))
            .max_by_key(|(root, is_trusted)| (root.components().count(), !is_trusted));
        match nearest {
            Some((_, true)) => Trust::Trusted { explicit },
            Some((_, false)) => Trust::Untrusted { explicit },
            None => Trust::Unknown,
        }
    }

    /// A digest that changes when the answer may.
    #[must_use]
    pub fn revision(&self, is_on: bool) -> String {
        let text = self.text().unwrap_or_default();
        let digest = Sha256::new().chain_update([u8::from(is_on)]).chain_update(text).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Empty where there is no file.
    fn text(&self) -> io::Result<String> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
            Ok(meta) if meta.len() > MAX_BYTES => Err(io::ErrorKind::FileTooLarge.into()),
            Ok(_) => fs::read_to_string(&self.path),
        }
    }
}

/// Rules that are understood; none of them where the text is no object of strings.
fn rules(text: &str) -> Option<Vec<(PathBuf, Level)>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let rules: Map<String, Value> = serde_json::from_str(text).ok()?;
    let rules = rules.into_iter().map(|(path, level)| {
        let path = PathBuf::from(path);
        let path = path.canonicalize().unwrap_or(path);
        Some((path, serde_json::from_value(level).ok()?))
    });
    rules.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(rules: &Value, folder: &str) -> Trust {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("trustedFolders.json"), rules.to_string()).expect("writes");
        TrustedFolders::of(home.path()).judge(Path::new(folder))
    }

    #[test]
    fn the_nearest_rule_decides() {
        let rules = json!({
            "/t": "TRUST_FOLDER", "/t/bad": "DO_NOT_TRUST", "/t/bad/good": "TRUST_FOLDER", "/p/child": "TRUST_PARENT",
            "/q/here": "TRUST_PARENT", "/q": "DO_NOT_TRUST",
        });
        for (folder, is_trusted) in [
            ("/t", true),
            ("/t/x/y", true),
            ("/t/bad", false),
            ("/t/bad/x", false),
            ("/t/bad/good/x", true),
            ("/p/child", true),
            ("/p/sibling", true),
            ("/q/here", false),
            ("/tt", false),
            ("/", false),
        ] {
            assert_eq!(judged(&rules, folder).is_trusted(), is_trusted, "{folder}");
        }
        assert_eq!(judged(&rules, "/t/bad"), Trust::Untrusted { explicit: Some(Level::DoNotTrust) });
        assert_eq!(judged(&rules, "/t/x"), Trust::Trusted { explicit: None });
        assert_eq!(judged(&rules, "/u"), Trust::Unknown);
    }

    #[test]
    fn rules_that_are_not_understood_trust_nobody() {
        for rules in [json!([]), json!({"/t": "TRUST_FOLDER", "/u": "MAYBE"}), json!({"/t": 1})] {
            assert_eq!(judged(&rules, "/t"), Trust::Unreadable, "{rules}");
        }
    }

    #[test]
    fn without_a_file_nothing_is_known() {
        let home = tempfile::tempdir().expect("a folder");
        assert_eq!(TrustedFolders::of(home.path()).judge(Path::new("/t")), Trust::Unknown);
    }
}
