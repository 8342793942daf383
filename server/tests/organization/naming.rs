//! `PATCH /workspaces/:workspace/session/:session/metadata`: sessions are named wherever they are.

use std::fs;

use roost_tests::client::{Client, Response};
use serde_json::{Value, json};

use crate::host::{Host, saying};

async fn name(host: &Host, session: &str, body: &Value) -> anyhow::Result<Response> {
    let path = format!("/workspaces/{}/session/{session}/metadata", host.selector());
    host.client().patch(&path, body).await
}

/// What a list calls its one session.
async fn listed(client: &Client, path: &str) -> anyhow::Result<Value> {
    let sessions = client.get(path).await?.ok()?["sessions"].take();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");
    Ok(json!([sessions[0]["displayName"], sessions[0]["titleSource"]]))
}

#[tokio::test]
async fn a_session_is_named_while_it_is_live_closed_and_archived() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    let active = format!("/workspace/{}/sessions", host.selector());
    let archived = format!("{active}?archiveState=archived");
    let close = format!("/session/{session}");
    let put_away = json!({ "sessionIds": [session] });

    let answer = name(&host, &session, &json!({"displayName": "Live"})).await?.ok()?;
    assert_eq!(answer, json!({"sessionId": session, "displayName": "Live"}));
    assert_eq!(listed(&client, &active).await?, json!(["Live", "manual"]));
    assert_eq!(client.delete(&close).await?.status, 204);
    name(&host, &session, &json!({"displayName": "Closed"})).await?.ok()?;
    assert_eq!(listed(&client, &active).await?, json!(["Closed", "manual"]));
    client.post("/sessions/archive", &put_away).await?.ok()?;
    name(&host, &session, &json!({"displayName": "Archived"})).await?.ok()?;
    assert_eq!(listed(&client, &archived).await?, json!(["Archived", "manual"]));

    client.post("/sessions/unarchive", &put_away).await?.ok()?;
    client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["displayName"], "Archived", "a name outlasts the session's coming and going");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_named_is_told_why() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let session = host.client().new_session().await?;
    let chats = host.record(&session).join("../..").canonicalize()?.join("chats");
    fs::create_dir_all(&chats)?;
    fs::write(chats.join("elsewhere.jsonl"), "{\"type\":\"user\"}\n")?;
    let named = json!({"displayName": "x"});
    for (session, body, status, code) in [
        (session.clone(), json!({}), 400, "invalid_metadata"),
        (session.clone(), json!({"displayName": 3}), 400, "invalid_metadata"),
        (session, json!({"displayName": ""}), 400, "invalid_metadata"),
        ("nobody".to_owned(), named.clone(), 404, "session_not_found"),
        ("elsewhere".to_owned(), named, 409, "session_without_record"),
    ] {
        let refused = name(&host, &session, &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (status, Some(code)), "{session} {body}");
    }
    Ok(())
}

/// The protocol knows workspaces whose folder the daemon makes up.
#[tokio::test]
async fn a_folder_that_nobody_names_is_not_made() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    for (kind, status, code) in [("scratch", 501, "scratch_not_available"), ("moon", 400, "invalid_workspace_request")]
    {
        let refused = host.client().post("/workspaces", &json!({ "kind": kind })).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (status, Some(code)));
    }
    Ok(())
}
