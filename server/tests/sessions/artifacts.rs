//! `/session/:id/artifacts`.

use std::{fs, os::unix::fs::symlink};

use anyhow::Context;
use roost_core::{EventType, session::Session};
use roost_tests::{
    client::{Client, events::Cursor},
    scripted_agent::AgentScript,
};
use serde_json::{Value, json};

use crate::host::{Host, saying};

/// A client of a session of its own, and the path of the session's artifacts.
async fn declarer(host: &Host) -> anyhow::Result<(Client, String, String)> {
    let client = host.client();
    let created = client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    let session = created["sessionId"].as_str().context("a session has an id")?.to_owned();
    let client = client.with_client_id(created["clientId"].as_str().context("a client has an id")?);
    Ok((client, format!("/session/{session}/artifacts"), session))
}

async fn declare(client: &Client, path: &str, members: Value) -> anyhow::Result<Value> {
    let mut answer = client.post(path, &members).await?.ok()?;
    Ok(answer["changes"].as_array_mut().and_then(Vec::pop).unwrap_or_default()["artifact"].take())
}

async fn listed(client: &Client, path: &str) -> anyhow::Result<Vec<Value>> {
    let list = client.get(path).await?.ok()?;
    Ok(list["artifacts"].as_array().cloned().unwrap_or_default())
}

fn titles(artifacts: &[Value]) -> Vec<&str> {
    artifacts.iter().filter_map(|artifact| artifact["title"].as_str()).collect()
}

fn remembering() -> AgentScript {
    AgentScript { load_session: true, ..saying(&["hello", "again"]) }
}

/// T1, T5: what was answered is there after a restart, and on the stream as it was told.
#[tokio::test]
async fn what_was_declared_is_there_after_a_restart_and_its_news_are_in_the_history() -> anyhow::Result<()> {
    let mut host = Host::start(remembering()).await?;
    let (client, path, session) = declarer(&host).await?;
    client.turn(&session, "hi").await?;
    let kept = declare(&client, &path, json!({"title": "Kept", "url": "https://example.org"})).await?;
    let removed = declare(&client, &path, json!({"title": "Removed", "managedId": "r"})).await?;
    let id = removed["id"].as_str().context("it has an id")?;
    client.delete(&format!("{path}/{id}")).await?.ok()?;
    declare(&client, &path, json!({"title": "Passing", "managedId": "p", "retention": "ephemeral"})).await?;
    assert_eq!(titles(&listed(&client, &path).await?), ["Kept", "Passing"]);
    host.restart().await?;
    let client = host.client();
    assert_eq!(client.get(&path).await?.status, 404, "it sleeps");
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let mut expected = kept.clone();
    expected["restoreState"] = json!("restored");
    assert_eq!(listed(&client, &path).await?, [expected]);
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let replayed = stream.until_type(EventType::ReplayComplete).await?;
    let news: Vec<&Value> = replayed
        .iter()
        .filter(|event| event.kind == EventType::ArtifactChanged)
        .map(|event| &event.data["change"])
        .collect();
    assert_eq!(news.len(), 4, "{news:?}");
    assert_eq!((&news[0]["artifact"], &news[2]["reason"]), (&kept, &json!("explicit")));
    // Whoever declared it is gone, so that it is anybody's.
    let anybody = client.with_client_id(loaded["clientId"].as_str().context("a client has an id")?);
    anybody.delete(&format!("{path}/{}", kept["id"].as_str().unwrap_or_default())).await?.ok()?;
    assert_eq!(listed(&anybody, &path).await?, Vec::<Value>::new());
    Ok(())
}

/// T5: it goes into the archive and comes back with its session, and ends with it.
#[tokio::test]
async fn what_was_declared_is_put_away_brought_back_and_deleted_with_its_session() -> anyhow::Result<()> {
    let host = Host::start(remembering()).await?;
    let (client, path, session) = declarer(&host).await?;
    client.turn(&session, "hi").await?;
    declare(&client, &path, json!({"title": "Kept", "url": "https://example.org/kept-with-it"})).await?;
    let (anybody, ids) = (host.client(), json!({"sessionIds": [session]}));
    anybody.post("/sessions/archive", &ids).await?.ok()?;
    assert_eq!(anybody.get(&path).await?.status, 404);
    anybody.post("/sessions/unarchive", &ids).await?.ok()?;
    anybody.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(titles(&listed(&anybody, &path).await?), ["Kept"]);
    let record = host.record(&session);
    assert!(fs::read_to_string(record.join("events.jsonl"))?.contains("kept-with-it"));
    anybody.post("/sessions/delete", &ids).await?.ok()?;
    assert!(!record.exists(), "nothing of it is left");
    Ok(())
}

/// T6: the list says how files are now.
#[tokio::test]
async fn a_file_is_looked_at_whenever_the_list_is_asked_for() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let (client, path, _) = declarer(&host).await?;
    let file = host.config.workspace.join("notes.txt");
    fs::write(&file, "one")?;
    let artifact = declare(&client, &path, json!({"title": "Notes", "workspacePath": "./notes.txt"})).await?;
    assert_eq!((&artifact["status"], &artifact["sizeBytes"]), (&json!("available"), &json!(3)));
    let digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert_eq!(artifact["metadata"]["qwen.workspace.sha256"], digest);
    fs::write(&file, "three")?;
    let now = listed(&client, &path).await?;
    assert_eq!((&now[0]["status"], &now[0]["sizeBytes"]), (&json!("changed"), &json!(5)));
    fs::write(&file, "one")?;
    assert_eq!(listed(&client, &path).await?[0]["status"], "available", "written again, and the same");
    fs::remove_file(&file)?;
    let now = listed(&client, &path).await?;
    assert_eq!((&now[0]["status"], now[0].get("sizeBytes")), (&json!("missing"), None));
    let missing = declare(&client, &path, json!({"title": "Later", "workspacePath": "later/on.pdf"})).await?;
    assert_eq!((&missing["status"], &missing["kind"]), (&json!("missing"), &json!("pdf")));
    Ok(())
}

