//! What must outlive the daemon: enough to know which accepted prompts still owe their terminal, and which votes were counted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::{Annotations, DisplayName, KeyedPrompt, Outcome, PromptIntent, PromptKey, QueuedMessage, TitleSource};
use crate::{ClientId, Envelope, EventType, Millis, PromptId, RequestId, artifact::Artifact};

/// One line of the ledger. Entries are in the order of the effects that carried them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LedgerEntry {
    PromptAccepted(AcceptedPrompt),
    /// A prompt was accepted under a key. Recording it twice is harmless.
    PromptKeyed(KeyedPrompt),
    /// The prompt is about to be handed to the agent: from here on it is never run a second time.
    PromptStarted {
        prompt_id: PromptId,
        at: Millis,
    },
    /// The prompt got its terminal event. Recording it twice is harmless.
    PromptSettled {
        prompt_id: PromptId,
    },
    /// A vote was counted; `decided` when it closed the request.
    VoteRecorded {
        request_id: RequestId,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        voter: Option<ClientId>,
        outcome: Outcome,
        decided: bool,
        at: Millis,
    },
    MetadataChanged {
        display_name: DisplayName,
        title_source: TitleSource,
    },
    /// A message for the running turn was accepted (M1).
    MessageQueued(QueuedMessage),
    /// Messages wait no more: the agent has them, or somebody took them back. One that became a prompt is in
    /// [`LedgerEntry::PromptAccepted`] instead, under the same id.
    MessagesSettled {
        message_ids: Vec<PromptId>,
    },
    /// The approval mode from here on.
    ModeChanged {
        mode: Box<str>,
    },
    /// The model from here on.
    ModelChanged {
        model: Box<str>,
    },
    /// What clients keep with the session from here on.
    Annotated {
        annotations: Annotations,
    },
    /// An artifact as it is from here on.
    ArtifactKept {
        artifact: Box<Artifact>,
    },
    /// There is no such artifact from here on, or none that is kept.
    ArtifactForgotten {
        artifact_id: Box<str>,
    },
    /// The agent asks. Never recorded: only read off the events, see [`LedgerEntry::from_event`].
    PermissionAsked {
        request_id: RequestId,
        prompt_id: Option<PromptId>,
    },
    /// A request is closed. Only read off the events, too.
    PermissionResolved {
        request_id: RequestId,
        outcome: Outcome,
    },
}

/// A prompt that was answered with 202.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedPrompt {
    pub prompt_id: PromptId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub originator: Option<ClientId>,
    pub queued_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<super::Deadline>,
    #[serde(default)]
    pub intent: PromptIntent,
    /// It had to wait behind another prompt, so clients saw `pending_prompt_added`.
    #[serde(default)]
    pub announced: bool,
    /// Its client's own name for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<PromptKey>,
    pub blocks: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub meta: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub extra: Map<String, Value>,
}

impl AcceptedPrompt {
    /// What its text blocks say, one after the other on lines of their own; of a prompt that is a picture, that it is one.
    #[must_use]
    pub fn text(&self) -> String {
        #[derive(Deserialize)]
        struct Block {
            r#type: String,
            #[serde(default)]
            text: String,
        }
        let blocks = self.blocks.iter().filter_map(|block| serde_json::from_str::<Block>(block.get()).ok());
        let blocks: Vec<Block> = blocks.collect();
        let is_text = |block: &&Block| block.r#type == "text" && !block.text.is_empty();
        let texts: Vec<&str> = blocks.iter().filter(is_text).map(|block| &*block.text).collect();
        if texts.is_empty() && blocks.iter().any(|block| block.r#type == "image") {
            return "[image]".to_owned();
        }
        texts.join("\n")
    }
}

impl LedgerEntry {
    /// What an event of the journal says about the ledger. A crash between publishing a terminal and recording it must not give the
    /// prompt a second one, so [`Session::restore`](super::Session::restore) wants the journal's terminals too; and it closes the
    /// requests that nobody is left to answer.
    #[must_use]
    pub fn from_event(event: &Envelope) -> Option<Self> {
        match event.kind {
            EventType::TurnComplete | EventType::TurnError => {
                Some(Self::PromptSettled { prompt_id: event.prompt_id.clone()? })
            }
            EventType::PermissionRequest => {
                Some(Self::PermissionAsked { request_id: request_id(event)?, prompt_id: event.prompt_id.clone() })
            }
            EventType::PermissionResolved => {
                let outcome = Outcome::deserialize(&event.data["outcome"]).ok()?;
                Some(Self::PermissionResolved { request_id: request_id(event)?, outcome })
            }
            _ => None,
        }
    }

    /// Keeps the account of what was accepted and is not settled yet. A message owes as much as a prompt: it is handed over, or becomes
    /// one under the same id.
    pub fn account(&self, open: &mut BTreeSet<PromptId>) {
        match self {
            Self::PromptAccepted(prompt) => {
                open.insert(prompt.prompt_id.clone());
            }
            Self::MessageQueued(message) => {
                open.insert(message.message_id.clone());
            }
            Self::PromptSettled { prompt_id } => {
                open.remove(prompt_id);
            }
            Self::MessagesSettled { message_ids } => message_ids.iter().for_each(|id| {
                open.remove(id);
            }),
            Self::PromptKeyed(_)
            | Self::PromptStarted { .. }
            | Self::VoteRecorded { .. }
            | Self::MetadataChanged { .. }
            | Self::ModeChanged { .. }
            | Self::ModelChanged { .. }
            | Self::Annotated { .. }
            | Self::ArtifactKept { .. }
            | Self::ArtifactForgotten { .. }
            | Self::PermissionAsked { .. }
            | Self::PermissionResolved { .. } => {}
        }
    }
}

fn request_id(event: &Envelope) -> Option<RequestId> {
    event.data["requestId"].as_str().map(RequestId::from)
}
