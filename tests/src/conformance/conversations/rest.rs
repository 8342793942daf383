//! A line over REST: requests, and the session's event stream.

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::Method;
use roost_core::sse;
use serde_json::{Value, json};

use super::{
    Conversation,
    heard::Heard,
    line::Line,
    notes::Notes,
    scene::{Model, Moment, Step, Vote},
};
use crate::client::{
    Client, Response,
    events::{Cursor, EventStream},
};

/// What is heard when nothing more will be.
const END: &str = "the end of the stream";

#[derive(Debug)]
pub(super) struct Rest {
    /// Names itself as the session knows it.
    client: Client,
    session: String,
    stream: EventStream,
    notes: Notes,
    /// The question that was asked last, and the prompt that was accepted last.
    question: String,
    prompt: String,
    model: String,
    is_over: bool,
}

impl Rest {
    /// A session of its own, whose agent has told what it can do.
    pub(super) async fn begin(client: &Client) -> anyhow::Result<Self> {
        let wish = json!({"sessionScope": "thread", "approvalMode": "default"});
        let created = client.post("/session", &wish).await?.ok()?;
        let text = |member: &str| created[member].as_str().map(str::to_owned).with_context(|| format!("no {member}"));
        let (session, client) = (text("sessionId")?, client.clone().with_client_id(text("clientId")?));
        let context = client.get(&format!("/session/{session}/context")).await?.ok()?;
        let model = context["state"]["models"]["currentModelId"].as_str().context("a model")?.to_owned();
        let stream = client.events(&session).from(Cursor::START).open().await?;
        let (notes, question, prompt) = (Notes::default(), String::new(), String::new());
        let mut line = Self { client, session, stream, notes, question, prompt, model, is_over: false };
        line.hear(Moment::Event("session_update available_commands_update")).await?;
        Ok(line)
    }

    fn path(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }

    /// Posts about the session, and takes note of the answer.
    async fn post(&mut self, rest: &str, body: &Value) -> anyhow::Result<Response> {
        let answer = self.client.post(&self.path(rest), body).await?;
        let asked = rest.split('/').nth(1).unwrap_or_default();
        self.notes.answer(Heard::answer(asked, &answer));
        Ok(answer)
    }

    async fn next(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.is_over, "the stream ended");
        let event = loop {
            match self.stream.next_frame().await? {
                Some(sse::Frame::Event(event)) => break event,
                Some(sse::Frame::Comment(_) | sse::Frame::Retry(_)) => {}
                None => {
                    self.is_over = true;
                    self.notes.event(Heard::event(END, &Value::Null, Value::Null));
                    return Ok(());
                }
            }
        };
        let envelope: Value = serde_json::from_str(&event.data)?;
        self.notes.event(Heard::event(&event.event, &envelope["data"], envelope.clone()));
        if let Some(question) = envelope["data"]["requestId"].as_str().filter(|_| event.event == "permission_request") {
            question.clone_into(&mut self.question);
        }
        Ok(())
    }

    async fn ask(&mut self, method: &'static str, path: &str, body: &Value) -> anyhow::Result<()> {
        let filled = path.replace("SESSION", &self.session).replace("PROMPT", &self.prompt);
        let request = self.client.request(Method::from_bytes(method.as_bytes())?, &filled);
        let request = request.header("content-type", "application/json");
        let answer = self.client.send(request.body(Full::from(body.to_string()))?).await?;
        self.notes.answer(Heard::answer(&format!("{method} {path}"), &answer));
        Ok(())
    }

    async fn listen(&mut self, headers: &[(&'static str, &str)], query: &str) -> anyhow::Result<()> {
        let request = headers.iter().fold(self.client.events(&self.session), |request, (name, value)| {
            request.header(name, value.replace("EPOCH", self.stream.epoch().unwrap_or_default()))
        });
        let request = if query.is_empty() { request } else { request.query(query) };
        self.stream = request.open().await?;
        self.is_over = false;
        Ok(())
    }

    async fn load(&mut self) -> anyhow::Result<()> {
        let loaded = self.post("/load", &json!({})).await?.ok()?;
        for list in ["compactedReplay", "liveJournal"] {
            for entry in loaded[list].as_array().into_iter().flatten() {
                let kind = format!("{list} {}", entry["type"].as_str().unwrap_or_default());
                self.notes.event(Heard::event(&kind, &entry["data"], entry.clone()));
            }
        }
        Ok(())
    }
}

fn fits(moment: Moment, what: &str) -> bool {
    match moment {
        Moment::Word => what == "session_update agent_message_chunk",
        Moment::Question => what == "permission_request",
        Moment::End => what.starts_with("turn_complete") || what.starts_with("turn_error"),
        Moment::Gone => what == END,
        Moment::Event(name) => what.starts_with(name),
    }
}

impl Line for Rest {
    async fn prompt(&mut self, text: &str) -> anyhow::Result<()> {
        let accepted = self.post("/prompt", &json!({"prompt": [{"type": "text", "text": text}]})).await?;
        accepted.json()["promptId"].as_str().unwrap_or_default().clone_into(&mut self.prompt);
        Ok(())
    }

    async fn hear(&mut self, moment: Moment) -> anyhow::Result<()> {
        if matches!(moment, Moment::End) {
            self.notes.await_end();
            while !self.notes.has_every_end(|what| fits(moment, what)) {
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
        let vote = match vote {
            Vote::For(option) => json!({"outcome": {"outcome": "selected", "optionId": option}}),
            Vote::Cancelled => json!({"outcome": {"outcome": "cancelled"}}),
        };
        self.post(&format!("/permission/{}", self.question), &vote).await.map(drop)
    }

    async fn cancel(&mut self) -> anyhow::Result<()> {
        self.post("/cancel", &json!({})).await.map(drop)
    }

    async fn mode(&mut self, mode: &str) -> anyhow::Result<()> {
        self.post("/approval-mode", &json!({"mode": mode})).await.map(drop)
    }

    async fn model(&mut self, model: Model) -> anyhow::Result<()> {
        let model = match model {
            Model::Own => self.model.clone(),
            Model::Unknown => Model::UNKNOWN.to_owned(),
        };
        self.post("/model", &json!({"modelId": model})).await.map(drop)
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        self.ask("DELETE", "/session/SESSION", &json!({})).await
    }

    async fn own(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Ask { method, path, body } => self.ask(method, path, body).await,
            Step::Listen { headers, query } => self.listen(headers, query).await,
            Step::Load => self.load().await,
            Step::Prompt(_)
            | Step::Hear(_)
            | Step::Vote(_)
            | Step::Cancel
            | Step::LetGo
            | Step::Mode(_)
            | Step::Model(_)
            | Step::Close
            | Step::Call { .. } => bail!("not over REST"),
        }
    }

    async fn leave(self) -> anyhow::Result<Conversation> {
        // It may be closed already, which is said with a 404.
        self.client.delete(&self.path("")).await?;
        Ok(self.notes.told())
    }

    fn so_far(&self) -> String {
        self.notes.so_far()
    }
}
