//! What a page tells of its present, read from a plain object.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::slash::{Context, Value, ValueKind};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ContextInput {
    recent: Vec<String>,
    values: BTreeMap<Kind, Vec<ValueInput>>,
    unavailable: BTreeMap<String, String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Model,
    Mode,
    Session,
    Skill,
    McpServer,
    File,
}

#[derive(Deserialize)]
struct ValueInput {
    text: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    current: bool,
}

impl From<ContextInput> for Context {
    fn from(input: ContextInput) -> Self {
        let value = |ValueInput { text, label, description, current }| Value { text, label, description, current };
        let values = input.values.into_iter();
        Self {
            recent: input.recent,
            values: values.map(|(kind, list)| (kind.into(), list.into_iter().map(value).collect())).collect(),
            unavailable: input.unavailable,
        }
    }
}

impl From<Kind> for ValueKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Model => Self::Model,
            Kind::Mode => Self::Mode,
            Kind::Session => Self::Session,
            Kind::Skill => Self::Skill,
            Kind::McpServer => Self::McpServer,
            Kind::File => Self::File,
        }
    }
}
