//! What is said while a turn runs: handed to the agent between its tool calls, or a prompt of its own afterwards (M1–M3).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    AcceptedPrompt, Answer, Deadline, LedgerEntry, PromptIntent, Session, Ticket,
    outbox::{Outbox, raw},
    prompts::Prompt,
};
use crate::{ClientId, Draft, EventType, Millis, PromptId, SessionId, acp::RpcId};

/// Longest text of a message, in characters, once trimmed.
pub const MAX_MESSAGE_CHARS: usize = 16_384;

/// Messages that wait at most.
const MAX_WAITING: usize = 20;
/// Messages the agent gets at once.
const MAX_DRAINED: usize = 10;
/// Ids remembered of messages that wait no more, of each kind.
const MAX_REMEMBERED: usize = 200;

/// A message as the route read it.
#[derive(Debug)]
pub struct QueueMessage {
    /// Fresh, or the sender's own name for it: sending the same again under the same name changes nothing.
    pub message_id: PromptId,
    /// Trimmed; empty only when there is content.
    pub text: Box<str>,
    /// ACP content blocks beside the text, passed on as they came.
    pub content: Vec<Box<RawValue>>,
}

/// A message that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueuedMessage {
    pub message_id: PromptId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub originator: Option<ClientId>,
    pub queued_at: Millis,
    pub text: Box<str>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub content: Vec<Box<RawValue>>,
}

/// Why a message does not wait: 200 with `accepted:false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotQueued {
    #[error("session_idle")]
    Idle,
    #[error("queue_full")]
    Full,
    /// Something else was sent under that name.
    #[error("message_id_conflict")]
    IdTaken,
}

/// `GET /session/:id/mid-turn-messages`
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageQueue {
    pub messages: Vec<WaitingMessage>,
    /// Handed to the agent or taken back, oldest first.
    pub settled_message_ids: Vec<PromptId>,
    /// Prompts of their own by now, oldest first.
    pub promoted_message_ids: Vec<PromptId>,
}

/// One element of `messages`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingMessage {
    pub message_id: PromptId,
    pub text: Box<str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Box<RawValue>>,
}

#[derive(Debug, Default)]
pub(super) struct Messages {
    waiting: VecDeque<QueuedMessage>,
    settled: VecDeque<PromptId>,
    promoted: VecDeque<PromptId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Injected<'a> {
    session_id: &'a SessionId,
    messages: Vec<&'a str>,
    message_ids: Vec<&'a PromptId>,
    items: Vec<InjectedItem<'a>>,
}

#[derive(Serialize)]
struct InjectedItem<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    content: &'a [Box<RawValue>],
}

/// What the agent is answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Drained<'a> {
    messages: Vec<&'a str>,
    items: Vec<DrainedItem<'a>>,
    has_queued_prompt: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DrainedItem<'a> {
    message_id: &'a PromptId,
    display_text: &'a str,
    content: Vec<Box<RawValue>>,
}

impl QueuedMessage {
    /// The text, if there is any, then the rest.
    fn blocks(&self) -> Vec<Box<RawValue>> {
        let text = (!self.text.is_empty()).then(|| raw(&json!({"type": "text", "text": self.text})));
        text.into_iter().chain(self.content.iter().cloned()).collect()
    }

    fn says_the_same(&self, other: &QueueMessage) -> bool {
        self.text == other.text && same_blocks(&self.content, &other.content)
    }
}

impl Messages {
    pub(super) fn queue_again(&mut self, message: QueuedMessage) {
        self.waiting.push_back(message);
    }

    pub(super) fn settle(&mut self, ids: Vec<PromptId>) {
        self.waiting.retain(|message| !ids.contains(&message.message_id));
        ids.into_iter().for_each(|id| remember(&mut self.settled, id));
    }

    /// It is a prompt now.
    pub(super) fn promote(&mut self, id: &PromptId) {
        self.waiting.retain(|message| message.message_id != *id);
        remember(&mut self.promoted, id.clone());
    }

    pub(super) fn is_waiting(&self, id: &PromptId) -> bool {
        self.waiting.iter().any(|message| message.message_id == *id)
    }
}

impl Session {
    /// What waits to be said in the running turn, and what became of earlier messages.
    #[must_use]
    pub fn message_queue(&self) -> MessageQueue {
        let shown = |message: &QueuedMessage| WaitingMessage {
            message_id: message.message_id.clone(),
            text: message.text.clone(),
            content: message.content.clone(),
        };
        MessageQueue {
            messages: self.messages.waiting.iter().map(shown).collect(),
            settled_message_ids: self.messages.settled.iter().cloned().collect(),
            promoted_message_ids: self.messages.promoted.iter().cloned().collect(),
        }
    }

    /// M1.
    pub(super) fn queue_message(
        &mut self,
        now: Millis,
        ticket: Ticket,
        originator: Option<ClientId>,
        message: QueueMessage,
        out: &mut Outbox,
    ) {
        let answer = self.take_message(now, originator, message, out);
        out.reply(ticket, Answer::QueueMessage(Ok(answer)));
    }

    fn take_message(
        &mut self,
        now: Millis,
        originator: Option<ClientId>,
        message: QueueMessage,
        out: &mut Outbox,
    ) -> Result<PromptId, NotQueued> {
        if let Some(known) = self.known_message(&message) {
            return if known { Ok(message.message_id) } else { Err(NotQueued::IdTaken) };
        }
        if self.prompts.unsettled().is_empty() {
            return Err(NotQueued::Idle);
        }
        if self.messages.waiting.len() >= MAX_WAITING {
            return Err(NotQueued::Full);
        }
        let QueueMessage { message_id, text, content } = message;
        let queued = QueuedMessage { message_id: message_id.clone(), originator, queued_at: now, text, content };
        out.record(LedgerEntry::MessageQueued(queued.clone()));
        let data = json!({"sessionId": self.id, "promptId": message_id, "text": queued.text, "queuedAt": now});
        out.publish(of(&queued, EventType::PendingPromptAdded, &data));
        self.messages.waiting.push_back(queued);
        self.clients.touch(now);
        Ok(message_id)
    }

