//! An editor that speaks ACP over HTTP and event streams.

use anyhow::{Context, bail};
use roost_core::sse;
use roost_tests::{
    client::{
        Client, Response,
        events::{Cursor, EventStream},
    },
    deadline::until,
};
use serde_json::{Value, json};

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Editor {
    pub(crate) client: Client,
    pub(crate) path: String,
    pub(crate) connection: String,
    /// The result of `initialize`.
    pub(crate) greeting: Value,
}

/// A stream of one.
#[derive(Debug)]
pub(crate) struct Stream(pub(crate) EventStream);

/// One message on a stream, and the id of its event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) id: Option<u64>,
    pub(crate) message: Value,
}

pub(crate) fn call(id: impl Into<Value>, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

impl Editor {
    pub(crate) async fn connect(client: &Client) -> anyhow::Result<Self> {
        Self::connect_at(client, "/acp").await
    }

    pub(crate) async fn connect_at(client: &Client, path: &str) -> anyhow::Result<Self> {
        let answer = client.post(path, &call(0, "initialize", &json!({"protocolVersion": 1}))).await?;
        let connection = answer.header("acp-connection-id").context("a connection has an id")?.to_owned();
        let greeting = answer.ok()?["result"].take();
        Ok(Self { client: client.clone(), path: path.to_owned(), connection, greeting })
    }

    /// A connection, its stream, and a session of its own.
    pub(crate) async fn open(client: &Client) -> anyhow::Result<(Self, Stream, String)> {
        let editor = Self::connect(client).await?;
        let mut stream = editor.stream().await?;
        let session = editor.new_session(&mut stream).await?;
        Ok((editor, stream, session))
    }

    /// Posts a message as it is.
    pub(crate) async fn post(&self, message: &Value) -> anyhow::Result<Response> {
        self.post_for(None, message).await
    }

    pub(crate) async fn post_for(&self, session: Option<&str>, message: &Value) -> anyhow::Result<Response> {
        let mut request = self.client.request(hyper::Method::POST, &self.path);
        request = request.header("content-type", "application/json").header("acp-connection-id", &self.connection);
        if let Some(session) = session {
            request = request.header("acp-session-id", session);
        }
        self.client.send(request.body(message.to_string().into())?).await
    }

    /// Asks; the answer comes on a stream.
    pub(crate) async fn ask(&self, id: u64, method: &str, params: &Value) -> anyhow::Result<()> {
        let accepted = self.post(&call(id, method, params)).await?;
        anyhow::ensure!(accepted.status == 202 && accepted.body.is_empty(), "{} {}", accepted.status, accepted.text());
        Ok(())
    }

    pub(crate) async fn prompt(&self, id: u64, session: &str, text: &str) -> anyhow::Result<()> {
        let params = json!({"sessionId": session, "prompt": [{"type": "text", "text": text}]});
        self.ask(id, "session/prompt", &params).await
    }

    pub(crate) async fn stream(&self) -> anyhow::Result<Stream> {
        let request = self.client.event_stream(&self.path).header("accept", "text/event-stream");
        Ok(Stream(request.header("acp-connection-id", &self.connection).open().await?))
    }

    pub(crate) async fn session_stream(&self, session: &str, cursor: Option<Cursor>) -> anyhow::Result<Stream> {
        let request = self.client.event_stream(&self.path).header("accept", "text/event-stream");
        let request = request.header("acp-connection-id", &self.connection).header("acp-session-id", session);
        let request = match cursor {
            Some(cursor) => request.from(cursor),
            None => request,
        };
        Ok(Stream(request.open().await?))
    }

    /// `session/new`; its id.
    pub(crate) async fn new_session(&self, stream: &mut Stream) -> anyhow::Result<String> {
        self.ask(1, "session/new", &json!({"mcpServers": []})).await?;
        let result = stream.result(1).await?;
        Ok(result["sessionId"].as_str().context("a session has an id")?.to_owned())
    }

    /// Returns once the session's current turn, else its last one, stands as `state`.
    pub(crate) async fn turn_is(&self, session: &str, text: &str, state: &str) -> anyhow::Result<()> {
        let path = format!("/session/{session}/turns/current");
        until("the turn to come so far", async || {
            let turn = self.client.get(&path).await?.json();
            Ok((turn["promptText"] == text && turn["state"] == state).then_some(()))
        })
        .await
    }

    pub(crate) async fn end(&self) -> anyhow::Result<Response> {
        let request = self.client.request(hyper::Method::DELETE, &self.path);
        self.client.send(request.header("acp-connection-id", &self.connection).body(Default::default())?).await
    }
}

impl Stream {
    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Line>> {
        while let Some(frame) = self.0.next_frame().await? {
            if let sse::Frame::Event(event) = frame {
                anyhow::ensure!(event.event == "message", "a frame of this protocol names no type: {event:?}");
                let id = event.id.map(|id| id.parse()).transpose()?;
                return Ok(Some(Line { id, message: serde_json::from_str(&event.data)? }));
            }
        }
        Ok(None)
    }

    /// Reads up to and including the first message for which `found` is true.
    pub(crate) async fn until(&mut self, mut found: impl FnMut(&Value) -> bool) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        loop {
            let Some(line) = self.next().await? else { bail!("the stream ended; the last was {:?}", lines.last()) };
            let is_last = found(&line.message);
            lines.push(line);
            if is_last {
                return Ok(lines);
            }
        }
    }

    /// The answer to the request of this number.
    pub(crate) async fn answer(&mut self, id: u64) -> anyhow::Result<Value> {
        let lines =
            self.until(|message| message["id"] == id).await.with_context(|| format!("while waiting for {id}"))?;
        Ok(lines.last().map(|line| line.message.clone()).unwrap_or_default())
    }

    pub(crate) async fn result(&mut self, id: u64) -> anyhow::Result<Value> {
        let mut answer = self.answer(id).await?;
        anyhow::ensure!(answer.get("error").is_none(), "{id} failed: {answer}");
        Ok(answer["result"].take())
    }

    pub(crate) async fn error(&mut self, id: u64) -> anyhow::Result<Value> {
        let mut answer = self.answer(id).await?;
        anyhow::ensure!(answer.get("error").is_some(), "{id} did not fail: {answer}");
        Ok(answer["error"].take())
    }

    /// Reads up to the notification of this event; its data.
    pub(crate) async fn news(&mut self, kind: &str) -> anyhow::Result<Value> {
        let lines =
            self.until(|message| is_news(message, kind)).await.with_context(|| format!("while waiting for {kind}"))?;
        Ok(lines.last().map(|line| line.message["params"]["data"].clone()).unwrap_or_default())
    }
}

pub(crate) fn is_news(message: &Value, kind: &str) -> bool {
    message["method"] == "_qwen/notify" && message["params"]["kind"] == kind
}

/// What the agent said, in order.
pub(crate) fn said<'a>(messages: impl IntoIterator<Item = &'a Value>) -> String {
    let updates = messages.into_iter().filter(|message| message["method"] == "session/update");
    let updates = updates.map(|message| &message["params"]["update"]);
    updates
        .filter(|update| update["sessionUpdate"] == "agent_message_chunk")
        .filter_map(|update| update["content"]["text"].as_str())
        .collect()
}
