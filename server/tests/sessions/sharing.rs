use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use roost_tests::scripted_agent::AgentScript;
use serde_json::json;

use crate::host::{Host, saying};

#[tokio::test]
async fn a_burst_for_the_shared_session_makes_one() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let body = json!({});
    let burst = (0..20).map(|_| client.post("/session", &body));
    let answers = try_join_all(burst).await?;
    let sessions: BTreeSet<String> = answers.iter().map(|answer| answer.json()["sessionId"].to_string()).collect();
    let clients: BTreeSet<String> = answers.iter().map(|answer| answer.json()["clientId"].to_string()).collect();
    let made = answers.iter().filter(|answer| answer.json()["attached"] == false).count();
    assert_eq!((sessions.len(), clients.len(), made), (1, 20, 1));
    Ok(())
}

#[tokio::test]
async fn a_burst_for_an_agent_that_does_not_start_fails_for_all_and_leaves_nothing() -> anyhow::Result<()> {
    let host = Host::start_with(saying(&[]), |config| config.agent.program = "/nonexistent/agent".into()).await?;
    let client = host.client();
    let body = json!({});
    let answers = try_join_all((0..5).map(|_| client.post("/session", &body))).await?;
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.code().as_deref() == Some("acp_channel_unavailable")));
    let health = client.get("/health?deep=1").await?.ok()?;
    assert_eq!(health["sessions"], 0);
    Ok(())
}

#[tokio::test]
async fn attaching_takes_no_place_and_making_does() -> anyhow::Result<()> {
    let two = std::num::NonZeroUsize::new(2);
    let host = Host::start_with(saying(&[]), |config| config.limits.max_sessions = two).await?;
    let client = host.client();
    client.post("/session", &json!({})).await?.ok()?;
    client.new_session().await?;
    let full = client.post("/session", &json!({"sessionScope": "thread"})).await?;
    assert_eq!((full.status, full.code().as_deref()), (503, Some("session_limit_exceeded")));
    assert_eq!(full.json()["limit"], 2);
    assert_eq!(full.header("retry-after"), Some("5"));
    assert_eq!(client.post("/session", &json!({})).await?.ok()?["attached"], true);
    Ok(())
}

#[tokio::test]
async fn the_last_client_to_detach_closes_the_session() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let client = host.client();
    let created = client.post("/session", &json!({})).await?.ok()?;
    let session = created["sessionId"].as_str().expect("an id");
    let named = client.clone().with_client_id(created["clientId"].as_str().expect("an id"));
    assert_eq!(named.post(&format!("/session/{session}/detach"), &json!({})).await?.status, 204);
    roost_tests::deadline::until("the session to close", async || {
        Ok((client.get(&format!("/session/{session}/status")).await?.status == 404).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_wished_for_name_is_given_once() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let name = "6d0c5a50-3c1f-4f0e-9d7a-0a4f5f6b7c8d";
    let created = client.post("/session", &json!({"sessionId": name})).await?.ok()?;
    assert_eq!(created["sessionId"], name);
    let events = client.turn(name, "hi").await?;
    assert_eq!(roost_tests::client::events::message_text(&events), "hello");
    let again = client.post("/session", &json!({"sessionId": name})).await?;
    assert_eq!((again.status, again.code().as_deref()), (409, Some("session_id_conflict")));
    Ok(())
}