    /// Whether a message of this name is the one that was taken before; None when there is none.
    fn known_message(&self, message: &QueueMessage) -> Option<bool> {
        let id = &message.message_id;
        if let Some(waiting) = self.messages.waiting.iter().find(|waiting| waiting.message_id == *id) {
            return Some(waiting.says_the_same(message));
        }
        let is_over = self.messages.settled.contains(id) || self.messages.promoted.contains(id);
        is_over.then_some(true).or_else(|| self.prompts.get(id).map(|_| false))
    }

    /// Takes a message back, as a message or as the prompt it has become.
    pub(super) fn remove_message(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<&ClientId>,
        message_id: &PromptId,
        out: &mut Outbox,
    ) {
        let removed = if self.messages.is_waiting(message_id) {
            self.drop_messages(|waiting| waiting.message_id == *message_id, client, out);
            true
        } else {
            self.messages.promoted.contains(message_id) && self.take_prompt_back(now, client, message_id, out)
        };
        out.reply(ticket, Answer::RemoveMessage(Ok(removed)));
        self.close_if_abandoned(now, out);
    }

    /// M2: the agent asks what was said meanwhile. A turn that is over gets nothing: what is left becomes prompts.
    pub(super) fn drain_messages(&mut self, rpc_id: RpcId, asking: Option<&PromptId>, out: &mut Outbox) {
        let running = self.prompts.running().map(|prompt| prompt.id().clone());
        let is_for_it = running.is_some() && asking.is_none_or(|asking| running.as_ref() == Some(asking));
        let count = if is_for_it { self.messages.waiting.len().min(MAX_DRAINED) } else { 0 };
        let drained: Vec<QueuedMessage> = self.messages.waiting.drain(..count).collect();
        let texts: Vec<&str> = drained.iter().map(|message| &*message.text).collect();
        let ids: Vec<&PromptId> = drained.iter().map(|message| &message.message_id).collect();
        if count > 0 {
            let settled: Vec<PromptId> = ids.iter().map(|id| (*id).clone()).collect();
            out.record(LedgerEntry::MessagesSettled { message_ids: settled.clone() });
            let items = drained.iter().map(|message| InjectedItem { content: &message.content }).collect();
            let data = Injected { session_id: &self.id, messages: texts.clone(), message_ids: ids, items };
            let sender = drained.first().and_then(|message| message.originator.clone());
            let is_theirs = drained.iter().all(|message| message.originator == sender);
            let draft = Draft::new(EventType::MidTurnMessageInjected, &data).in_prompt(running);
            out.publish(draft.caused_by(sender.filter(|_| is_theirs)));
            self.messages.settle(settled);
        }
        let items = drained.iter().map(|message| DrainedItem {
            message_id: &message.message_id,
            display_text: &message.text,
            content: message.blocks(),
        });
        let has_queued_prompt = self.prompts.has_queued();
        out.answer_agent(rpc_id, &Drained { messages: texts, items: items.collect(), has_queued_prompt });
    }

    /// M3: what no tool call came for is asked after everything that waits already. It was accepted, so no cap applies.
    pub(super) fn promote_messages(&mut self, now: Millis, out: &mut Outbox) {
        for message in std::mem::take(&mut self.messages.waiting) {
            let accepted = AcceptedPrompt {
                blocks: message.blocks(),
                prompt_id: message.message_id,
                originator: message.originator,
                queued_at: message.queued_at,
                deadline: Deadline::effective(now, self.config.prompt_deadline, None),
                intent: PromptIntent::Ask,
                announced: true,
                key: None,
                meta: Map::new(),
                extra: Map::<String, Value>::new(),
            };
            out.record(LedgerEntry::PromptAccepted(accepted.clone()));
            self.messages.promote(&accepted.prompt_id);
            self.prompts.push(Prompt::new(accepted));
        }
    }

    /// The session ends, and what waited with it.
    pub(super) fn drop_all_messages(&mut self, out: &mut Outbox) {
        self.drop_messages(|_| true, None, out);
    }

    fn drop_messages(&mut self, which: impl Fn(&QueuedMessage) -> bool, client: Option<&ClientId>, out: &mut Outbox) {
        let (gone, kept): (VecDeque<_>, _) =
            std::mem::take(&mut self.messages.waiting).into_iter().partition(|message| which(message));
        self.messages.waiting = kept;
        if gone.is_empty() {
            return;
        }
        let message_ids: Vec<PromptId> = gone.iter().map(|message| message.message_id.clone()).collect();
        out.record(LedgerEntry::MessagesSettled { message_ids: message_ids.clone() });
        for message in &gone {
            let data = json!({"sessionId": self.id, "promptId": message.message_id, "state": "removed"});
            let draft = of(message, EventType::PendingPromptCompleted, &data);
            out.publish(if client.is_some() { draft.caused_by(client.cloned()) } else { draft });
        }
        self.messages.settle(message_ids);
    }
}

fn of(message: &QueuedMessage, kind: EventType, data: &Value) -> Draft {
    Draft::new(kind, data).in_prompt(Some(message.message_id.clone())).caused_by(message.originator.clone())
}

fn same_blocks(left: &[Box<RawValue>], right: &[Box<RawValue>]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.get() == right.get())
}

fn remember(ids: &mut VecDeque<PromptId>, id: PromptId) {
    if ids.len() == MAX_REMEMBERED {
        ids.pop_front();
    }
    ids.push_back(id);
}
