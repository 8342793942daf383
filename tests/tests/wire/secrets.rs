//! S5: the token is in nobody's hands but the client's: not in the log, in a file, in a child's command line or environment, in a stream
//! or an answer. And no address of the daemon's leads anywhere else.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use roost_core::client::segment;
use roost_tests::{
    client::{Client, events::Cursor},
    daemon::{Auth, Setup, TOKEN},
    processes,
    scripted_agent::script::Step,
};
use serde_json::json;

use crate::spoken::{Stage, text};

const PROMPT: &str = "what-only-the-agent-is-to-hear";

/// What was said, and the user's settings, which may hold keys.
#[tokio::test]
async fn other_users_of_the_machine_read_nothing_of_what_is_kept() -> anyhow::Result<()> {
    let mut daemon = Setup::new().start().await?;
    fs::set_permissions(daemon.home(), fs::Permissions::from_mode(0o755))?;
    let client = daemon.client()?;
    let sessions = [client.new_session().await?, client.new_session().await?];
    for session in &sessions {
        client.turn(session, PROMPT).await?;
    }
    client.post("/sessions/archive", &json!({"sessionIds": [sessions[0]]})).await?.ok()?;
    client
        .post("/workspace/settings", &json!({"scope": "user", "key": "general.language", "value": "de"}))
        .await?
        .ok()?;
    daemon.stop().await?;
    let mut kept = Vec::new();
    let open = open_to_others(&daemon.home(), &mut kept)?;
    assert!(kept.iter().any(|path| path.ends_with("settings.json")), "{kept:?}");
    assert!(kept.iter().any(|path| path.components().any(|part| part.as_os_str() == "chats")), "{kept:?}");
    assert_eq!(open, Vec::<PathBuf>::new());
    Ok(())
}

/// Files below a folder that somebody else could read, of all the files there are.
fn open_to_others(folder: &Path, all: &mut Vec<PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
    let is_entered = fs::metadata(folder)?.permissions().mode() & 0o011 != 0;
    let mut open = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            open.extend(open_to_others(&path, all)?);
        } else {
            if entry.metadata()?.permissions().mode() & 0o044 != 0 {
                open.push(path.clone());
            }
            all.push(path);
        }
    }
    Ok(if is_entered { open } else { Vec::new() })
}

#[tokio::test]
async fn the_token_is_written_nowhere_and_a_prompt_in_no_log() -> anyhow::Result<()> {
    let setup = Setup::new().arg("--enable-session-shell").env("ROOST_LOG", "debug").env("ROOST_LOG_FILE", "debug");
    let mut stage = Stage::set(setup).await?;
    let client = &stage.client;
    let made = client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    let session = made["sessionId"].as_str().context("a session has an id")?.to_owned();
    let us = client.clone().with_client_id(made["clientId"].as_str().context("its client has one, too")?);
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let accepted = stage.ask(&session, [text(PROMPT), Step::Stderr("a word of the agent's".into())]).await?;
    let mut seen = format!("{:?}", stream.until_end_of(&accepted.prompt_id).await?);
    // Sent where it does not belong, and sent wrongly.
    for path in [format!("/capabilities?token={TOKEN}"), format!("/nowhere/{session}?access_token={TOKEN}")] {
        seen += &client.get(&path).await?.text();
    }
    let stranger = Client::new(stage.daemon.address()).with_token(format!("{TOKEN}x"));
    seen += &stranger.get("/capabilities").await?.text();
    seen += &stranger.post("/auth/exchange", &json!({"code": TOKEN})).await?.text();
    let printed = us.post(&format!("/session/{session}/shell"), &json!({"command": "env"})).await?.ok()?;
    seen += &printed.to_string();
    let workspace = segment(&stage.daemon.workspace().display().to_string());
    for path in [
        "/capabilities",
        "/daemon/status?detail=full",
        "/metrics",
        "/openapi.json",
        "/workspace/env",
        "/workspace/preflight",
        "/workspace/settings",
        &format!("/workspace/{workspace}/sessions"),
        &format!("/session/{session}/transcript"),
        &format!("/session/{session}/export?format=html"),
        &format!("/session/{session}/export?format=json"),
    ] {
        seen += &client.get(path).await?.text();
    }
    assert!(!seen.contains(TOKEN), "an answer, an event or the environment of a command");
    for pid in agents(&stage)? {
        for file in ["environ", "cmdline"] {
            let text = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/{file}"))?).into_owned();
            assert!(!text.contains(TOKEN), "{file} of the agent");
        }
    }
    let commands = fs::read(format!("/proc/{}/cmdline", stage.daemon.pid()?))?;
    assert!(!String::from_utf8_lossy(&commands).contains(TOKEN), "the daemon's own command line");

    stage.daemon.stop().await?;
    let log = stage.daemon.log();
    assert!(log.contains("/capabilities"), "requests are logged: {log}");
    assert!(!log.contains(TOKEN) && !log.contains(PROMPT), "{log}");
    assert_eq!(holding(&stage.daemon.home(), TOKEN)?, [""; 0], "no file holds the token");
    assert_eq!(holding(&stage.daemon.home().join("roost/log"), PROMPT)?, [""; 0], "no log holds a prompt");
    assert_ne!(holding(&stage.daemon.home(), PROMPT)?, [""; 0], "the search finds what is there");
    Ok(())
}

/// The agents themselves: what else runs for a moment may be gone before it is looked at.
fn agents(stage: &Stage) -> anyhow::Result<Vec<i32>> {
    let agents = processes::descendants_named(stage.daemon.pid()?, "scripted-agent");
    anyhow::ensure!(!agents.is_empty(), "an agent runs");
    Ok(agents)
}

/// The files below `folder` that hold `text`.
fn holding(folder: &Path, text: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holding(&path, text)?);
        } else if String::from_utf8_lossy(&fs::read(&path)?).contains(text) {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}

#[tokio::test]
async fn no_address_leads_to_another_host() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let (client, address) = (daemon.client()?, daemon.address());
    for target in [
        "//evil.test",
        "//evil.test/",
        "//evil.test/%2e%2e",
        "/\\evil.test",
        "/%2f%2fevil.test",
        "/%5cevil.test",
        "/.//evil.test",
        "/..//evil.test/",
        "/assets//evil.test",
        "/session//evil.test",
        "/?next=//evil.test",
        "/index.html/",
    ] {
        for accept in ["text/html", "*/*"] {
            let request = format!(
                "GET {target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
            );
            let answer = client.raw(request.as_bytes()).await?;
            let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
            let status = head.split(' ').nth(1).unwrap_or_default();
            assert!(!status.starts_with('3') && !head.contains("\r\nlocation:"), "{target}: {head}");
            assert!(!head.contains("\r\nrefresh:") && !head.contains("evil.test"), "{target}: {head}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_was_generated_at_the_first_start_reaches_no_child_either() -> anyhow::Result<()> {
    let mut stage = Stage::set(Setup::new().auth(Auth::Generated).env("ROOST_LOG", "debug")).await?;
    let token = stage.daemon.generated_token()?;
    let session = stage.client.new_session().await?;
    stage.turn(&session, [text("hello")]).await?;
    for pid in agents(&stage)? {
        let environment = fs::read(format!("/proc/{pid}/environ"))?;
        assert!(!String::from_utf8_lossy(&environment).contains(&token));
    }
    stage.daemon.stop().await?;
    assert!(!stage.daemon.log().contains(&token));
    let holding = holding(&stage.daemon.home(), &token)?;
    assert!(matches!(holding.as_slice(), [file] if file.ends_with("roost/token")), "{holding:?}");
    Ok(())
}
