//! A server with what the cases need: a workspace with a file and a commit, a session with a finished turn, an identity provider.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail, ensure};
use http_body_util::Full;
use hyper::Method;
use serde_json::json;
use tempfile::TempDir;

use super::{Answers, Seen, cases::Case, dialogue, upgrade, words::Words};
use crate::{
    client::{Client, Response, record::Record},
    deadline::until,
    description::Description,
    fake_model::{FakeModel, Script, Step},
    identity_provider::{IdentityProvider, Terms},
    processes,
};

const TOKEN: &str = "the-token-of-the-comparison";

/// Codes that nobody enters while a comparison runs.
const TERMS: Terms = Terms { expires_in: Some(600), interval: Some(60) };

/// A running server, asked with a token. Dropping it kills its whole process tree.
pub(super) struct Stage {
    process: Child,
    client: Client,
    words: Words,
    _model: FakeModel,
    _provider: IdentityProvider,
    _scratch: TempDir,
}

impl Stage {
    pub(super) async fn set(words: &[&str], record: &Record) -> anyhow::Result<Self> {
        let scratch = TempDir::with_prefix("roost-conformance-")?;
        let root = scratch.path().canonicalize()?;
        let (workspace, second) = (root.join("workspace"), root.join("second"));
        fs::create_dir(&workspace)?;
        fs::create_dir(&second)?;
        fs::write(workspace.join("hello.txt"), "hello\nworld\n")?;
        commit(&workspace)?;
        let model = FakeModel::start(Script::always(vec![Step::text("An answer.")])).await?;
        let provider = IdentityProvider::start(TERMS).await?;
        let providers = root.join("identity-providers.json");
        fs::write(&providers, json!([provider.entry("qwen-oauth")]).to_string())?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let fill = |word: &&str| {
            let word = word.replace("{port}", &port.to_string());
            let word = word.replace("{workspace}", &workspace.display().to_string());
            word.replace("{identity_providers}", &providers.display().to_string())
        };
        let mut command = words.iter().map(fill);
        let process = Command::new(command.next().context("the command line is empty")?)
            .args(command)
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
        let client = Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).with_token(TOKEN).recorded(record);
        let mut known = Words::default();
        known.put("WORKSPACE", workspace.display().to_string());
        known.put("SECOND", second.display().to_string());
        let mut stage = Self { process, client, words: known, _model: model, _provider: provider, _scratch: scratch };
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
        self.open_session().await
    }

    /// A session of this stage's own, with a turn behind it.
    async fn open_session(&mut self) -> anyhow::Result<()> {
        let created = self.client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
        for (member, word) in [("sessionId", "SESSION"), ("clientId", "CLIENT")] {
            self.words.put(word, created[member].as_str().with_context(|| format!("a session has {member}"))?);
        }
        self.client.turn(self.words.get("SESSION"), "hello").await?;
        Ok(())
    }

    pub(super) async fn description(&self) -> anyhow::Result<Description> {
        Description::of(&self.client).await
    }

    pub(super) async fn send(&mut self, case: &Case) -> anyhow::Result<Seen> {
        let path = self.words.fill_path(&case.path);
        let body = self.words.fill(&case.body);
        let mut request = self.client.request(Method::from_bytes(case.method.as_bytes())?, &path);
        request = request.header("content-type", case.content_type);
        for (name, value) in &case.headers {
            request = request.header(*name, self.words.fill(value));
        }
        let answer = if case.is_stream {
            self.client.head(request.body(Full::from(body))?).await?
        } else {
            self.client.send(request.body(Full::from(body))?).await?
        };
        self.words.learn(case, &answer);
        if case.ends_the_session {
            self.open_session().await?;
        } else if case.method != "GET" {
            self.settle(case, &path, &answer).await?;
        }
        Ok(Seen::of(&answer))
    }

    /// Talks to `/acp`.
    pub(super) async fn converse(&mut self, answers: &mut Answers) -> anyhow::Result<()> {
        dialogue::hold(&self.client, self.words.get("WORKSPACE"), answers).await?;
        upgrade::ask(self.client.address(), TOKEN, answers).await
    }

    /// Waits until nothing is under way, so that the next answer does not depend on how fast the last prompt was, and closes sessions
    /// that nobody needs, so that there is room for others.
    async fn settle(&self, case: &Case, path: &str, answer: &Response) -> anyhow::Result<()> {
        let own = self.words.get("SESSION");
        let created = answer.json()["sessionId"].as_str().unwrap_or(own).to_owned();
        if case.path == "/session" && !case.keeps_its_session && created != own {
            self.client.delete(&format!("/session/{created}")).await?;
        }
        let prompted = path.strip_prefix("/session/").and_then(|rest| rest.split('/').next());
        let busy = prompted.filter(|_| answer.status == 202).unwrap_or(own);
        let path = format!("/session/{busy}/pending-prompts");
        until("the session to be idle", async || {
            let pending = self.client.get(&path).await?.ok()?;
            Ok(pending["pendingPrompts"].as_array().is_some_and(Vec::is_empty).then_some(()))
        })
        .await
    }
}

/// Makes a folder a repository whose files are committed.
fn commit(folder: &Path) -> anyhow::Result<()> {
    for words in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "the first"]] {
        let status = Command::new("git")
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"])
            .args(words)
            .current_dir(folder)
            .status()
            .context("the comparison needs git")?;
        ensure!(status.success(), "git {words:?} ended with {status}");
    }
    Ok(())
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.process.id()) {
            processes::kill_tree(pid);
        }
        let _ = self.process.wait();
    }
}
