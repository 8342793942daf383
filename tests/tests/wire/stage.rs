//! A daemon with a session that has had a turn, and everything there is to be seen of it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use http_body_util::Full;
use hyper::Method;
use roost_core::{EventType, client::segment};
use roost_tests::{
    client::{Client, Response, events::Cursor},
    daemon::{Daemon, Setup, TOKEN},
    deadline::within,
    routes::{Names, Route},
};
use serde_json::{Value, json};

pub(crate) struct Stage {
    pub(crate) daemon: Daemon,
    /// One of the session's clients.
    pub(crate) client: Client,
    pub(crate) session: String,
    /// Percent-encoded.
    pub(crate) workspace: String,
}

/// What there is to be seen of a daemon, before and after.
#[derive(Debug, PartialEq)]
pub(crate) struct Sight {
    /// Every event on the session's stream.
    events: Vec<String>,
    /// What routes tell of everything that routes change.
    told: BTreeMap<String, Value>,
    /// Every file of the workspace and of the daemon's home, its log aside.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What tells of everything a route could have changed.
const TOLD: &[&str] = &[
    "/capabilities",
    "/health?deep=1",
    "/workspace-registrations",
    "/workspace/settings",
    "/workspace/permissions",
    "/workspace/tools",
    "/workspace/trust",
    "/workspace/auth/status",
    "/workspaces/{workspace}/session-groups",
    "/workspaces/{workspace}/session-info",
    "/workspaces/{workspace}/sessions?view=organized&size=100",
    "/workspaces/{workspace}/sessions?archiveState=archived&size=100",
    "/workspaces/{workspace}/sessions/live-state",
    "/session/{session}/status",
    "/session/{session}/context",
    "/session/{session}/pending-prompts",
    "/session/{session}/mid-turn-messages",
    "/session/{session}/turns/current",
    "/session/{session}/_meta",
    "/session/{session}/artifacts",
];

/// What moves by being looked at.
const RESTLESS: &[&str] = &["lastActivityAt", "idleSinceMs", "connectedClients", "generatedAt"];

impl Stage {
    /// A daemon that has everything switched on, with one session whose turn is over.
    pub(crate) async fn set() -> anyhow::Result<Self> {
        Self::set_with(Setup::new().arg("--enable-session-shell")).await
    }

    pub(crate) async fn set_with(setup: Setup) -> anyhow::Result<Self> {
        let daemon = setup.start().await?;
        fs::write(daemon.workspace().join("hello.txt"), "hello\nworld\n")?;
        let client = daemon.client()?;
        let created = client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
        let text =
            |name: &str| created[name].as_str().map(str::to_owned).with_context(|| format!("a session has {name}"));
        let (session, client) = (text("sessionId")?, client.with_client_id(text("clientId")?));
        client.turn(&session, "hello").await?;
        let workspace = segment(&daemon.workspace().display().to_string());
        Ok(Self { daemon, client, session, workspace })
    }

    pub(crate) fn path(&self, path: &str) -> String {
        path.replace("{session}", &self.session).replace("{workspace}", &self.workspace)
    }

    /// A route of this stage's own session and workspace.
    pub(crate) fn named(&self, route: &Route) -> String {
        route.named(Names { session: &self.session, workspace: &self.workspace, other: "nothing" })
    }

    /// The request with these headers beside (or, same name, instead of) the client's own; a fresh connection.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<String> {
        let host = self.daemon.address().to_string();
        let bearer = format!("Bearer {TOKEN}");
        let mut head = vec![("Host", host.as_str()), ("Authorization", &bearer), ("Connection", "close")];
        head.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        head.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        let length = body.len().to_string();
        head.push(("Content-Length", &length));
        let lines: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("{method} {} HTTP/1.1\r\n{lines}\r\n{body}", self.path(path));
        self.client.raw(request.as_bytes()).await
    }

    /// What is there once nothing moves any more.
    pub(crate) async fn settled(&self) -> anyhow::Result<Sight> {
        let settled = async {
            let mut last = self.look().await?;
            loop {
                let now = self.look().await?;
                if now == last {
                    return Ok(now);
                }
                last = now;
            }
        };
        within("the daemon to be at rest", settled).await?
    }

    /// Fails unless everything is as it was.
    pub(crate) async fn expect_untouched(&self, before: &Sight) -> anyhow::Result<()> {
        let now = self.look().await?;
        anyhow::ensure!(now.events == before.events, "the stream went on: {:?}", now.events.last());
        for (path, told) in &before.told {
            anyhow::ensure!(now.told[path] == *told, "{path} was\n{told}\nand is\n{}", now.told[path]);
        }
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        anyhow::ensure!(
            names(&now.files) == names(&before.files),
            "{:?} were there, {:?} are",
            names(&before.files),
            names(&now.files)
        );
        let touched = before.files.iter().find(|(path, bytes)| now.files[*path] != **bytes);
        anyhow::ensure!(touched.is_none(), "{:?} was written to", touched.map(|(path, _)| path));
        Ok(())
    }

    async fn look(&self) -> anyhow::Result<Sight> {
        let mut stream = self.client.events(&self.session).from(Cursor::START).open().await?;
        let replay = stream.until_type(EventType::ReplayComplete).await?;
        let events = replay.iter().filter(|event| event.id.is_some());
        let events = events.map(|event| format!("{:?} {} {}", event.id, event.kind.as_str(), event.data)).collect();
        drop(stream);
        let mut told = BTreeMap::new();
        for path in TOLD {
            let answer = self.client.get(&self.path(path)).await?.ok().with_context(|| format!("GET {path}"))?;
            told.insert((*path).to_owned(), at_rest(answer));
        }
        let mut files = BTreeMap::new();
        for folder in [self.daemon.workspace(), self.daemon.home()] {
            read_below(&folder, &mut files)?;
        }
        Ok(Sight { events, told, files })
    }
}

fn at_rest(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.retain(|name, _| !RESTLESS.contains(&name.as_str()));
    }
    answer
}

fn read_below(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> anyhow::Result<()> {
    if folder.ends_with("roost/log") {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_below(&path, files)?;
            // An empty folder is a trace, too.
            files.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path)?;
            files.insert(path, bytes);
        }
    }
    Ok(())
}

pub(crate) fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

pub(crate) fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// Sends the body as it is, declared as JSON or, where the route takes bytes, as those.
pub(crate) async fn send(client: &Client, route: &Route, path: &str, body: String) -> anyhow::Result<Response> {
    let kind = if route.takes_bytes() { "application/octet-stream" } else { "application/json" };
    let request = client.request(Method::from_bytes(route.method.as_bytes())?, path).header("content-type", kind);
    client.send(request.body(Full::from(body))?).await
}
