//! Prompts that are sent again. A client that never got its 202 cannot know whether its prompt was accepted; if it gave the prompt a key, it
//! sends the same once more under the same key, and it is the same prompt: not queued, echoed or run a second time (P17).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::{AcceptedPrompt, Answer, LedgerEntry, PromptRefused, SendPrompt, Session, Ticket, outbox::Outbox};
use crate::PromptId;

/// The member of a prompt's `_meta` that is its key. The agent does not see it.
pub const META_PROMPT_KEY: &str = "roost.promptKey";

/// Keys a session remembers; the oldest is forgotten first.
const MAX_REMEMBERED: usize = 1_000;

/// A client's own name for a prompt, unique in its session: 1 to [`PromptKey::MAX_CHARS`] characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Box<str>")]
pub struct PromptKey(Box<str>);

/// Why something is no key: 400 `invalid_prompt_key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{META_PROMPT_KEY}` of `_meta` must be a text of 1 to {} characters without control characters",
    PromptKey::MAX_CHARS
)]
pub struct InvalidPromptKey;

/// A prompt that has a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyedPrompt {
    pub key: PromptKey,
    pub prompt_id: PromptId,
    /// Of its content blocks: another prompt under the same key is a mistake of its client's.
    pub digest: u64,
}

/// The keys of a session's latest prompts, oldest first.
#[derive(Debug, Default)]
pub(super) struct Keys(VecDeque<KeyedPrompt>);

impl PromptKey {
    pub const MAX_CHARS: usize = 128;

    /// The key in a prompt's `_meta`, if there is one.
    ///
    /// # Errors
    /// What stands there is no key.
    pub fn of(meta: &Map<String, Value>) -> Result<Option<Self>, InvalidPromptKey> {
        match meta.get(META_PROMPT_KEY) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Self::try_from(Box::from(text.as_str())).map(Some),
            Some(_) => Err(InvalidPromptKey),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Box<str>> for PromptKey {
    type Error = InvalidPromptKey;

    fn try_from(text: Box<str>) -> Result<Self, InvalidPromptKey> {
        let is_good = (1..=Self::MAX_CHARS).contains(&text.chars().count()) && !text.contains(char::is_control);
        if is_good { Ok(Self(text)) } else { Err(InvalidPromptKey) }
    }
}

impl KeyedPrompt {
    /// A prompt that was accepted, if it has a key.
    pub(super) fn of(prompt: &AcceptedPrompt) -> Option<Self> {
        let key = prompt.key.clone()?;
        Some(Self { key, prompt_id: prompt.prompt_id.clone(), digest: digest(&prompt.blocks) })
    }

    /// A prompt that is yet to be accepted, if it has a key.
    pub(super) fn sent(prompt: &SendPrompt) -> Option<Self> {
        let key = PromptKey::of(&prompt.meta).ok()??;
        Some(Self { key, prompt_id: prompt.prompt_id.clone(), digest: digest(&prompt.blocks) })
    }
}

impl Keys {
    pub(super) fn get(&self, key: &PromptKey) -> Option<&KeyedPrompt> {
        self.0.iter().rev().find(|known| known.key == *key)
    }

    /// What is known already stays as it is.
    pub(super) fn remember(&mut self, keyed: KeyedPrompt) {
        if self.get(&keyed.key).is_some() {
            return;
        }
        if self.0.len() == MAX_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(keyed);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &KeyedPrompt> {
        self.0.iter()
    }
}

impl Session {
    /// The prompt that was accepted under this key.
    #[must_use]
    pub fn prompt_of(&self, key: &PromptKey) -> Option<&PromptId> {
        self.keys.get(key).map(|known| &known.prompt_id)
    }

    /// Answers a prompt whose key is known. It is recorded once more, so that whoever is told now, too, is told what is on disk.
    pub(super) fn answer_again(&self, ticket: Ticket, known: &KeyedPrompt, sent: &KeyedPrompt, out: &mut Outbox) {
        if known.digest != sent.digest {
            let key = sent.key.clone();
            return out.reply(ticket, Answer::Prompt(Err(PromptRefused::KeyTaken { key })));
        }
        out.record(LedgerEntry::PromptKeyed(known.clone()));
        out.reply(ticket, Answer::Prompt(Ok(known.prompt_id.clone())));
    }
}

/// FNV-1a, 64 bits, over the blocks' JSON: it tells slips apart, and nobody gains anything by making two alike.
fn digest(blocks: &[Box<RawValue>]) -> u64 {
    let bytes = blocks.iter().flat_map(|block| block.get().bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
