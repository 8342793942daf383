//! What a client should be told about settings that do not count.

use serde::Serialize;

/// Something in the files that is not in force.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Warning {
    /// A file is not a JSON object. `recovered`: it was moved aside, so that defaults hold and the next write starts a new one.
    Corrupted { path: String, recovered: bool },
    /// A key that a workspace has no say in.
    IgnoredInWorkspace { key: &'static str },
}

impl Warning {
    pub(super) fn ignored(key: &'static str) -> Self {
        Self::IgnoredInWorkspace { key }
    }

    pub(super) fn is_about(&self, file: &str) -> bool {
        match self {
            Self::Corrupted { path, .. } => path == file,
            Self::IgnoredInWorkspace { .. } => false,
        }
    }
}
