//! The methods that are routes under another name.

use anyhow::Context;
use roost_core::acp_bridge::VendorMethod;
use roost_tests::{client::Client, scripted_agent::AgentScript};
use serde_json::{Value, json};

use crate::{
    editor::{Editor, Stream},
    host::{Host, saying},
};

fn methods(editor: &Editor) -> Vec<&str> {
    let listed = editor.greeting.pointer("/agentCapabilities/_meta/qwen/methods").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn ask(editor: &Editor, stream: &mut Stream, method: &str, params: &Value) -> anyhow::Result<Value> {
    editor.ask(99, method, params).await?;
    stream.result(99).await.with_context(|| method.to_owned())
}

#[tokio::test]
async fn what_is_advertised_exists_and_what_is_not_built_is_not_advertised() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let editor = Editor::connect(&host.client()).await?;
    let mut stream = editor.stream().await?;
    let listed = methods(&editor);
    for expected in
        ["_qwen/session/heartbeat", "_qwen/file/read", "_qwen/sessions/archive", "_qwen/workspace/session_groups/list"]
    {
        assert!(listed.contains(&expected), "{expected} is missing: {listed:?}");
    }
    assert!(!listed.iter().any(|method| method.contains("rewind")), "{listed:?}");
    for (id, method) in (100..).zip(VendorMethod::ALL.iter().filter(|method| method.tag().is_none())) {
        editor.ask(id, method.name, &json!({"sessionId": "", "path": []})).await?;
        let answer = stream.answer(id).await?;
        let is_known = answer["error"]["code"] != -32601;
        assert_eq!(is_known, listed.contains(&method.name), "{}: {answer}", method.name);
    }
    Ok(())
}

#[tokio::test]
async fn a_shell_is_advertised_only_where_there_is_one() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let editor = Editor::connect(&host.client()).await?;
    assert!(!methods(&editor).contains(&"_qwen/session/shell"));
    let host = Host::start_with(AgentScript::default(), |config| config.enable_session_shell = true).await?;
    let editor = Editor::connect(&host.client()).await?;
    assert!(methods(&editor).contains(&"_qwen/session/shell"));
    Ok(())
}

#[tokio::test]
async fn a_method_answers_what_its_route_answers() -> anyhow::Result<()> {
    let usage = json!({"usage": {"modelName": "m", "totalTokens": 7}, "formattedText": "little"});
    let extensions = [("qwen/status/session/context_usage".to_owned(), usage)].into();
    let host = Host::start(AgentScript { extensions, ..saying(&["hello"]) }).await?;
    std::fs::write(host.config.workspace.join("a b.txt"), "one\ntwo\n")?;
    let client = host.client();
    let (editor, mut stream, session) = Editor::open(&client).await?;
    let groups = format!("/workspace/{}/session-groups", host.selector());
    for (method, params, path) in [
        ("_qwen/file/read", json!({"path": "a b.txt", "limit": 1, "line": null}), "/file?path=a%20b.txt&limit=1"),
        ("_qwen/file/stat", json!({"path": "a b.txt"}), "/stat?path=a%20b.txt"),
        ("_qwen/file/list", json!({"path": "."}), "/list?path=."),
        ("_qwen/file/read_bytes", json!({"path": "a b.txt"}), "/file/bytes?path=a%20b.txt"),
        ("_qwen/session/context", json!({"sessionId": session}), &format!("/session/{session}/context")),
        (
            "_qwen/session/context_usage",
            json!({"sessionId": session, "detail": true}),
            &format!("/session/{session}/context-usage?detail=true"),
        ),
        (
            "_qwen/session/supported_commands",
            json!({"sessionId": session}),
            &format!("/session/{session}/supported-commands"),
        ),
        ("_qwen/workspace/session_groups/list", json!({}), &groups),
    ] {
        let answer = ask(&editor, &mut stream, method, &params).await?;
        assert_eq!(answer, client.get(path).await?.ok()?, "{method}");
    }
    for (method, path) in optional_reads(&client).await? {
        let answer = ask(&editor, &mut stream, method, &json!({})).await?;
        assert_eq!(shape(&answer), shape(&client.get(path).await?.ok()?), "{method}");
    }
    Ok(())
}

/// Routes about the workspace that this daemon has.
async fn optional_reads(client: &Client) -> anyhow::Result<Vec<(&'static str, &'static str)>> {
    let mut found = Vec::new();
    for (method, path) in [
        ("_qwen/workspace/env", "/workspace/env"),
        ("_qwen/workspace/preflight", "/workspace/preflight"),
        ("_qwen/workspace/trust", "/workspace/trust"),
        ("_qwen/workspace/permissions", "/workspace/permissions"),
        ("_qwen/workspace/tools", "/workspace/tools"),
        ("_qwen/workspace/providers", "/workspace/providers"),
        ("_qwen/workspace/auth/status", "/workspace/auth/status"),
    ] {
        if client.get(path).await?.status != 404 {
            found.push((method, path));
        }
    }
    Ok(found)
}

