//! A conversation over `/acp`: messages one after the other, answered on event streams.

use anyhow::Context;
use http_body_util::Full;
use hyper::Method;
use roost_core::{
    acp_bridge::{Scope, VendorMethod},
    sse,
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Answers, Seen, Shape, seen::masked};
use crate::{
    client::{Client, Response, events::EventStream},
    deadline::{until, within},
    routes,
};

/// Answers that nobody has waited for yet.
const MOST_UNHEARD: usize = 1_024;

/// One connection, and what came of everything it was asked.
struct Dialogue<'a> {
    client: &'a Client,
    connection: String,
    answers: &'a mut Answers,
    /// Answers as they come, each with the stream it came on.
    heard: mpsc::Receiver<(&'static str, Value)>,
    tell: mpsc::Sender<(&'static str, Value)>,
    readers: JoinSet<()>,
    asked: u64,
}

/// Talks to the server, about everything a connection can ask for.
pub(super) async fn hold(client: &Client, workspace: &str, answers: &mut Answers) -> anyhow::Result<()> {
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": 1}});
    let greeting = client.post("/acp", &hello).await?;
    let connection = greeting.header("acp-connection-id").context("a connection has an id")?.to_owned();
    let (tell, heard) = mpsc::channel(MOST_UNHEARD);
    let mut dialogue = Dialogue { client, connection, answers, heard, tell, readers: JoinSet::new(), asked: 0 };
    dialogue.note("initialize", &greeting)?;
    dialogue.listen("the connection", &[]).await?;
    dialogue.listen("a session of nobody", &[("acp-session-id", "nobody")]).await?;
    let created = dialogue.ask("session/new", json!({"cwd": workspace, "mcpServers": []})).await?;
    let session = created["sessionId"].as_str().context("a session has an id")?.to_owned();
    dialogue.listen("the session", &[("acp-session-id", &session)]).await?;
    dialogue.talk(&session, workspace).await?;
    dialogue.vendor(&session).await?;
    dialogue.leave(&session).await
}

impl Dialogue<'_> {
    /// The standard methods, well and badly asked.
    async fn talk(&mut self, session: &str, workspace: &str) -> anyhow::Result<()> {
        let text = json!([{"type": "text", "text": "hello"}]);
        let unknown = "00000000-0000-4000-8000-000000000000";
        for (method, params) in [
            ("session/list", json!({})),
            ("session/prompt", json!({"sessionId": session, "prompt": text})),
            ("session/prompt", json!({"sessionId": session, "prompt": "text"})),
            ("session/prompt", json!({"prompt": text})),
            ("session/prompt", json!({"sessionId": unknown, "prompt": text})),
            ("session/set_mode", json!({"sessionId": session, "modeId": "plan"})),
            ("session/set_mode", json!({"sessionId": session, "modeId": "never"})),
            ("session/set_mode", json!({"sessionId": session})),
            ("session/set_model", json!({"sessionId": session, "modelId": "no-such-model"})),
            ("session/set_model", json!({"sessionId": session})),
            ("session/set_config_option", json!({"sessionId": session, "configId": "mode", "value": "default"})),
            ("session/set_config_option", json!({"sessionId": session, "configId": "taste", "value": "sweet"})),
            ("session/cancel", json!({"sessionId": session})),
            ("session/cancel", json!({"sessionId": unknown})),
            ("session/load", json!({"sessionId": session, "cwd": workspace, "mcpServers": []})),
            ("session/load", json!({"sessionId": unknown, "cwd": workspace, "mcpServers": []})),
            ("session/resume", json!({"sessionId": session, "cwd": workspace, "mcpServers": []})),
            ("session/resume", json!({})),
            ("session/new", json!({"cwd": "/somewhere/else", "mcpServers": []})),
            ("session/new", json!({"cwd": 7, "mcpServers": []})),
            ("authenticate", json!({"methodId": "none"})),
            ("no/such/method", json!({})),
        ] {
            self.ask(method, params).await?;
        }
        Ok(())
    }

    /// Every vendor method Roost has, as it should be asked and with nothing said.
    async fn vendor(&mut self, session: &str) -> anyhow::Result<()> {
        let mut group = Value::Null;
        for method in VendorMethod::ALL.iter().filter(|method| is_served(method)) {
            let (params, nothing) = (good(method, session, &group), json!({}));
            let needs_nothing = params == nothing;
            let said = self.ask(method.name, params).await?;
            if method.name.ends_with("session_groups/create") {
                group = said.pointer("/group/id").cloned().unwrap_or_default();
            }
            if !needs_nothing {
                self.ask(method.name, nothing).await?;
            }
        }
        Ok(())
    }

    async fn leave(&mut self, session: &str) -> anyhow::Result<()> {
        self.ask("session/close", json!({"sessionId": session})).await?;
        self.ask("session/close", json!({"sessionId": session})).await?;
        let end = self.client.request(Method::DELETE, "/acp").header("acp-connection-id", &self.connection);
        let end = self.client.send(end.body(Full::default())?).await?;
        self.note("the end", &end)?;
        // That it ends is told before it has ended.
        let after = until("the connection to be gone", async || {
            let answer = self.post(&json!({"jsonrpc": "2.0", "id": 1, "method": "session/list"})).await?;
            Ok(Some(answer).filter(|answer| answer.status != 202))
        })
        .await?;
        self.note("after the end", &after)
    }

    /// Opens a stream, and hears whatever answers come on it from now on.
    async fn listen(&mut self, place: &'static str, headers: &[(&'static str, &str)]) -> anyhow::Result<()> {
        let request = self.client.event_stream("/acp").header("accept", "text/event-stream");
        let request = request.header("acp-connection-id", &self.connection);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        let seen = match request.try_open().await? {
            Err(refused) => Seen::of(&refused),
            Ok(stream) => {
                self.readers.spawn(read(stream, place, self.tell.clone()));
                Seen { status: 200, code: None, shape: None }
            }
        };
        self.keep(&format!("the stream of {place}"), seen)
    }

    /// Asks, waits for the answer on whichever stream, and returns its result.
    async fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.asked += 1;
        let id = self.asked;
        let members: Vec<&str> = params.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let name = self.new_name(&format!("{method} with {}", members.join(", ")));
        let receipt = self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await?;
        if receipt.status != 202 {
            self.note(&name, &receipt)?;
            return Ok(Value::Null);
        }
        let (place, mut answer) = within(&format!("the answer to {name}"), self.answer_to(id)).await??;
        let code = answer.pointer("/error/code").map(Value::to_string);
        if let Some(members) = answer.as_object_mut() {
            members.retain(|name, _| name == "result" || name == "error");
        }
        let shape = Some(Shape::of(&masked(json!({ place: answer }))));
        self.keep(&name, Seen { status: receipt.status, code, shape })?;
        Ok(answer["result"].take())
    }

    async fn answer_to(&mut self, id: u64) -> anyhow::Result<(&'static str, Value)> {
        loop {
            let (place, message) = self.heard.recv().await.context("the streams have ended")?;
            if message["id"] == id {
                return Ok((place, message));
            }
        }
    }

    async fn post(&self, message: &Value) -> anyhow::Result<Response> {
        let request = self.client.request(Method::POST, "/acp").header("content-type", "application/json");
        let request = request.header("acp-connection-id", &self.connection);
        self.client.send(request.body(Full::from(message.to_string()))?).await
    }

    fn note(&mut self, name: &str, answer: &Response) -> anyhow::Result<()> {
        self.keep(name, Seen::of(answer))
    }

    /// The name, with a number where it has been used.
    fn new_name(&self, name: &str) -> String {
        let names = (1_u32..).map(|time| if time == 1 { name.to_owned() } else { format!("{name}, time {time}") });
        let mut unused = names.filter(|name| !self.answers.contains_key(&format!("ACP {name}")));
        unused.next().unwrap_or_default()
    }

    fn keep(&mut self, name: &str, seen: Seen) -> anyhow::Result<()> {
        let before = self.answers.insert(format!("ACP {name}"), seen);
        anyhow::ensure!(before.is_none(), "two steps are called {name}");
        Ok(())
    }
}

