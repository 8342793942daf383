//! A server with what the cases need: a workspace with a file and a commit, a session with a finished turn, an identity provider.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context, bail};
use http_body_util::Full;
use hyper::Method;
use serde_json::{Value, json};

use super::{Answers, Seen, cases::Case, dialogue, upgrade, words::Words};
use crate::{
    candidate::{Candidate, Environment, Place},
    client::{Client, Response, record::Record},
    deadline::until,
    description::Description,
    fake_model::{FakeModel, Script},
    git,
    identity_provider::{IdentityProvider, Terms},
};

const TOKEN: &str = "the-token-of-the-comparison";

/// Codes that nobody enters while a comparison runs.
const TERMS: Terms = Terms { expires_in: Some(600), interval: Some(60) };

/// What the model says, and what the user has set.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) script: Script,
    pub(super) settings: Value,
}

/// A running server, asked with a token.
pub(super) struct Stage {
    server: Candidate,
    client: Client,
    words: Words,
    model: FakeModel,
    _provider: IdentityProvider,
}

impl Stage {
    pub(super) async fn set(words: &[&str], record: &Record, play: Play) -> anyhow::Result<Self> {
        let place = Place::new("roost-conformance-")?;
        let (workspace, second) = (place.workspace(), place.root().join("second"));
        fs::create_dir(&second)?;
        fs::write(workspace.join("hello.txt"), "hello\nworld\n")?;
        commit(&workspace)?;
        let home = place.root().join("home");
        fs::create_dir(&home)?;
        fs::write(home.join("settings.json"), play.settings.to_string())?;
        let model = FakeModel::start(play.script).await?;
        let provider = IdentityProvider::start(TERMS).await?;
        let providers = place.root().join("identity-providers.json");
        fs::write(&providers, json!([provider.entry("qwen-oauth")]).to_string())?;
        let words = words.iter().map(|word| word.replace("{identity_providers}", &providers.display().to_string()));
        let environment = Environment { token: TOKEN, model: &model.base_url() };
        let server = place.start(words, environment, Stdio::null())?;
        let client = Client::new(server.address()).with_token(TOKEN).recorded(record);
        let mut known = Words::default();
        known.put("WORKSPACE", workspace.display().to_string());
        known.put("SECOND", second.display().to_string());
        let mut stage = Self { server, client, words: known, model, _provider: provider };
        stage.prepare().await?;
        Ok(stage)
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let Self { server, client, .. } = self;
        until("the server to be healthy", async || {
            if let Some(status) = server.ended()? {
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

    /// Let in, and named nothing.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn workspace(&self) -> &Path {
        Path::new(self.words.get("WORKSPACE"))
    }

    pub(super) fn model(&self) -> &FakeModel {
        &self.model
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
    for words in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "-m", "the first"]] {
        git::run(folder, words)?;
    }
    Ok(())
}
