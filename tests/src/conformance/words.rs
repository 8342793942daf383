//! Words in requests that stand for what the stage has, or has been answered.

use std::collections::BTreeMap;

use roost_core::client::segment;
use serde_json::Value;

use super::cases::Case;
use crate::client::Response;

/// What each word stands for now. None is a part of another.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(BTreeMap<&'static str, String>);

/// Members of any good answer that later requests are about.
const LEARNED: &[(&str, &str)] = &[
    ("/group/id", "GROUP"),
    ("/hash", "HASH"),
    ("/deviceFlowId", "FLOW"),
    ("/promptId", "PROMPT"),
    ("/nextCursor", "CURSOR"),
    ("/state/models/currentModelId", "MODEL"),
    ("/entries/0/sha", "COMMIT"),
    ("/changes/0/artifactId", "ARTIFACT"),
];

impl Words {
    pub(super) fn put(&mut self, word: &'static str, meaning: impl Into<String>) {
        self.0.insert(word, meaning.into());
    }

    pub(super) fn get(&self, word: &str) -> &str {
        self.0.get(word).map_or("", String::as_str)
    }

    /// As it stands in a body or a header.
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
    }

    /// As it stands in a path.
    pub(super) fn fill_path(&self, path: &str) -> String {
        self.0.iter().fold(path.to_owned(), |path, (word, meaning)| path.replace(word, &segment(meaning)))
    }

    /// Keeps what the answer to a request names.
    pub(super) fn learn(&mut self, case: &Case, answer: &Response) {
        if !(200..300).contains(&answer.status) {
            return;
        }
        let body = answer.json();
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let own = match (case.method, case.path.as_str()) {
            ("POST", "/session") if case.keeps_its_session => Some(("/sessionId", "OTHER")),
            ("POST", "/workspaces") => Some(("/id", "REGISTRATION")),
            _ => None,
        };
        for (pointer, word) in LEARNED.iter().copied().chain(own) {
            if let Some(meaning) = text(pointer) {
                self.put(word, meaning);
            }
        }
    }
}
