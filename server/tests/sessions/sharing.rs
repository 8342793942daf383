use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use roost_tests::scripted_agent::AgentScript;
use serde_json::json;

use crate::host::{Host, saying};

/// C1, C2, C3: without a wish for one of their own, everybody shares one session; of a burst one caller makes it.
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

/// C3: a creation that fails fails for everyone who waited, and takes no place.
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

/// C4, C5: a session of one's own is always a new one; the cap counts sessions, not attaches.
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

/// C9: the last client to leave an unused session closes it.
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

/// C7: a model that is none costs nobody the session; the stream says so.
#[tokio::test]
async fn a_model_that_cannot_be_had_costs_nobody_the_session() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let created = client.post("/session", &json!({"modelServiceId": "nope"})).await?.ok()?;
    let session = created["sessionId"].as_str().expect("an id");
    let mut stream = client.events(session).from(roost_tests::client::events::Cursor::START).open().await?;
    let events = stream.until_type(roost_core::EventType::ModelSwitchFailed).await?;
    assert_eq!(events.last().expect("it was waited for").data["requestedModelId"], "nope");
    assert_eq!(roost_tests::client::events::message_text(&client.turn(session, "hi").await?), "hello");
    Ok(())
}

/// C8: a session whose maker hung up before it was there is not kept.
#[tokio::test]
async fn a_session_nobody_waits_for_any_more_is_not_kept() -> anyhow::Result<()> {
    use tokio::io::AsyncWriteExt;

    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let request = client.request(hyper::Method::POST, "/session").body(())?;
    let token = request.headers()["authorization"].to_str()?;
    let head = format!("POST /session HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\n\r\n", client.address());
    let mut hasty = tokio::net::TcpStream::connect(client.address()).await?;
    hasty.write_all(head.as_bytes()).await?;
    drop(hasty);
    // The agent starts on behalf of the one who left, and what it opened is let go of.
    roost_tests::deadline::until("the session to be gone", async || {
        let health = client.get("/health?deep=1").await?.ok()?;
        Ok((health["channelAlive"] == true && health["sessions"] == 0).then_some(()))
    })
    .await
}

/// What a session was made for is named by a plain word, and whatever its maker likes.
#[tokio::test]
async fn a_source_that_is_none_is_refused() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    for wrong in [
        json!({"sourceType": "Upper"}),
        json!({"sourceType": "1st"}),
        json!({"sourceType": "a".repeat(65)}),
        json!({"sourceType": 7}),
        json!({"sourceId": "alone"}),
        json!({"sourceType": "im", "sourceId": ""}),
        json!({"sourceType": "im", "sourceId": "a\nb"}),
        json!({"sourceType": "im", "sourceId": "x".repeat(257)}),
    ] {
        let refused = client.post("/session", &wrong).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_session_source")), "{wrong}");
    }
    let made = client.post("/session", &json!({"sourceType": "im-bot_2", "sourceId": "Thread 7/ü"})).await?.ok()?;
    assert_eq!((&made["sourceType"], &made["sourceId"]), (&json!("im-bot_2"), &json!("Thread 7/ü")));
    Ok(())
}
