//! A server with what the cases need: a workspace with a file and a commit, a session with a finished turn, a group.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::Method;
use roost_core::client::segment;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Seen, Shape, cases::Case};
use crate::{
    client::{Client, Response},
    deadline::until,
    fake_model::{FakeModel, Script, Step},
    processes,
    routes::Names,
};

const TOKEN: &str = "the-token-of-the-comparison";

/// A running server, asked with a token. Dropping it kills its whole process tree.
pub(super) struct Stage {
    process: Child,
    client: Client,
    session: String,
    workspace: String,
    _model: FakeModel,
    _scratch: TempDir,
}

impl Stage {
    pub(super) async fn set(words: &[&str]) -> anyhow::Result<Self> {
        let scratch = TempDir::with_prefix("roost-conformance-")?;
        let workspace = scratch.path().join("workspace");
        fs::create_dir(&workspace)?;
        fs::write(workspace.join("hello.txt"), "hello\nworld\n")?;
        let workspace = workspace.canonicalize()?;
        let model = FakeModel::start(Script::always(vec![Step::text("An answer.")])).await?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let fill = |word: &&str| {
            word.replace("{port}", &port.to_string()).replace("{workspace}", &workspace.display().to_string())
        };
        let mut words = words.iter().map(fill);
        let process = Command::new(words.next().context("the command line is empty")?)
            .args(words)
            .current_dir(&workspace)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", scratch.path())
            .env("QWEN_HOME", scratch.path().join("home"))
            .env("QWEN_SERVER_TOKEN", TOKEN)
            .env("OPENAI_API_KEY", "sk-fake")
            .env("OPENAI_BASE_URL", model.base_url())
            .env("OPENAI_MODEL", "fake-model")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("the server cannot be started")?;
        let client = Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).with_token(TOKEN);
        let workspace = workspace.display().to_string();
        let mut stage = Self { process, client, session: String::new(), workspace, _model: model, _scratch: scratch };
        stage.prepare().await?;
        Ok(stage)
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let Self { process, client, .. } = self;
        until("the server to be healthy", async || {
            if let Some(status) = process.try_wait()? {
                bail!("the server ended at its start with {status}");
            }
            Ok(client.get("/health").await.ok().filter(|response| response.status == 200))
        })
        .await?;
        self.session = self.client.new_session().await?;
        self.client.turn(&self.session, "hello").await?;
        Ok(())
    }

    pub(super) async fn send(&mut self, case: &Case) -> anyhow::Result<Seen> {
        let workspace = segment(&self.workspace);
        let path = case.route.named(Names { session: &self.session, workspace: &workspace, other: "nothing" });
        let path = path.replace("SESSION", &self.session).replace("WORKSPACE", &workspace);
        let body = case.body.replace("WORKSPACE", &self.workspace).replace("SESSION", &self.session);
        let mut request = self.client.request(Method::from_bytes(case.route.method.as_bytes())?, &path);
        request = request.header("content-type", case.content_type);
        for (name, value) in &case.headers {
            request = request.header(*name, *value);
        }
        let answer = if case.is_stream {
            self.client.head(request.body(Full::from(body))?).await?
        } else {
            self.client.send(request.body(Full::from(body))?).await?
        };
        if case.ends_the_session {
            self.session = self.client.new_session().await?;
            self.client.turn(&self.session, "hello").await?;
        } else if case.route.method != "GET" {
            self.settle().await?;
        }
        Ok(seen(&answer))
    }

    /// Waits until nothing is under way, so that the next answer does not depend on how fast the last prompt was.
    async fn settle(&self) -> anyhow::Result<()> {
        let path = format!("/session/{}/pending-prompts", self.session);
        until("the session to be idle", async || {
            let pending = self.client.get(&path).await?.ok()?;
            Ok(pending["pendingPrompts"].as_array().is_some_and(Vec::is_empty).then_some(()))
        })
        .await
    }
}

fn seen(answer: &Response) -> Seen {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let code = body.as_ref().and_then(|body| match &body["code"] {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    });
    Seen { status: answer.status, code, shape: body.map(|body| Shape::of(&masked(body))) }
}

/// Maps whose keys are data become maps with one key, so that only their values' shape is compared.
fn masked(body: Value) -> Value {
    match body {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("models" | "byName", Value::Object(inner)) if inner.values().all(Value::is_object) => {
                    let inner = inner.into_iter().next().map(|(_, value)| masked(value));
                    (name, inner.map_or_else(|| json!({}), |value| json!({"*": value})))
                }
                // Which events there are follows from how the agent goes about it; what one looks like is core's affair.
                ("compactedReplay" | "liveJournal" | "events", Value::Array(mut events)) => {
                    for event in events.iter_mut().filter_map(Value::as_object_mut) {
                        event.retain(|name, _| matches!(name.as_str(), "v" | "type" | "data"));
                        event.insert("data".to_owned(), json!({}));
                    }
                    (name, masked(Value::Array(events)))
                }
                (_, value) => (name, masked(value)),
            })
            .collect(),
        Value::Array(elements) => elements.into_iter().map(masked).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.process.id()) {
            processes::kill_tree(pid);
        }
        let _ = self.process.wait();
    }
}
