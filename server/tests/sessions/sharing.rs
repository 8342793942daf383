use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use roost_tests::{
    client::events::Cursor,
    scripted_agent::{AgentScript, Step},
};
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

/// C4: sessions of one's own are never shared, however many are asked for at once, and none of them becomes everybody's.
#[tokio::test]
async fn a_session_of_ones_own_is_nobody_elses() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let body = json!({"sessionScope": "thread"});
    let own = try_join_all((0..5).map(|_| client.post("/session", &body))).await?;
    let mut sessions: BTreeSet<String> = own.iter().map(|answer| answer.json()["sessionId"].to_string()).collect();
    assert_eq!(sessions.len(), 5);
    assert!(own.iter().all(|answer| answer.json()["attached"] == false));
    let shared = client.post("/session", &json!({})).await?.ok()?;
    assert_eq!(shared["attached"], false, "there was no shared one yet");
    assert!(sessions.insert(shared["sessionId"].to_string()));
    let again = client.post("/session", &json!({})).await?.ok()?;
    assert_eq!((&again["attached"], &again["sessionId"]), (&json!(true), &shared["sessionId"]));
    Ok(())
}

/// C2: who joins learns whether a prompt runs; a shared session that is closing is joined by nobody.
#[tokio::test]
async fn who_joins_learns_what_goes_on_and_a_closed_session_is_not_joined() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang]])).await?;
    let client = host.client();
    let first = client.post("/session", &json!({})).await?.ok()?;
    assert_eq!(first.get("hasActivePrompt"), None, "whoever made it knows");
    let session = first["sessionId"].as_str().expect("an id");
    let joined = client.post("/session", &json!({})).await?.ok()?;
    assert_eq!((&joined["attached"], &joined["hasActivePrompt"]), (&json!(true), &json!(false)));
    let running = client.prompt(session, "for ever").await?;
    client
        .events(session)
        .from(running.cursor())
        .open()
        .await?
        .until_type(roost_core::EventType::SessionUpdate)
        .await?;
    assert_eq!(client.post("/session", &json!({})).await?.ok()?["hasActivePrompt"], true);
    assert_eq!(client.delete(&format!("/session/{session}")).await?.status, 204);
    let next = client.post("/session", &json!({})).await?.ok()?;
    assert_eq!(next["attached"], false);
    assert_ne!(next["sessionId"], first["sessionId"]);
    Ok(())
}

