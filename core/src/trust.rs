//! Folder trust: whether what a folder's own files say about the agent counts.
//!
//! Off by default (`security.folderTrust.enabled`); then every folder is trusted. On, a folder is trusted when the user's
//! `trustedFolders.json` says so. Daemon and agent each ask for themselves: neither may lean on the other's answer.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::settings::lookup;

/// The file of the rules, in `QWEN_HOME`.
pub const TRUSTED_FOLDERS: &str = "trustedFolders.json";

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

/// Rules by folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustRules(Vec<(PathBuf, Level)>);

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

/// Whether folder trust is on, as the settings say from the lowest rank to the highest. A project has no say in this.
#[must_use]
pub fn is_on(settings: [&Map<String, Value>; 3]) -> bool {
    let mut said = settings.into_iter().filter_map(|file| lookup(file, "security.folderTrust.enabled")?.as_bool());
    said.next_back().unwrap_or(false)
}

impl TrustRules {
    /// Reads `{"/folder": "TRUST_FOLDER" | "TRUST_PARENT" | "DO_NOT_TRUST"}`; an empty text has no rules. `real` answers a path without
    /// links, or the path itself where there is no such folder. None where anything is not understood: then nobody is trusted.
    #[must_use]
    pub fn parse(text: &str, real: impl Fn(PathBuf) -> PathBuf) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let rules: Map<String, Value> = serde_json::from_str(text).ok()?;
        let rules = rules
            .into_iter()
            .map(|(path, level)| Some((real(PathBuf::from(path)), serde_json::from_value(level).ok()?)));
        rules.collect::<Option<_>>().map(Self)
    }

    /// The rule of the nearest folder decides; where two are equally near, the one that forbids. `folder` is without links.
    #[must_use]
    pub fn judge(&self, folder: &Path) -> Trust {
        let explicit = self.0.iter().find(|(path, _)| path == folder).map(|(_, level)| *level);
        let roots = self.0.iter().filter_map(|(path, level)| match level {
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn judged(rules: &Value, folder: &str) -> Trust {
        let rules = TrustRules::parse(&rules.to_string(), |path| path);
        rules.map_or(Trust::Unreadable, |rules| rules.judge(Path::new(folder)))
    }

    #[test]
    fn the_highest_of_the_files_that_say_so_turns_it_on_or_off() {
        let file = |value: Value| Map::from_iter([("security".to_owned(), json!({"folderTrust": {"enabled": value}}))]);
        let (on, off, odd, none) = (file(json!(true)), file(json!(false)), file(json!("yes")), Map::new());
        assert!(is_on([&none, &on, &none]) && is_on([&off, &on, &odd]));
        assert!(!is_on([&none, &on, &off]) && !is_on([&none, &none, &odd]));
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
    fn without_a_rule_nothing_is_known() {
        let rules = TrustRules::parse(" \n", |path| path).expect("no rules");
        assert_eq!(rules.judge(Path::new("/t")), Trust::Unknown);
    }

    #[test]
    fn a_rule_is_about_the_folder_that_a_link_leads_to() {
        let real = |path: PathBuf| if path == Path::new("/link") { PathBuf::from("/real") } else { path };
        let rules = TrustRules::parse(r#"{"/link":"TRUST_FOLDER"}"#, real).expect("rules");
        assert!(rules.judge(Path::new("/real/x")).is_trusted());
    }
}
