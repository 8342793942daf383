//! A daemon, and what its tests look at beside answers: files, and events with who caused them.

use std::{fs, path::PathBuf};

use anyhow::Context;
use roost_core::{ClientId, Envelope, EventType};
use roost_tests::{
    client::{
        Client, Response,
        events::{Cursor, EventStream},
    },
    scripted_agent::AgentScript,
};
use serde_json::{Value, json};

use crate::host::{Host, saying};

/// A daemon with an agent that is silent about itself.
pub(crate) async fn daemon() -> anyhow::Result<Host> {
    Host::start(saying(&[])).await
}

/// An agent that answers these methods.
pub(crate) fn agent(extensions: &[(&str, Value)]) -> AgentScript {
    let extensions = extensions.iter().map(|(method, result)| ((*method).to_owned(), result.clone())).collect();
    AgentScript { extensions, ..saying(&[]) }
}

/// A live session, its client under the name the daemon gave it, and its events from the beginning.
pub(crate) async fn listener(host: &Host) -> anyhow::Result<(Client, String, EventStream)> {
    let client = host.client();
    let made = client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    let (session, id) = (made["sessionId"].as_str().context("an id")?, made["clientId"].as_str().context("a client")?);
    let events = client.events(session).from(Cursor::START).open().await?;
    Ok((client.clone().with_client_id(id), id.to_owned(), events))
}

/// The next event of this type.
pub(crate) async fn next(events: &mut EventStream, kind: &EventType) -> anyhow::Result<Envelope> {
    events.until(|event| event.kind == *kind).await?.pop().context("the stream ended")
}

/// The user's settings file.
pub(crate) fn user_file(host: &Host) -> PathBuf {
    host.config.home.join("settings.json")
}

/// The workspace's settings file.
pub(crate) fn workspace_file(host: &Host) -> PathBuf {
    host.config.workspace.join(".qwen/settings.json")
}

/// Puts a text where settings are, with the folder.
pub(crate) fn put(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    Ok(fs::write(path, text)?)
}

/// Turns folder trust on; `level` is the workspace's own rule.
pub(crate) fn trust(host: &Host, level: Option<&str>) -> anyhow::Result<()> {
    put(&user_file(host), r#"{"security":{"folderTrust":{"enabled":true}}}"#)?;
    let folder = host.config.workspace.to_str().context("UTF-8")?;
    let rules = level.map_or_else(|| json!({}), |level| json!({folder: level}));
    Ok(fs::write(host.config.home.join("trustedFolders.json"), rules.to_string())?)
}

/// Who caused it.
pub(crate) fn originator(event: &Envelope) -> Option<&str> {
    event.originator_client_id.as_ref().map(ClientId::as_str)
}

/// Status and code.
pub(crate) fn code(answer: &Response) -> (u16, String) {
    (answer.status, answer.code().unwrap_or_default())
}
