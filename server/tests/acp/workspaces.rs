//! Connections where there are several workspaces.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::json;

use crate::{
    editor::Editor,
    host::{Host, saying},
    screen::Screen,
};

/// A daemon with a second workspace.
async fn two() -> anyhow::Result<(Host, PathBuf)> {
    let mut second = PathBuf::new();
    let host = Host::start_with(saying(&["hello"]), |config| {
        second = config.workspace.with_file_name("second");
        std::fs::create_dir(&second).expect("a folder beside the first");
        config.further_workspaces = vec![second.clone()];
    })
    .await?;
    Ok((host, second))
}

#[tokio::test]
async fn a_connection_below_a_workspace_works_in_that_one_only() -> anyhow::Result<()> {
    let (host, second) = two().await?;
    std::fs::write(second.join("here.txt"), "second")?;
    let client = host.client();
    let id = roost_server::workspaces::workspace_id(&second);
    let features = client.get("/capabilities").await?.ok()?["features"].clone();
    assert!(features.as_array().context("a list")?.contains(&json!("workspace_qualified_acp")));

    let editor = Editor::connect_at(&client, &format!("/workspaces/{id}/acp")).await?;
    assert_eq!(editor.greeting.pointer("/agentCapabilities/_meta/qwen/workspaceCwd"), Some(&json!(second)));
    let mut stream = editor.stream().await?;
    editor.ask(1, "session/new", &json!({})).await?;
    let session = stream.result(1).await?["sessionId"].as_str().context("an id")?.to_owned();
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["workspaceCwd"], json!(second));
    editor.ask(2, "_qwen/file/read", &json!({"path": "here.txt"})).await?;
    assert_eq!(stream.result(2).await?["content"], "second");
    editor.ask(3, "session/list", &json!({})).await?;
    assert_eq!(stream.result(3).await?["sessions"][0]["sessionId"], session.as_str());

    for (id, method) in [(4, "session/new"), (5, "session/list")] {
        editor.ask(id, method, &json!({"cwd": host.config.workspace})).await?;
        let refused = stream.error(id).await?;
        assert_eq!((&refused["code"], &refused["data"]["errorKind"]), (&json!(-32602), &json!("workspace_mismatch")));
    }
    let mut screen = Screen::open_at(&host, &format!("/workspaces/{id}/acp")).await?;
    let greeting = screen.call(0, "initialize", &json!({})).await?;
    assert_eq!(greeting.pointer("/agentCapabilities/_meta/qwen/workspaceCwd"), Some(&json!(second)));
    Ok(())
}

#[tokio::test]
async fn a_connection_to_the_daemon_reaches_every_workspace_by_its_path() -> anyhow::Result<()> {
    let (host, second) = two().await?;
    let client = host.client();
    let editor = Editor::connect(&client).await?;
    let mut stream = editor.stream().await?;
    editor.ask(1, "session/new", &json!({"cwd": second})).await?;
    let session = stream.result(1).await?["sessionId"].as_str().context("an id")?.to_owned();
    editor.ask(2, "session/list", &json!({"cwd": second})).await?;
    assert_eq!(stream.result(2).await?["sessions"][0]["sessionId"], session.as_str());
    editor.ask(3, "session/list", &json!({})).await?;
    assert_eq!(stream.result(3).await?["sessions"], json!([]));
    editor.ask(4, "session/new", &json!({"cwd": "/nowhere/at/all"})).await?;
    assert_eq!(stream.error(4).await?["data"]["errorKind"], "workspace_mismatch");
    let unknown = client.post("/workspaces/0000000000000000/acp", &json!({})).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (400, Some("workspace_mismatch")));
    Ok(())
}
