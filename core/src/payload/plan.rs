//! The agent's plan: a list that each update replaces as a whole.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Read, readable};

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEntry {
    pub content: String,
    /// `high`, `medium` or `low`; free text on the wire.
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub priority: Box<str>,
    #[serde(default)]
    pub status: PlanStatus,
}

readable!(PlanEntry { content: "content"; priority: "priority", status: "status" });

/// How far a step is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PlanStatus {
    #[default]
    Pending,
    InProgress,
    Completed,
    /// A status this build does not know.
    Other(Box<str>),
}

impl PlanStatus {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Other(name) => name,
        }
    }
}

impl Read for PlanStatus {
    fn read(value: &Value) -> Option<Self> {
        String::read(value).map(Self::from)
    }
}

impl From<String> for PlanStatus {
    fn from(name: String) -> Self {
        match name.as_str() {
            "pending" => Self::Pending,
            "in_progress" => Self::InProgress,
            "completed" => Self::Completed,
            _ => Self::Other(name.into()),
        }
    }
}

impl From<PlanStatus> for String {
    fn from(status: PlanStatus) -> Self {
        status.as_str().to_owned()
    }
}
