//! How many connections there are, how they end, and that they do not mix.

use std::num::NonZeroUsize;

use futures_util::future::try_join_all;
use roost_core::Millis;
use roost_tests::{
    deadline::{until, until_true},
    scripted_agent::{AgentScript, Step},
};
use serde_json::json;

use crate::{
    editor::{Editor, call, said},
    host::{Host, saying},
    screen::{Asked, Screen},
};

#[tokio::test]
async fn a_connection_too_many_is_told_to_come_back() -> anyhow::Result<()> {
    let two = |config: &mut roost_server::Config| {
        config.acp.get_or_insert_default().max_connections = const { NonZeroUsize::new(2).unwrap() };
    };
    let host = Host::start_with(AgentScript::default(), two).await?;
    let client = host.client();
    let first = Editor::connect(&client).await?;
    let _second = Editor::connect(&client).await?;
    let refused = client.post("/acp", &call(0, "initialize", &json!({}))).await?;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert_eq!(first.end().await?.status, 202);
    until_true("the seat to be free", || host.daemon().app().acp.traffic().connections == 1).await?;
    Editor::connect(&client).await?;
    Ok(())
}

#[tokio::test]
async fn nothing_reaches_a_connection_after_its_goodbye() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let client = host.client();
    for _ in 0..50 {
        let editor = Editor::connect(&client).await?;
        assert_eq!(editor.end().await?.status, 202);
        assert_eq!(editor.post(&call(1, "authenticate", &json!({}))).await?.status, 404);
        assert!(editor.stream().await.is_err(), "there is nothing to listen to either");
        assert_eq!(editor.end().await?.status, 202, "a second goodbye does no harm");
    }
    until_true("every seat to be free", || host.daemon().app().acp.traffic().connections == 0).await
}

#[tokio::test]
async fn many_connections_at_once_each_hear_their_own() -> anyhow::Result<()> {
    let script =
        AgentScript { afterwards: Some(vec![Step::Words { count: 200, pace_ms: 0 }]), ..AgentScript::default() };
    let host = Host::start(script).await?;
    let client = host.client();
    let editors = (0..8).map(|_| async {
        let editor = Editor::connect(&client).await?;
        let mut stream = editor.stream().await?;
        let session = editor.new_session(&mut stream).await?;
        let mut told = editor.session_stream(&session, None).await?;
        editor.prompt(2, &session, "count").await?;
        let lines = told.until(|message| message["id"] == 2).await?;
        let foreign =
            lines.iter().find(|line| line.message["params"]["sessionId"].as_str().is_some_and(|id| id != session));
        anyhow::ensure!(foreign.is_none(), "{foreign:?}");
        Ok(said(lines.iter().map(|line| &line.message)))
    });
    let screens = (0..8).map(|_| async {
        let mut screen = Screen::connect(&host).await?;
        let session = screen.new_session().await?;
        screen.prompt(2, &session, "count").await?;
        Ok(said(&screen.until(|message| message["id"] == 2).await?))
    });
    let (over_http, over_sockets) = tokio::try_join!(try_join_all(editors), try_join_all(screens))?;
    let whole = roost_tests::fake_model::script::words(200);
    assert!(over_http.iter().chain(&over_sockets).all(|text| *text == whole));
    Ok(())
}

#[tokio::test]
async fn a_connection_that_ends_leaves_its_sessions() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let (editor, mut stream, session) = Editor::open(&client).await?;
    let mut told = editor.session_stream(&session, None).await?;
    client.post(&format!("/session/{session}/resume"), &json!({})).await?.ok()?;
    assert_eq!(editor.end().await?.status, 202);
    while stream.next().await?.is_some() {}
    while told.next().await?.is_some() {}
    until("the connection to have detached", async || {
        let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
        Ok((status["clientCount"] == 1).then_some(()))
    })
    .await?;
    assert_eq!(editor.post(&call(9, "session/list", &json!({}))).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_connection_whose_stream_stays_away_is_over() -> anyhow::Result<()> {
    let impatient = |config: &mut roost_server::Config| {
        config.acp.get_or_insert_default().grace = Millis(50);
    };
    let host = Host::start_with(AgentScript::default(), impatient).await?;
    let editor = Editor::connect(&host.client()).await?;
    drop(editor.stream().await?);
    until("the connection to be over", async || {
        let refused = editor.post(&call(1, "authenticate", &json!({}))).await?;
        Ok((refused.status == 404).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_connection_that_never_listens_and_says_nothing_is_over() -> anyhow::Result<()> {
    let forgetful = |config: &mut roost_server::Config| {
        config.acp.get_or_insert_default().idle = Millis(50);
    };
    let host = Host::start_with(AgentScript::default(), forgetful).await?;
    Editor::connect(&host.client()).await?;
    until_true("the connection to be over", || host.daemon().app().acp.traffic().connections == 0).await
}

#[tokio::test]
async fn the_endpoint_can_be_left_out() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::default(), |config| config.acp = None).await?;
    let client = host.client();
    assert_eq!(client.post("/acp", &call(0, "initialize", &json!({}))).await?.status, 404);
    let authorization = format!("Bearer {}", crate::host::TOKEN);
    match Screen::ask(&host, "/acp", &[("authorization", &authorization)]).await? {
        Asked::Refused(status, _) => assert_eq!(status, 404),
        Asked::Granted(_) => panic!("granted"),
    }
    Ok(())
}

#[tokio::test]
async fn what_goes_on_can_be_counted() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let _told = editor.session_stream(&session, None).await?;
    let _screen = Screen::connect(&host).await?;
    let app = host.daemon().app();
    assert_eq!(
        serde_json::to_value(app.acp.traffic())?,
        json!({"connections": 2, "connectionStreams": 1, "sessionStreams": 1, "sseStreams": 2, "wsStreams": 1, "pendingClientRequests": 0})
    );
    let connections = app.acp.connections();
    let http = connections.iter().find(|one| one.transport == "http").expect("the editor");
    assert!(editor.connection.starts_with(&http.connection_id_prefix) && http.connection_id_prefix.len() == 8);
    assert_eq!((http.sessions, http.streams), (1, 2));
    assert_eq!(app.acp.count_in(&host.selector()), 2);
    Ok(())
}
