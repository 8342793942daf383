//! `/session/:id/_meta`.

use roost_core::EventType;
use roost_tests::scripted_agent::{AgentScript, Step};
use serde_json::json;

use crate::host::{Host, saying};

#[tokio::test]
async fn what_clients_keep_with_a_session_is_there_after_a_restart() -> anyhow::Result<()> {
    let mut host = Host::start(AgentScript { load_session: true, ..saying(&["hello"]) }).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let path = format!("/session/{session}/_meta");
    assert_eq!(client.get(&path).await?.ok()?, json!({"sessionId": session, "meta": {}}));
    let put = client.put(&path, &json!({"meta": {"thread": "T1", "tags": ["a"], "gone": 1}})).await?.ok()?;
    assert_eq!(put["meta"]["thread"], "T1");
    let patched = client.patch(&path, &json!({"meta": {"gone": null, "sender": {"name": "Ada"}}})).await?.ok()?;
    let kept = json!({"thread": "T1", "tags": ["a"], "sender": {"name": "Ada"}});
    assert_eq!(patched["meta"], kept);
    client.turn(&session, "hi").await?;
    host.restart().await?;
    let client = host.client();
    assert_eq!(client.get(&path).await?.status, 404, "it sleeps");
    client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(client.get(&path).await?.ok()?["meta"], kept);
    assert_eq!(client.delete(&path).await?.ok()?["meta"], json!({}));
    Ok(())
}

#[tokio::test]
async fn what_is_too_much_or_nameless_is_refused_and_nothing_changes() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let path = format!("/session/{session}/_meta");
    client.put(&path, &json!({"meta": {"kept": true}})).await?.ok()?;
    for (body, status, code) in [
        (json!({}), 400, "invalid_session_meta"),
        (json!({"meta": []}), 400, "invalid_session_meta"),
        (json!({"meta": {"": 1}}), 400, "invalid_session_meta"),
        (json!({"meta": {"big": "x".repeat(70_000)}}), 413, "session_meta_too_large"),
    ] {
        for answer in [client.put(&path, &body).await?, client.patch(&path, &body).await?] {
            assert_eq!((answer.status, answer.code().as_deref()), (status, Some(code)));
        }
    }
    assert_eq!(client.get(&path).await?.ok()?["meta"], json!({"kept": true}));
    let stranger = client.clone().with_client_id("nobody").put(&path, &json!({"meta": {}})).await?;
    assert_eq!(stranger.code().as_deref(), Some("invalid_client_id"));
    Ok(())
}

/// P16: the wish to show them to the agent is the daemon's to read, not the agent's.
#[tokio::test]
async fn a_prompt_may_ask_to_show_them_and_must_say_so_in_a_boolean() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Text("seen".into())]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let prompt = json!({"prompt": [{"type": "text", "text": "hi"}], "includeSessionMeta": "yes"});
    let refused = client.post(&format!("/session/{session}/prompt"), &prompt).await?;
    assert_eq!(refused.status, 400);
    let prompt = json!({"prompt": [{"type": "text", "text": "hi"}], "includeSessionMeta": true});
    let accepted = client.post(&format!("/session/{session}/prompt"), &prompt).await?;
    assert_eq!(accepted.status, 202);
    let mut stream = client.events(&session).from(roost_tests::client::events::Cursor::START).open().await?;
    stream.until_type(EventType::TurnComplete).await?;
    Ok(())
}
