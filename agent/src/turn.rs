//! One turn: ask the model, run what it calls, tell it the results, until it has nothing more to call.

mod backoff;
mod batch;
mod meanwhile;
mod permission;
mod reply;

use std::{borrow::Cow, collections::HashMap, time::Instant};

use agent_client_protocol as acp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub(crate) use self::meanwhile::Meanwhile;
use self::reply::{Ending, Reply};
use crate::{
    client::update,
    history::{Message, Part, Role, add_answer, close_dangling_calls},
    model::{Finish, ModelError, Request},
    record::{Entry, now, title},
    session::{Conversation, Interruption, LastTurn, Session},
};

/// Tool calls of one turn; more are taken for a loop.
const MAX_CALLS: usize = 100;
/// Calls of one tool with invalid arguments before the turn stops.
const MAX_INVALID_CALLS: u32 = 3;

/// Said to the model when it is to continue an answer that was cut off. Not shown to anybody, since the user did not say it.
const TAKE_UP: &str = "Your answer was cut off. Go on exactly where it stopped, and repeat nothing.";

/// How a turn ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    EndTurn,
    Cancelled,
    MaxTokens,
    MaxTurnRequests,
    Refusal,
}

/// What a turn starts from.
#[derive(Debug)]
pub(crate) enum Start {
    /// The user says something new.
    Ask(Vec<Part>),
    /// The user's last message is sent again: it is recorded already.
    Retry(Vec<Part>),
    /// The turn that was interrupted goes on.
    Continue,
}

/// A running turn.
struct Turn<'a> {
    session: &'a Session,
    conversation: &'a mut Conversation,
    cancel: CancellationToken,
    /// Tool calls so far.
    calls: usize,
    /// Calls with invalid arguments, by tool.
    invalid: HashMap<String, u32>,
    /// The model is to take up an answer that was cut off.
    takes_up: bool,
}

impl StopReason {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::Cancelled => "cancelled",
            Self::MaxTokens => "max_tokens",
            Self::MaxTurnRequests => "max_turn_requests",
            Self::Refusal => "refusal",
        }
    }
}

/// Runs a turn to its end. Everything it said is on disk when this returns.
pub(crate) async fn run(
    session: &Session,
    conversation: &mut Conversation,
    start: Start,
    cancel: CancellationToken,
) -> Result<StopReason, acp::Error> {
    let (started_at, prompt_text) = (now(), start.text());
    conversation.turn += 1;
    let number = conversation.turn;
    let mut turn = Turn { session, conversation, cancel, calls: 0, invalid: HashMap::new(), takes_up: false };
    turn.begin(start).await;
    let result = turn.run().await;
    close_dangling_calls(&mut conversation.history);
    conversation.last_turn = match &result {
        Ok(StopReason::Cancelled) | Err(_) => LastTurn::BrokenOff,
        Ok(_) => LastTurn::Completed,
    };
    let said = conversation.history.iter().rev().take_while(|message| message.role == Role::Model).last();
    let payload = json!({
        "promptId": format!("{}########{number}", session.id),
        "state": match &result {
            Ok(StopReason::Cancelled) => "cancelled",
            Ok(_) => "completed",
            Err(_) => "failed",
        },
        "stopReason": result.as_ref().ok().map(|reason| reason.id()),
        "startedAt": started_at, "endedAt": now(), "promptText": prompt_text,
        "resultText": said.map(Message::text).unwrap_or_default(),
    });
    session.record(Entry::System { subtype: "turn_result", payload });
    session.flush().await;
    result.map_err(|error| acp::Error::new(error.rpc_code(), error.to_string()))
}

impl Start {
    fn text(&self) -> String {
        match self {
            Self::Ask(parts) | Self::Retry(parts) => Message::user(parts.clone()).text().into_owned(),
            Self::Continue => String::new(),
        }
    }
}

