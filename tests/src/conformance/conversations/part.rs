//! What the model is to say, as it stands in a prompt: any agent hands a prompt on as it is.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fake_model::{ChatRequest, Step, Turn, text_of};

/// The turns of one prompt: the first, and one more after the results of each batch of calls.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Part {
    part: Vec<Turn>,
}

/// Where a part begins in a prompt.
const BEGIN: &str = r#"{"part":"#;

/// What is said to all that no part is about.
const ELSE: &str = "So be it.";

/// In a part, what the workspace and the scene make of these words.
pub(super) const WORKSPACE: &str = "THE-WORKSPACE";
pub(super) const FILE: &str = "THE-FILE";
pub(super) const GATE: &str = "THE-GATE";

impl Part {
    pub(super) fn new(part: Vec<Turn>) -> Self {
        Self { part }
    }

    /// As a prompt. Every scene has a file and a gate of its own.
    pub(super) fn spoken(&self, scene: &str, workspace: &Path) -> anyhow::Result<String> {
        let text = serde_json::to_string(self)?.replace(GATE, &Self::gate(scene));
        let file = format!("{}.txt", scene.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        Ok(text.replace(FILE, &file).replace(WORKSPACE, &workspace.display().to_string()))
    }

    /// The name of the gate of a scene.
    pub(super) fn gate(scene: &str) -> String {
        format!("the gate of {scene}")
    }

    fn find(text: &str) -> Option<Self> {
        let text = text.get(text.find(BEGIN)?..)?;
        serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
    }
}

/// The turn that answers this request.
pub(super) fn answer(request: &ChatRequest) -> Turn {
    let messages = request.messages();
    let is = |message: &Value, role: &str| message["role"] == role;
    let parts = messages.iter().enumerate().filter(|(_, message)| is(message, "user"));
    let part = parts.filter_map(|(at, message)| Some((at, Part::find(&text_of(message))?))).next_back();
    let turn = part.and_then(|(at, Part { part })| {
        let answered = messages[at..].iter().filter(|message| is(message, "assistant")).count();
        part.get(answered).cloned()
    });
    // Whoever offers no tools is not at work: it looks for a title, or for what might be asked next.
    turn.filter(|_| !request.tool_names().is_empty()).unwrap_or_else(|| vec![Step::text(ELSE)])
}
