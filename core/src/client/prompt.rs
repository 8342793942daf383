//! Prompts, votes, and what the daemon answers to them.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Cursor;
use crate::{
    ClientId, EventEpoch, Millis, PromptId,
    payload::{ContentBlock, Outcome, OutcomeKind, Read, readable},
    session::META_PROMPT_KEY,
};

/// The body of `POST /session/:id/prompt`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    #[serde(rename = "prompt")]
    pub blocks: Vec<ContentBlock>,
    /// Can only shorten the daemon's own deadline.
    #[serde(rename = "deadlineMs", skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Millis>,
    /// Ask the last question again: it is not echoed as a new one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
}

impl Prompt {
    /// One block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { blocks: vec![ContentBlock::Text(text.into())], deadline: None, retry: false, meta: Map::new() }
    }

    /// The same prompt under a key: sent again, it is still one prompt (P17).
    #[must_use]
    pub fn under_key(mut self, key: &str) -> Self {
        self.meta.insert(META_PROMPT_KEY.to_owned(), key.into());
        self
    }
}

/// The 202 of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    pub prompt_id: PromptId,
    pub last_event_id: u64,
    pub event_epoch: EventEpoch,
}

readable!(Accepted { prompt_id: "promptId", last_event_id: "lastEventId", event_epoch: "eventEpoch"; });

impl Accepted {
    /// A stream from here on shows everything of the turn.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { last_event_id: self.last_event_id, epoch: Some(self.event_epoch.clone()) }
    }
}

/// `GET /session/:id/pending-prompts`, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingPrompts {
    pub pending_prompts: Vec<PendingPrompt>,
}

readable!(PendingPrompts { ; pending_prompts: "pendingPrompts" });

/// A prompt that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingPrompt {
    pub prompt_id: PromptId,
    pub text: String,
    pub queued_at: Millis,
    pub state: PromptState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub originator_client_id: Option<ClientId>,
}

readable!(PendingPrompt {
    prompt_id: "promptId", text: "text", queued_at: "queuedAt", state: "state";
    originator_client_id: "originatorClientId"
});

/// Where a pending prompt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptState {
    Queued,
    Running,
}

impl Read for PromptState {
    fn read(value: &Value) -> Option<Self> {
        [Self::Queued, Self::Running].into_iter().find(|state| value == state.as_str())
    }
}

impl PromptState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
        }
    }
}

/// `DELETE /session/:id/pending-prompts/:promptId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// `false` for a prompt that is unknown or has ended.
    pub removed: bool,
}

readable!(Removed { removed: "removed"; });

/// The body of a permission vote.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vote {
    pub outcome: Outcome,
    /// To a question: the chosen label (or own words) by the question's index.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub answers: Map<String, Value>,
}

impl Vote {
    /// For one of the options offered.
    #[must_use]
    pub fn select(option_id: impl Into<Box<str>>) -> Self {
        let outcome = Outcome { outcome: OutcomeKind::Selected, option_id: Some(option_id.into()) };
        Self { outcome, answers: Map::new() }
    }

    /// For none of them.
    #[must_use]
    pub fn cancel() -> Self {
        Self { outcome: Outcome { outcome: OutcomeKind::Cancelled, option_id: None }, answers: Map::new() }
    }

    /// The same vote with the answers to the questions asked, in their order.
    #[must_use]
    pub fn with_answers(mut self, answers: impl IntoIterator<Item = String>) -> Self {
        let numbered = answers.into_iter().enumerate();
        self.answers = numbered.map(|(index, answer)| (index.to_string(), Value::String(answer))).collect();
        self
    }
}