impl Turn<'_> {
    async fn begin(&mut self, start: Start) {
        let is_first = self.conversation.history.is_empty();
        let interruption = self.conversation.interruption();
        self.conversation.last_turn = LastTurn::Unknown;
        let said = self.session.meanwhile.take();
        self.take_in(said);
        match start {
            Start::Ask(parts) => {
                let message = Message::user(parts);
                if is_first {
                    self.session.update(update::title(&title(&message.text()), &now())).await;
                }
                self.session.record(Entry::User(message.clone()));
                self.conversation.history.push(message);
            }
            Start::Retry(parts) => {
                let beside = self.conversation.take_unanswered();
                self.conversation.history.extend(beside.iter().cloned());
                self.conversation.history.push(Message::user(parts));
                self.conversation.beside = beside;
            }
            Start::Continue => {
                let ends_in_answer = self.conversation.history.last().is_some_and(|last| last.role == Role::Model);
                self.takes_up = interruption == Some(Interruption::Turn) && ends_in_answer;
            }
        }
    }

    async fn run(&mut self) -> Result<StopReason, ModelError> {
        loop {
            let (reply, ending) = self.ask().await;
            let calls = self.keep(&reply);
            match ending {
                Ending::Whole => {}
                Ending::Cancelled => return Ok(StopReason::Cancelled),
                Ending::Failed(error) => return Err(error),
            }
            match reply.finish {
                Some(Finish::Length) => return Ok(StopReason::MaxTokens),
                Some(Finish::Refusal) => return Ok(StopReason::Refusal),
                Some(Finish::Done) | None => {}
            }
            if calls.is_empty() {
                return Ok(StopReason::EndTurn);
            }
            if self.calls + calls.len() > MAX_CALLS {
                self.stop_calls(&calls);
                self.say(&format!("Stopped: this turn would make more than {MAX_CALLS} tool calls.")).await;
                return Ok(StopReason::MaxTurnRequests);
            }
            self.calls += calls.len();
            // What leads to an effect goes to disk beside it; an answer in words is flushed once, at its end.
            self.session.recorder().start_sync();
            match self.run_calls(calls).await {
                batch::End::Done => self.listen().await,
                batch::End::Rejected => return Ok(StopReason::EndTurn),
                batch::End::Cancelled => return Ok(StopReason::Cancelled),
            }
            if let Some((tool, _)) = self.invalid.iter().find(|(_, count)| **count >= MAX_INVALID_CALLS) {
                let text =
                    format!("Stopped: the model called `{tool}` with invalid arguments {MAX_INVALID_CALLS} times.");
                self.say(&text).await;
                return Ok(StopReason::EndTurn);
            }
        }
    }

    /// Asks the model, again after a passing failure as long as nothing was shown of the answer.
    async fn ask(&mut self) -> (Reply, Ending) {
        let mut retries = 0;
        loop {
            let entry = self.session.model();
            let system = self.session.instructions().text(self.session.mode());
            let (tools, mut history) = (self.session.tool_specs(), Cow::Borrowed(&self.conversation.history));
            if self.takes_up {
                history.to_mut().push(Message::user(vec![Part::text(TAKE_UP)]));
            }
            let request = Request { system: &system, history: &history, tools: &tools, cwd: self.session.cwd() };
            let asked_at = Instant::now();
            let asking = entry.model.respond(request);
            let (mut reply, ending) = reply::read(self.session, self.conversation, asking, &self.cancel).await;
            if let Ending::Failed(error) = &ending {
                self.session.stats().request_failed(&entry.name);
                self.discard(&mut reply);
                if let Some(pause) = backoff::pause(error, retries).filter(|_| reply.is_silent()) {
                    tracing::warn!(%error, retries, ?pause, "the model is asked again");
                    retries += 1;
                    tokio::select! {
                        () = self.cancel.cancelled() => return (reply, Ending::Cancelled),
                        () = tokio::time::sleep(pause) => continue,
                    }
                }
                return (reply, ending);
            }
            if matches!(ending, Ending::Cancelled) {
                self.discard(&mut reply);
                return (reply, ending);
            }
            self.takes_up = false;
            let latency = asked_at.elapsed();
            self.session.stats().answered(&entry.name, reply.usage, latency, 0);
            self.session.update(update::usage(&reply.usage.unwrap_or_default(), Some(latency), retries)).await;
            reply.model = entry.name;
            return (reply, ending);
        }
    }

    /// Takes back the cards of calls that will not be made.
    fn discard(&self, reply: &mut Reply) {
        for call in reply.calls.drain(..).filter(|call| self.session.shared.has_cards(&call.name)) {
            self.session.client.update_now(&self.session.id, &update::tool_discarded(&call.id, &call.name));
        }
    }

    /// Keeps what was answered, whole or not. An answer that said nothing leaves no trace.
    fn keep(&mut self, reply: &Reply) -> Vec<batch::Asked> {
        let calls: Vec<batch::Asked> = reply.calls.iter().map(batch::Asked::read).collect();
        let mut parts = reply.parts.clone();
        parts.extend(calls.iter().map(|asked| Part::Call { call: asked.call.clone() }));
        if !parts.is_empty() {
            let message = Message::model(parts);
            add_answer(&mut self.conversation.history, message.clone());
            self.conversation.beside.clear();
            self.session.record(Entry::Assistant { message, usage: reply.usage, model: reply.model.clone() });
        }
        calls
    }

    /// A word from the agent itself. It is no answer of the model, so the model is not told of it.
    async fn say(&self, text: &str) {
        self.session.update(update::message(text)).await;
    }
}
