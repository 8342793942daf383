//! A line over `/acp`: JSON-RPC both ways, on event streams or on a WebSocket.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::{
    Conversation,
    heard::Heard,
    line::Line,
    link::{Link, Place},
    notes::Notes,
    scene::{Model, Moment, Step, Vote},
};
use crate::{client::Client, deadline::within};

#[derive(Debug)]
pub(super) struct Acp {
    /// For what is no part of the conversation.
    client: Client,
    link: Link,
    session: String,
    notes: Notes,
    /// What was asked and not answered yet, by id.
    asked: BTreeMap<u64, &'static str>,
    last_id: u64,
    /// The id of the question that was asked last.
    question: Value,
    model: String,
}

/// The answer to a prompt ends a turn; it comes when it comes, like an event.
const PROMPT: &str = "session/prompt";
const NOTIFY: &str = "_qwen/notify";
const QUESTION: &str = "session/request_permission";

impl Acp {
    pub(super) async fn over_streams(client: &Client, workspace: &Path) -> anyhow::Result<Self> {
        Self::begin(client, Link::streams(client).await?, workspace).await
    }

    pub(super) async fn over_a_socket(client: &Client, workspace: &Path) -> anyhow::Result<Self> {
        Self::begin(client, Link::socket(client).await?, workspace).await
    }

    /// A session of its own, that asks before it does anything.
    async fn begin(client: &Client, link: Link, workspace: &Path) -> anyhow::Result<Self> {
        let client = client.clone();
        let (notes, asked) = (Notes::default(), BTreeMap::new());
        let (session, model) = (String::new(), String::new());
        let mut line = Self { client, link, session, notes, asked, last_id: 0, question: Value::Null, model };
        let made = line.call("session/new", json!({"cwd": workspace, "mcpServers": []})).await?;
        made["sessionId"].as_str().context("a session has an id")?.clone_into(&mut line.session);
        let context = line.client.get(&format!("/session/{}/context", line.session)).await?.ok()?;
        context["state"]["models"]["currentModelId"].as_str().context("a model")?.clone_into(&mut line.model);
        line.link.listen(&line.session).await?;
        line.call("session/set_mode", json!({"modeId": "default"})).await?;
        Ok(line)
    }

    /// Sends a call, about the session if there is one, and returns its id.
    async fn send(&mut self, method: &'static str, mut params: Value) -> anyhow::Result<u64> {
        if !self.session.is_empty() {
            params["sessionId"] = json!(self.session);
        }
        self.last_id += 1;
        self.asked.insert(self.last_id, method);
        let call = json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        self.link.send(&call).await?;
        Ok(self.last_id)
    }

    /// Sends a call and waits for its answer; what comes before that is heard.
    async fn call(&mut self, method: &'static str, params: Value) -> anyhow::Result<Value> {
        let id = self.send(method, params).await?;
        loop {
            let message = within(&format!("the answer to {method}"), self.next()).await??;
            if message["id"] == id && message.get("method").is_none() {
                return Ok(message["result"].clone());
            }
        }
    }

    /// The next message, which is noted.
    async fn next(&mut self) -> anyhow::Result<Value> {
        let (place, message) = self.link.next().await?;
        let answered = message["id"].as_u64().filter(|_| message.get("method").is_none());
        let asked = answered.and_then(|id| self.asked.remove(&id));
        let heard = heard(&message, asked);
        match (place, asked) {
            (_, Some(method)) if method != PROMPT => self.notes.answer(heard),
            // Told before anybody can listen, or after: by chance.
            _ if heard.what().ends_with(" available_commands_update") => {}
            // Two streams have no order between them.
            (Place::Connection, None) => self.notes.aside(heard),
            (Place::Connection | Place::Session, _) => self.notes.event(heard),
        }
        if message["method"] == QUESTION {
            self.question = message["id"].clone();
        }
        Ok(message)
    }
}