#[tokio::test]
async fn the_content_of_a_file_is_given_to_be_saved_and_never_to_be_run() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let (client, path, _) = declarer(&host).await?;
    let page = "<script>alert(1)</script>";
    fs::write(host.config.workspace.join("page.html"), page)?;
    fs::write(host.config.workspace.join("large.bin"), vec![0; 10 * 1024 * 1024 + 1])?;
    let artifact = declare(&client, &path, json!({"title": "Page", "workspacePath": "page.html"})).await?;
    let content = |id: &Value| format!("{path}/{}/content", id.as_str().unwrap_or_default());
    let answer = client.get(&content(&artifact["id"])).await?;
    assert_eq!((answer.status, answer.text().as_str()), (200, page));
    for (header, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-disposition", "attachment; filename*=UTF-8''page%2Ehtml"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(answer.header(header), Some(value), "{header}");
    }
    let large = declare(&client, &path, json!({"title": "Large", "workspacePath": "large.bin"})).await?;
    assert!(large["metadata"].get("qwen.workspace.sha256").is_none(), "{large}");
    let refused = client.get(&content(&large["id"])).await?;
    assert_eq!((refused.status, &refused.json()["error"]), (413, &json!("artifact_too_large")));
    let link = declare(&client, &path, json!({"title": "Link", "url": "https://example.org"})).await?;
    fs::remove_file(host.config.workspace.join("page.html"))?;
    for id in [&link["id"], &artifact["id"], &json!("nothing")] {
        let refused = client.get(&content(id)).await?;
        assert_eq!((refused.status, &refused.json()["error"]), (404, &json!("artifact_snapshot_unavailable")));
        assert!(refused.json()["message"].is_string(), "{}", refused.text());
    }
    Ok(())
}

#[tokio::test]
async fn nothing_outside_of_the_workspace_is_declared_or_read() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let (client, path, _) = declarer(&host).await?;
    let workspace = &host.config.workspace;
    let secret = workspace.with_file_name("secret.txt");
    fs::write(&secret, "a secret")?;
    symlink(&secret, workspace.join("out.txt"))?;
    symlink(workspace.parent().context("it has a parent")?, workspace.join("up"))?;
    fs::create_dir(workspace.join("folder"))?;
    for outside in ["../secret.txt", "/etc/passwd", "a/../../secret.txt", "out.txt", "up/secret.txt", "folder", "."] {
        let refused = client.post(&path, &json!({"title": "Out", "workspacePath": outside})).await?;
        let body = refused.json();
        assert_eq!((refused.status, &body["v"]), (400, &json!(1)), "{outside}: {body}");
        assert_eq!(body["error"]["code"], "VALIDATION_FAILED");
        assert_eq!(body["error"]["field"], "workspacePath");
        assert!(!body.to_string().contains("a secret"), "{body}");
    }
    // A file that is replaced by a way out after it was declared.
    fs::write(workspace.join("swapped.txt"), "harmless")?;
    let swapped = declare(&client, &path, json!({"title": "Swapped", "workspacePath": "swapped.txt"})).await?;
    fs::remove_file(workspace.join("swapped.txt"))?;
    symlink(&secret, workspace.join("swapped.txt"))?;
    let content = format!("{path}/{}/content", swapped["id"].as_str().unwrap_or_default());
    let refused = client.get(&content).await?;
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert!(!refused.text().contains("a secret"));
    assert_eq!(listed(&client, &path).await?[0]["status"], "missing");
    Ok(())
}

/// T3: and who is nobody declares nothing.
#[tokio::test]
async fn an_artifact_is_declared_and_removed_by_a_client_of_the_session() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let (client, path, session) = declarer(&host).await?;
    let link = json!({"title": "Mine", "url": "https://example.org"});
    let artifact = declare(&client, &path, link.clone()).await?;
    let one = format!("{path}/{}", artifact["id"].as_str().unwrap_or_default());
    let (anonymous, stranger) = (host.client(), host.client().with_client_id("nobody"));
    let loaded = anonymous.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let other = anonymous.clone().with_client_id(loaded["clientId"].as_str().context("a client has an id")?);
    for (client, status, code) in [
        (&anonymous, 403, "client_id_required"),
        (&stranger, 400, "invalid_client_id"),
        (&other, 403, "session_artifact_forbidden"),
    ] {
        let changed = json!({"title": "Theirs", "url": "https://example.org"});
        for answer in [client.post(&path, &changed).await?, client.delete(&one).await?] {
            assert_eq!((answer.status, answer.code().as_deref()), (status, Some(code)), "{}", answer.text());
        }
    }
    // Whoever names no client may read all the same.
    assert_eq!(titles(&listed(&anonymous, &path).await?), ["Mine"]);
    let gone = client.delete(&one).await?.ok()?;
    assert_eq!(gone["changes"][0]["action"], "removed");
    assert_eq!(client.delete(&one).await?.ok()?["changes"], json!([]));
    Ok(())
}

/// T4: the oldest go.
#[tokio::test]
async fn two_hundred_are_kept() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let (client, path, _) = declarer(&host).await?;
    for number in 0..=Session::MAX_ARTIFACTS {
        let title = number.to_string();
        declare(&client, &path, json!({"title": title, "managedId": title})).await?;
    }
    let listed = listed(&client, &path).await?;
    assert_eq!((listed.len(), titles(&listed)[0]), (Session::MAX_ARTIFACTS, "1"));
    Ok(())
}
