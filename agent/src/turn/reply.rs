//! Reads the model's answer and passes it on as it comes.

use futures_util::{StreamExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::{
    client::update,
    history::Part,
    model::{Event, Events, Finish, ModelError, Usage},
    session::{Conversation, Session},
};

/// Events taken together when they have arrived together. Their texts go out as one update.
const MAX_JOINED: usize = 1024;

/// An answer, whole or as far as it came.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) parts: Vec<Part>,
    pub(super) calls: Vec<RawCall>,
    pub(super) usage: Option<Usage>,
    pub(super) finish: Option<Finish>,
    pub(super) model: String,
}

/// A call as the model wrote it.
#[derive(Debug)]
pub(super) struct RawCall {
    /// Unlike any other of the session.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// How the answer ended.
#[derive(Debug)]
pub(super) enum Ending {
    Whole,
    Cancelled,
    Failed(ModelError),
}

/// Text that waits for the rest of what has already arrived.
enum Pending {
    Nothing,
    Text(String),
    Thought(String),
}

struct Reader<'a> {
    session: &'a Session,
    conversation: &'a mut Conversation,
    reply: Reply,
    pending: Pending,
}

pub(super) async fn read(
    session: &Session,
    conversation: &mut Conversation,
    asking: BoxFuture<'static, Result<Events, ModelError>>,
    cancel: &CancellationToken,
) -> (Reply, Ending) {
    let mut reader = Reader { session, conversation, reply: Reply::default(), pending: Pending::Nothing };
    let ending = tokio::select! {
        biased;
        () = cancel.cancelled() => Ending::Cancelled,
        ending = reader.read(asking) => ending,
    };
    (reader.reply, ending)
}

impl Reply {
    /// Nothing of it was shown.
    pub(super) fn is_silent(&self) -> bool {
        self.parts.is_empty()
    }

    fn add(&mut self, text: &str, is_thought: bool) {
        match self.parts.last_mut() {
            Some(Part::Text { text: last, thought }) if *thought == is_thought => last.push_str(text),
            _ => self.parts.push(Part::Text { text: text.to_owned(), thought: is_thought }),
        }
    }
}

impl Reader<'_> {
    async fn read(&mut self, asking: BoxFuture<'static, Result<Events, ModelError>>) -> Ending {
        let events = match asking.await {
            Ok(events) => events,
            Err(error) => return Ending::Failed(error),
        };
        // Takes what is there and never waits for more: the first word goes out at once.
        let mut batches = events.ready_chunks(MAX_JOINED);
        while let Some(batch) = batches.next().await {
            for event in batch {
                match event {
                    Ok(event) => self.take(event).await,
                    Err(error) => {
                        self.send().await;
                        return Ending::Failed(error);
                    }
                }
            }
            self.send().await;
        }
        if self.reply.finish.is_some() {
            return Ending::Whole;
        }
        let cause = "the answer ended in the middle".to_owned();
        Ending::Failed(ModelError::BrokenOff { url: "its server".to_owned(), cause })
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Text(more) => match &mut self.pending {
                Pending::Text(text) => text.push_str(&more),
                Pending::Nothing | Pending::Thought(_) => {
                    self.send().await;
                    self.pending = Pending::Text(more);
                }
            },
            Event::Thought(more) => match &mut self.pending {
                Pending::Thought(text) => text.push_str(&more),
                Pending::Nothing | Pending::Text(_) => {
                    self.send().await;
                    self.pending = Pending::Thought(more);
                }
            },
            Event::Call { id, name, .. } => {
                self.send().await;
                let id = self.conversation.unique_call_id(&id);
                if self.session.shared.has_cards(&name) {
                    let (display, kind) = self.session.shared.display(&name);
                    self.session.update(update::tool_preparing(&id, &name, kind, display)).await;
                }
                self.reply.calls.push(RawCall { id, name, arguments: String::new() });
            }
            Event::Arguments { slot, fragment } => {
                if let Some(call) = self.reply.calls.get_mut(slot) {
                    call.arguments.push_str(&fragment);
                }
            }
            Event::Usage(usage) => self.reply.usage = Some(usage),
            Event::Finish(finish) => self.reply.finish = Some(finish),
        }
    }

    /// Sends what is pending. What was sent counts as said, also when the turn is cancelled right after.
    async fn send(&mut self) {
        let update = match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => return,
            Pending::Text(text) => {
                self.reply.add(&text, false);
                update::message(&text)
            }
            Pending::Thought(text) => {
                self.reply.add(&text, true);
                update::thought(&text)
            }
        };
        self.session.update(update).await;
    }
}