/// C5: a session on its way takes a place, and gives it back when it comes to nothing. Zero is no cap.
#[tokio::test]
async fn a_session_on_its_way_takes_a_place() -> anyhow::Result<()> {
    let script = AgentScript { unanswered: vec!["session/new".to_owned()], ..saying(&[]) };
    let host = Host::start_with(script, |config| {
        config.limits.max_sessions = std::num::NonZeroUsize::new(1);
        // Both ask within this, also on a busy machine.
        config.timeouts.session_restore = roost_core::Millis(4_000);
    })
    .await?;
    let client = host.client();
    let body = json!({"sessionScope": "thread"});
    let mut answers = try_join_all((0..2).map(|_| client.post("/session", &body))).await?;
    answers.sort_by_key(|answer| answer.status);
    assert_eq!((answers[0].status, answers[0].code().as_deref()), (503, Some("session_limit_exceeded")));
    assert_eq!(answers[0].json()["scope"], "workspace");
    assert_eq!(answers[1].status, 504, "it came to nothing");
    assert_eq!(client.post("/session", &body).await?.status, 504, "and its place was free again");

    let host = Host::start_with(saying(&[]), |config| config.limits.max_sessions = None).await?;
    let client = host.client();
    for answer in try_join_all((0..40).map(|_| client.post("/session", &body))).await? {
        assert_eq!(answer.status, 200);
    }
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

#[tokio::test]
async fn of_those_who_wish_for_one_name_at_once_one_gets_it() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let wish = json!({"sessionId": "6d0c5a50-3c1f-4f0e-9d7a-0a4f5f6b7c8d"});
    let asked = async || client.post("/session", &wish).await;
    let (one, two, three) = tokio::join!(asked(), asked(), asked());
    let mut said: Vec<_> = [one?, two?, three?].map(|answer| (answer.status, answer.code())).into();
    said.sort();
    let conflict = Some("session_id_conflict".to_owned());
    assert_eq!(said, [(200, None), (409, conflict.clone()), (409, conflict)]);
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

/// C7: who joins may wish for a model, too: it is switched, or the stream says why not.
#[tokio::test]
async fn who_joins_may_wish_for_a_model() -> anyhow::Result<()> {
    let models = json!({"models": {"currentModelId": "m1", "availableModels": []}});
    let extensions = [("session/new", models), ("session/set_model", json!({}))];
    let extensions = extensions.map(|(method, answer)| (method.to_owned(), answer)).into();
    let host = Host::start(AgentScript { extensions, ..saying(&[]) }).await?;
    let client = host.client();
    let session = client.post("/session", &json!({})).await?.ok()?["sessionId"].as_str().expect("an id").to_owned();
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let joined = client.post("/session", &json!({"modelServiceId": "m2"})).await?.ok()?;
    assert_eq!(joined["attached"], true);
    let events = stream.until_type(roost_core::EventType::ModelSwitched).await?;
    let switched = events.last().expect("it was waited for");
    assert_eq!(switched.data["modelId"], "m2");
    assert_eq!(json!(switched.originator_client_id), joined["clientId"]);

    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.post("/session", &json!({})).await?.ok()?["sessionId"].as_str().expect("an id").to_owned();
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    assert_eq!(client.post("/session", &json!({"modelServiceId": "nope"})).await?.ok()?["attached"], true);
    stream.until_type(roost_core::EventType::ModelSwitchFailed).await?;
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

/// C8: whoever hangs up while it joins is not registered.
#[tokio::test]
async fn who_hangs_up_while_joining_has_not_joined() -> anyhow::Result<()> {
    use tokio::io::AsyncWriteExt;

    // A joiner's wish for a model is what its answer waits for.
    let models = json!({"models": {"currentModelId": "m1", "availableModels": []}});
    let extensions = [("session/new".to_owned(), models)].into();
    let unanswered = vec!["session/set_model".to_owned()];
    let host = Host::start(AgentScript { extensions, unanswered, ..saying(&[]) }).await?;
    let client = host.client();
    let session = client.post("/session", &json!({})).await?.ok()?["sessionId"].as_str().expect("an id").to_owned();
    let status = async || client.get(&format!("/session/{session}/status")).await?.ok();
    let request = client.request(hyper::Method::POST, "/session").body(())?;
    let token = request.headers()["authorization"].to_str()?;
    let (body, length) = (r#"{"modelServiceId":"m2"}"#, 23);
    let head = format!(
        "POST /session HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
        client.address()
    );
    let mut hasty = tokio::net::TcpStream::connect(client.address()).await?;
    hasty.write_all(head.as_bytes()).await?;
    roost_tests::deadline::until("it to be registered", async || {
        Ok((status().await?["clientCount"] == 2).then_some(()))
    })
    .await?;
    drop(hasty);
    roost_tests::deadline::until("it to be forgotten", async || Ok((status().await?["clientCount"] == 1).then_some(())))
        .await
}

/// X2: a session that nobody uses is closed after its idle time; one that somebody reads is not.
#[tokio::test]
async fn an_idle_session_is_closed_unless_somebody_reads_it() -> anyhow::Result<()> {
    let host = Host::start_with(saying(&[]), |config| {
        // Longer than it takes to begin reading, also on a busy machine.
        config.timeouts.session_idle = Some(roost_core::Millis(5_000));
        config.timeouts.session_reap_interval = Some(roost_core::Millis(20));
    })
    .await?;
    let client = host.client();
    let read = client.new_session().await?;
    let mut stream = client.events(&read).from(Cursor::START).open().await?;
    let unread = client.new_session().await?;
    roost_tests::deadline::until("the session nobody reads to be closed", async || {
        Ok((client.get(&format!("/session/{unread}/status")).await?.status == 404).then_some(()))
    })
    .await?;
    assert_eq!(client.get(&format!("/session/{read}/status")).await?.status, 200);
    client.delete(&format!("/session/{read}")).await?;
    let farewell = stream.rest().await?.pop().expect("a farewell");
    assert_eq!(farewell.data["reason"], "client_close");
    Ok(())
}