/// What a message is, in words, and its shape.
fn heard(message: &Value, asked: Option<&str>) -> Heard {
    let params = &message["params"];
    match message["method"].as_str() {
        Some(NOTIFY) => {
            let kind = format!("{NOTIFY} {}", params["kind"].as_str().unwrap_or_default());
            Heard::event(&kind, &params["data"], message.clone())
        }
        Some(method) => Heard::event(method, params, message.clone()),
        None => {
            let kind = format!("answer to {}", asked.unwrap_or("nothing"));
            let data = if message["error"].is_null() { &message["result"] } else { &message["error"] };
            Heard::event(&kind, data, message.clone())
        }
    }
}

fn is_answer(what: &str) -> bool {
    what.starts_with("answer to session/prompt")
}

fn is_end(what: &str) -> bool {
    what.starts_with("_qwen/notify turn_complete") || what.starts_with("_qwen/notify turn_error")
}

fn fits(moment: Moment, what: &str) -> bool {
    match moment {
        Moment::Word => what == "session/update agent_message_chunk",
        Moment::Question => what == QUESTION,
        // Whoever closes a session has its answer, and is told nothing but that its turn is over.
        Moment::End | Moment::Gone => is_end(what),
        Moment::Event(name) => what.contains(name),
    }
}

impl Line for Acp {
    async fn prompt(&mut self, text: &str) -> anyhow::Result<()> {
        self.send(PROMPT, json!({"prompt": [{"type": "text", "text": text}]})).await.map(drop)
    }

    async fn hear(&mut self, moment: Moment) -> anyhow::Result<()> {
        if matches!(moment, Moment::End | Moment::Gone) {
            self.notes.await_end();
            // It is told twice, and nobody says in which order.
            while !(self.notes.has_every_end(is_answer) && self.notes.has_every_end(is_end)) {
                self.next().await?;
            }
            return Ok(());
        }
        while !self.notes.pass(|what| fits(moment, what)) {
            self.next().await?;
        }
        Ok(())
    }

    async fn vote(&mut self, vote: Vote) -> anyhow::Result<()> {
        let outcome = match vote {
            Vote::For(option) => json!({"outcome": "selected", "optionId": option}),
            Vote::Cancelled => json!({"outcome": "cancelled"}),
        };
        ensure!(!self.question.is_null(), "nothing was asked");
        self.link.send(&json!({"jsonrpc": "2.0", "id": self.question, "result": {"outcome": outcome}})).await
    }

    async fn cancel(&mut self) -> anyhow::Result<()> {
        let params = json!({"sessionId": self.session});
        self.link.send(&json!({"jsonrpc": "2.0", "method": "session/cancel", "params": params})).await
    }

    async fn mode(&mut self, mode: &str) -> anyhow::Result<()> {
        self.call("session/set_mode", json!({"modeId": mode})).await.map(drop)
    }

    async fn model(&mut self, model: Model) -> anyhow::Result<()> {
        let model = match model {
            Model::Own => self.model.clone(),
            Model::Unknown => Model::UNKNOWN.to_owned(),
        };
        self.call("session/set_model", json!({"modelId": model})).await.map(drop)
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        self.call("session/close", json!({})).await.map(drop)
    }

    async fn own(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Call { method, params } => self.call(method, params.clone()).await.map(drop),
            Step::Prompt(_)
            | Step::Hear(_)
            | Step::Vote(_)
            | Step::Cancel
            | Step::LetGo
            | Step::Mode(_)
            | Step::Model(_)
            | Step::Close
            | Step::Ask { .. }
            | Step::Listen { .. }
            | Step::Load => bail!("not over /acp"),
        }
    }

    async fn leave(self) -> anyhow::Result<Conversation> {
        // It may be closed already, which is said with a 404.
        self.client.delete(&format!("/session/{}", self.session)).await?;
        self.link.leave().await?;
        Ok(self.notes.told())
    }

    fn so_far(&self) -> String {
        self.notes.so_far()
    }
}
