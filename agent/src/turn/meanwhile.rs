//! What the user says while a turn runs: the client is asked for it between two batches of calls (rule M2).

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use agent_client_protocol::{self as acp, ErrorCode, v1::schema::ContentBlock};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Turn;
use crate::{
    history::{Message, Part},
    record::Entry,
    session::{Prompt, Session},
    workspace::Workspace,
};

/// How long the client may take to answer. The turn waits with it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The client is not asked any more after this many late answers in a row.
const MAX_LATE_ANSWERS: u32 = 3;

/// What a session has been told beside its prompts, and whether its client can be asked for more.
#[derive(Debug, Default)]
pub(crate) struct Meanwhile {
    /// What came when no turn could take it: the next one does.
    waiting: Mutex<Vec<Message>>,
    late_answers: AtomicU32,
    /// The client does not know the question.
    is_unknown: AtomicBool,
}

/// The client's answer. What it hands over, it has handed over for good.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Drained {
    items: Vec<Item>,
    messages: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item {
    content: Vec<Value>,
    display_text: String,
}

impl Meanwhile {
    /// Keeps a message for whoever takes it next.
    pub(crate) fn keep(&self, message: Message) {
        self.lock().push(message);
    }

    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.lock())
    }

    fn can_ask(&self) -> bool {
        !self.is_unknown.load(Ordering::Relaxed) && self.late_answers.load(Ordering::Relaxed) < MAX_LATE_ANSWERS
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Puts what the user said meanwhile behind the results of the calls.
    pub(super) async fn listen(&mut self) {
        let mut said = self.session.meanwhile.take();
        said.extend(ask(self.session, &self.cancel).await);
        self.take_in(said);
    }

    pub(super) fn take_in(&mut self, said: Vec<Message>) {
        for message in said {
            self.session.record(Entry::Meanwhile(message.clone()));
            self.conversation.beside.push(message.clone());
            self.conversation.history.push(message);
        }
    }
}

async fn ask(session: &Session, cancel: &CancellationToken) -> Vec<Message> {
    let meanwhile = &session.meanwhile;
    if !session.shared.client_drains() || !meanwhile.can_ask() {
        return Vec::new();
    }
    let (tell, mut answer) = oneshot::channel();
    let (client, id) = (session.client.clone(), Arc::clone(&session.id));
    let (workspace, keeper) = (Arc::clone(&session.workspace), Arc::clone(meanwhile));
    // In a task of its own, so that an answer that comes too late to be waited for is not lost.
    tokio::spawn(async move {
        let answered = client.drain_messages(&id).await.map(|drained| read(drained, &workspace));
        if let Err(Ok(messages)) = tell.send(answered) {
            messages.into_iter().for_each(|message| keeper.keep(message));
        }
    });
    let answered = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        answered = tokio::time::timeout(PATIENCE, &mut answer) => {
            let is_late = answered.is_err();
            meanwhile.late_answers.fetch_add(u32::from(is_late), Ordering::Relaxed);
            answered.ok().and_then(Result::ok)
        }
    };
    // It may have come between the end of the patience and here.
    answer.close();
    match answered.or_else(|| answer.try_recv().ok()) {
        Some(Ok(messages)) => {
            meanwhile.late_answers.store(0, Ordering::Relaxed);
            messages
        }
        Some(Err(error)) => {
            let is_unknown = error.code == ErrorCode::METHOD_NOT_FOUND;
            meanwhile.is_unknown.fetch_or(is_unknown, Ordering::Relaxed);
            tracing::debug!(%error, session = %session.id, "the client does not tell what was said meanwhile");
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn read(drained: Value, workspace: &Workspace) -> Vec<Message> {
    let Drained { items, messages } = Drained::deserialize(drained).unwrap_or_else(|error| {
        tracing::warn!(%error, "the client's answer to what was said meanwhile makes no sense");
        Drained::default()
    });
    let items = items.into_iter().map(|item| item.parts(workspace));
    let texts = messages.into_iter().map(|text| vec![Part::text(text)]);
    items.chain(texts).filter(|parts| !parts.is_empty()).map(Message::user).collect()
}

impl Item {
    /// Its content; where that cannot be used, the text people see.
    fn parts(self, workspace: &Workspace) -> Vec<Part> {
        let blocks: Result<Vec<ContentBlock>, _> = self.content.into_iter().map(serde_json::from_value).collect();
        let parts = blocks.ok().and_then(|blocks| Prompt::read(blocks, workspace).ok()).map(|prompt| prompt.parts);
        let shown = || Some(self.display_text).filter(|text| !text.is_empty()).map(Part::text);
        parts.filter(|parts| !parts.is_empty()).unwrap_or_else(|| shown().into_iter().collect())
    }
}

impl crate::client::Client {
    /// Asks for what the user said meanwhile. The client hands it over.
    pub(super) async fn drain_messages(&self, session: &str) -> Result<Value, acp::Error> {
        self.request("craft/drainMidTurnQueue", serde_json::json!({"sessionId": session})).await
    }
}