fn shape(value: &Value) -> Vec<&String> {
    value.as_object().into_iter().flat_map(|members| members.keys()).collect()
}

#[tokio::test]
async fn a_change_over_a_method_is_seen_over_its_route() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let (editor, mut stream, session) = Editor::open(&client).await?;

    let named =
        ask(&editor, &mut stream, "_qwen/session/update_metadata", &json!({"sessionId": session, "displayName": "n"}))
            .await?;
    assert_eq!(named["displayName"], "n");
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.ok()?["displayName"], "n");

    let made =
        ask(&editor, &mut stream, "_qwen/workspace/session_groups/create", &json!({"name": "g", "color": "red"}))
            .await?;
    let group = made["group"]["id"].as_str().context("a group has an id")?;
    let path = format!("/workspace/{}/session-groups", host.selector());
    assert_eq!(client.get(&path).await?.ok()?["groups"][0]["id"], group);
    editor.ask(50, "_qwen/workspace/session_groups/create", &json!({"name": "G", "color": "red"})).await?;
    let refused = stream.error(50).await?;
    assert_eq!((&refused["code"], &refused["data"]["errorKind"]), (&json!(-32602), &json!("group_name_conflict")));
    let gone = ask(&editor, &mut stream, "_qwen/workspace/session_groups/delete", &json!({"groupId": group})).await?;
    assert_eq!(gone, json!({"deleted": true}));

    let written = json!({"path": "b.txt", "content": "x", "mode": "create"});
    ask(&editor, &mut stream, "_qwen/file/write", &written).await?;
    assert_eq!(std::fs::read_to_string(host.config.workspace.join("b.txt"))?, "x");
    editor.ask(51, "_qwen/file/write", &written).await?;
    assert_eq!(stream.error(51).await?["data"]["errorKind"], "file_already_exists");

    let listed = ask(&editor, &mut stream, "session/list", &json!({})).await?;
    assert_eq!(listed["sessions"][0]["sessionId"], session.as_str());
    assert_eq!(listed["sessions"][0]["title"], "n");
    assert_eq!(listed["sessions"][0]["cwd"], json!(host.config.workspace));

    let closed = ask(&editor, &mut stream, "session/close", &json!({"sessionId": session})).await?;
    assert_eq!(closed, json!({}));
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 404);
    editor.ask(52, "session/close", &json!({"sessionId": session})).await?;
    assert_eq!(stream.error(52).await?["message"], format!("Session {session} is not owned by this connection"));
    Ok(())
}

#[tokio::test]
async fn artifacts_are_declared_in_the_name_of_the_connections_client() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let (editor, mut stream, session) = Editor::open(&client).await?;
    let link = json!({"sessionId": session, "title": "A page", "url": "https://example.org"});
    let added = ask(&editor, &mut stream, "_qwen/session/artifacts/add", &link).await?;
    let id = added["changes"][0]["artifactId"].as_str().context("an artifact has an id")?.to_owned();
    let path = format!("/session/{session}/artifacts");
    assert_eq!(client.get(&path).await?.ok()?["artifacts"][0]["id"], id.as_str());
    let listed = ask(&editor, &mut stream, "_qwen/session/artifacts", &json!({"sessionId": session})).await?;
    assert_eq!(listed["artifacts"][0]["title"], "A page");
    editor.ask(60, "_qwen/session/artifacts/add", &json!({"sessionId": session, "title": "", "url": "x"})).await?;
    let refused = stream.error(60).await?;
    assert_eq!(refused["code"], -32602);
    assert_eq!(
        (&refused["data"]["errorKind"], &refused["data"]["field"]),
        (&json!("artifact_validation_failed"), &json!("title"))
    );
    let removed = json!({"sessionId": session, "artifactId": id});
    let removed = ask(&editor, &mut stream, "_qwen/session/artifacts/remove", &removed).await?;
    assert_eq!(removed["changes"][0]["action"], "removed");
    assert_eq!(client.get(&path).await?.ok()?["artifacts"], json!([]));
    Ok(())
}

#[tokio::test]
async fn whoever_detaches_has_the_session_no_more() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, mut stream, session) = Editor::open(&host.client()).await?;
    assert_eq!(ask(&editor, &mut stream, "_qwen/session/detach", &json!({"sessionId": session})).await?, json!({}));
    editor.ask(3, "_qwen/session/heartbeat", &json!({"sessionId": session})).await?;
    assert_eq!(stream.error(3).await?["code"], -32602);
    Ok(())
}