/// Passes on what is an answer.
async fn read(mut stream: EventStream, place: &'static str, tell: mpsc::Sender<(&'static str, Value)>) {
    while let Ok(Some(frame)) = stream.next_frame().await {
        let sse::Frame::Event(event) = frame else { continue };
        let Ok(message) = serde_json::from_str::<Value>(&event.data) else { continue };
        let is_answer = message.get("method").is_none() && message.get("id").is_some();
        if is_answer && tell.send((place, message)).await.is_err() {
            return;
        }
    }
}

/// Whether Roost has the route behind it. What ends the conversation about a session is none of this.
fn is_served(method: &VendorMethod) -> bool {
    let (verb, path) = method.sample(&Scope { workspace: "w".into(), is_qualified: false });
    method.name != "_qwen/session/detach" && routes::taken_by(verb.as_str(), &path).is_some()
}

fn good(method: &VendorMethod, session: &str, group: &Value) -> Value {
    let mut params = match method.name {
        "_qwen/session/update_metadata" => json!({"displayName": "A name"}),
        "_qwen/session/update_organization" => json!({"sessionId": session, "isPinned": true}),
        "_qwen/session/shell" => json!({"command": "echo hello"}),
        "_qwen/session/artifacts/add" => json!({"title": "Over ACP", "url": "https://example.org/acp"}),
        "_qwen/session/artifacts/remove" => json!({"artifactId": "nothing"}),
        "_qwen/workspace/session_groups/create" => json!({"name": "Over ACP", "color": "blue"}),
        "_qwen/workspace/session_groups/update" => json!({"groupId": group, "name": "Renamed over ACP"}),
        "_qwen/workspace/session_groups/delete" => json!({"groupId": group}),
        "_qwen/workspace/trust/request" => json!({"desiredState": "trusted"}),
        "_qwen/workspace/permissions/set" => json!({"scope": "workspace", "ruleType": "allow", "rules": []}),
        "_qwen/workspace/set_tool_enabled" => json!({"toolName": "read_file", "enabled": true}),
        "_qwen/workspace/auth/device_flow/start" => json!({"providerId": "nobody"}),
        "_qwen/workspace/auth/device_flow/get" | "_qwen/workspace/auth/device_flow/cancel" => json!({"id": "nothing"}),
        "_qwen/file/read" | "_qwen/file/read_bytes" | "_qwen/file/stat" => json!({"path": "hello.txt"}),
        "_qwen/file/list" => json!({"path": "."}),
        "_qwen/file/glob" => json!({"pattern": "*.txt"}),
        "_qwen/file/write" => json!({"path": "acp.txt", "content": "x", "mode": "create"}),
        "_qwen/file/edit" => json!({"path": "acp.txt", "oldText": "x", "newText": "y", "expectedHash": "sha256:0"}),
        "_qwen/sessions/delete" | "_qwen/sessions/archive" | "_qwen/sessions/unarchive" => {
            json!({"sessionIds": ["nobody"]})
        }
        _ => json!({}),
    };
    if method.needs_session() {
        params["sessionId"] = json!(session);
    }
    params
}
