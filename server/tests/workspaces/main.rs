//! Several workspaces through the daemon's own door: how they come and go, and that nothing of one is found in another.

mod agent;
mod gates;
#[path = "../sessions/host.rs"]
#[allow(dead_code, reason = "the tests of sessions use the rest")]
mod host;
mod registering;
mod removing;
mod separation;

use std::path::{Path, PathBuf};

use anyhow::Context;
use http_body_util::Full;
use hyper::{Method, header};
use roost_tests::{
    client::{Client, Response},
    scripted_agent::{AgentScript, Spoken, Step},
};
use serde_json::{Value, json};

use crate::host::Host;

/// A folder beside the primary workspace.
pub(crate) fn folder(host: &Host, name: &str) -> anyhow::Result<PathBuf> {
    let path = host.config.workspace.parent().context("the workspace lies in a folder")?.join(name);
    std::fs::create_dir_all(&path)?;
    Ok(path.canonicalize()?)
}

/// Registers a folder and returns the workspace's id.
pub(crate) async fn register(client: &Client, cwd: &Path) -> anyhow::Result<String> {
    let workspace = client.post("/workspaces", &json!({"cwd": cwd})).await?.ok()?;
    Ok(workspace["id"].as_str().context("a workspace has an id")?.to_owned())
}

/// A session of its own in the workspace at `cwd`.
pub(crate) async fn session_in(client: &Client, cwd: &Path) -> anyhow::Result<String> {
    let session = client.post("/session", &json!({"sessionScope": "thread", "cwd": cwd})).await?.ok()?;
    assert_eq!(session["workspaceCwd"], json!(cwd));
    Ok(session["sessionId"].as_str().context("a session has an id")?.to_owned())
}

/// A daemon whose agents do what each prompt says.
pub(crate) async fn spoken() -> anyhow::Result<Host> {
    Host::start(AgentScript::spoken()).await
}

/// A prompt that makes the agent do this.
pub(crate) fn spoken_prompt(name: &str, turn: Vec<Step>) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&Spoken { name: name.to_owned(), turn })?)
}

/// What the daemon says it can do.
pub(crate) async fn capabilities(client: &Client) -> anyhow::Result<Value> {
    client.get("/capabilities").await?.ok()
}

/// The `features` among them.
pub(crate) fn has_feature(capabilities: &Value, tag: &str) -> bool {
    capabilities["features"].as_array().is_some_and(|features| features.iter().any(|feature| feature == tag))
}

/// A path as one segment of a URL.
pub(crate) fn segment(path: &Path) -> String {
    path.display().to_string().replace('/', "%2F")
}

/// `DELETE` with a body.
pub(crate) async fn delete(client: &Client, path: &str, body: &Value) -> anyhow::Result<Response> {
    let request = client.request(Method::DELETE, path).header(header::CONTENT_TYPE, "application/json");
    client.send(request.body(Full::from(body.to_string()))?).await
}

/// The processes that work in a folder now.
pub(crate) fn processes_in(folder: &Path) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let works_there = |pid: &i32| {
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd"));
        cwd.is_ok_and(|cwd| cwd == folder) && roost_tests::processes::is_alive(*pid)
    };
    pids.filter(works_there).collect()
}
