//! Turns and their streams: cut, resumed, replaced, given up.

use roost_core::{EventType, Millis};
use roost_tests::{
    client::events::Cursor,
    deadline::{until, until_true},
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::{
    editor::{Editor, Line, is_news, said},
    host::{Host, saying, words},
};

fn messages(lines: &[Line]) -> impl Iterator<Item = &Value> {
    lines.iter().map(|line| &line.message)
}

#[tokio::test]
async fn a_turn_is_told_on_the_sessions_stream_and_its_answer_stands_before_its_end() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello there"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    assert!(told.0.epoch().is_some(), "the stream names its numbering");
    editor.prompt(2, &session, "hi").await?;
    let lines = told.until(|message| is_news(message, "turn_complete")).await?;
    assert_eq!(said(messages(&lines)), "hello there");
    let echo = lines.iter().find(|line| line.message["params"]["update"]["sessionUpdate"] == "user_message_chunk");
    assert_eq!(echo.expect("the prompt is echoed").message["params"]["sessionId"], session.as_str());
    let [.., answer, end] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(answer.message, json!({"jsonrpc": "2.0", "id": 2, "result": {"stopReason": "end_turn"}}));
    assert_eq!(answer.id, None);
    assert_eq!(end.message["params"]["data"]["stopReason"], "end_turn");
    let ids: Vec<u64> = lines.iter().filter_map(|line| line.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "every event has its id, from the first on");
    Ok(())
}

#[tokio::test]
async fn a_turn_that_fails_is_answered_with_the_agents_error() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Fail { code: -32001, message: "no model".into() }]])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "hi").await?;
    let error = told.error(2).await?;
    assert_eq!(error["code"], -32001, "{error}");
    Ok(())
}

#[tokio::test]
async fn a_stream_that_is_cut_and_resumed_misses_and_doubles_nothing() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([words(3_000)])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "count").await?;
    let mut ids = Vec::new();
    let mut text = String::new();
    let mut answers = 0;
    for cut in [7, 100, 400, 1_000, usize::MAX] {
        let lines = told.until(|message| {
            ids.len() + 1 >= cut && message["method"] == "session/update" || is_news(message, "turn_complete")
        });
        let mut lines = lines.await?;
        lines.retain(|line| !is_news(&line.message, "replay_complete"));
        text += &said(messages(&lines));
        ids.extend(lines.iter().filter_map(|line| line.id));
        answers += lines.iter().filter(|line| line.message["id"] == 2).count();
        if lines.last().is_some_and(|line| is_news(&line.message, "turn_complete")) {
            break;
        }
        let cursor = told.0.cursor().expect("events were read");
        drop(told);
        told = editor.session_stream(&session, Some(cursor)).await?;
    }
    assert_eq!(text, roost_tests::fake_model::script::words(3_000));
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert_eq!(answers, 1);
    Ok(())
}

#[tokio::test]
async fn who_resumes_from_before_the_end_of_a_turn_gets_its_answer_again() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "hi").await?;
    told.result(2).await?;
    drop(told);
    let mut again = editor.session_stream(&session, Some(Cursor::START)).await?;
    assert_eq!(again.result(2).await?, json!({"stopReason": "end_turn"}));
    assert_eq!(
        again.news("replay_complete").await?["lastEventId"].as_u64(),
        Some(again.0.cursor().expect("ids").last_event_id)
    );
    Ok(())
}

#[tokio::test]
async fn a_stream_opened_without_a_cursor_goes_on_where_the_last_one_was() -> anyhow::Result<()> {
    let host = Host::start(saying(&["one", "two"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "first").await?;
    told.news("turn_complete").await?;
    drop(told);
    // Nobody listens to this turn.
    editor.prompt(3, &session, "second").await?;
    editor.turn_is(&session, "second", "completed").await?;
    let mut told = editor.session_stream(&session, None).await?;
    let lines = told.until(|message| is_news(message, "turn_complete")).await?;
    assert_eq!(said(messages(&lines)), "two");
    assert!(lines.iter().any(|line| line.message["id"] == 3), "the answer waited: {lines:?}");
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_numbering_is_told_so() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "hi").await?;
    told.news("turn_complete").await?;
    let stale = Cursor { last_event_id: 2, epoch: Some("another".to_owned()) };
    let mut again = editor.session_stream(&session, Some(stale)).await?;
    let first = again.next().await?.expect("a marker").message;
    assert!(is_news(&first, "state_resync_required"), "{first}");
    assert_eq!(first["params"]["data"]["reason"], "epoch_reset");
    assert_eq!(again.next().await?.and_then(|line| line.id), Some(1));
    Ok(())
}

#[tokio::test]
async fn answers_survive_a_gap_in_the_events() -> anyhow::Result<()> {
    let script = AgentScript::turns([words(200)]);
    let small = |config: &mut roost_server::Config| {
        config.limits.event_ring_size = const { std::num::NonZeroUsize::new(16).unwrap() };
    };
    let host = Host::start_with(script, small).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    editor.prompt(2, &session, "count").await?;
    editor.turn_is(&session, "count", "completed").await?;
    let client = host.client();
    client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "x"})).await?.ok()?;
    for n in 0..20 {
        client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": format!("x{n}")})).await?.ok()?;
    }
    let mut told = editor.session_stream(&session, None).await?;
    assert_eq!(told.news("state_resync_required").await?["reason"], "ring_evicted");
    assert_eq!(told.result(2).await?, json!({"stopReason": "end_turn"}));
    Ok(())
}

#[tokio::test]
async fn a_second_stream_replaces_the_first() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, mut stream, session) = Editor::open(&host.client()).await?;
    let mut first = editor.session_stream(&session, None).await?;
    let mut second = editor.session_stream(&session, None).await?;
    while first.next().await?.is_some() {}
    editor.prompt(2, &session, "hi").await?;
    assert_eq!(second.result(2).await?, json!({"stopReason": "end_turn"}));
    let mut other = editor.stream().await?;
    assert_eq!(stream.next().await?, None);
    editor.ask(3, "authenticate", &json!({})).await?;
    other.result(3).await?;
    until_true("the replaced streams to be gone", || {
        let traffic = host.daemon().app().acp.traffic();
        (traffic.connection_streams, traffic.session_streams) == (1, 1)
    })
    .await
}

#[tokio::test]
async fn a_turn_survives_the_replacement_of_its_stream() -> anyhow::Result<()> {
    let gate = Step::AskToWrite { path: "note.txt".into(), content: "x".into() };
    let turn = vec![Step::Text("before ".into()), gate, Step::Text("after".into())];
    let host = Host::start(AgentScript::turns([turn])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut first = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "write").await?;
    let question = first.until(|message| message["method"] == "session/request_permission").await?;
    let mut second = editor.session_stream(&session, first.0.cursor()).await?;
    while first.next().await?.is_some() {}
    let id = &question.last().expect("it was waited for").message["id"];
    let no = json!({"outcome": {"outcome": "selected", "optionId": "no"}});
    editor.post(&json!({"jsonrpc": "2.0", "id": id, "result": no})).await?;
    let lines = second.until(|message| message["id"] == 2).await?;
    assert_eq!(said(messages(&question)) + &said(messages(&lines)), "before after");
    Ok(())
}

#[tokio::test]
async fn a_cancel_that_is_a_request_is_answered_where_the_turn_is_told() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang]])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "wait").await?;
    editor.ask(3, "session/cancel", &json!({"sessionId": session})).await?;
    let lines = told.until(|message| message["id"] == 2).await?;
    if !lines.iter().any(|line| line.message["id"] == 3) {
        told.result(3).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_said_before_a_stream_is_there_waits_for_it() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let editor = Editor::connect(&host.client()).await?;
    editor.ask(1, "session/new", &json!({})).await?;
    editor.ask(2, "authenticate", &json!({})).await?;
    let mut stream = editor.stream().await?;
    assert!(stream.result(1).await?["sessionId"].is_string());
    stream.result(2).await?;
    Ok(())
}

#[tokio::test]
async fn a_stream_is_refused_before_it_begins() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, _stream, _) = Editor::open(&host.client()).await?;
    let client = host.client();
    let plain = client.get("/acp").await?;
    assert_eq!((plain.status, plain.json()), (406, json!({"error": "Accept header must include text/event-stream"})));
    let ask = |connection: Option<&str>, session: Option<&'static str>| {
        let mut request = client.event_stream("/acp").header("accept", "text/event-stream");
        request = connection.map_or(request.clone(), |id| request.header("acp-connection-id", id));
        session.map_or(request.clone(), |id| request.header("acp-session-id", id)).try_open()
    };
    for (connection, session, status, said) in [
        (None, None, 400, "Missing Acp-Connection-Id"),
        (Some("nobody"), None, 404, "Unknown Acp-Connection-Id"),
        (Some(editor.connection.as_str()), Some("zz"), 403, "Session not owned by this connection"),
    ] {
        let refused = ask(connection, session).await?.expect_err("a refusal");
        assert_eq!((refused.status, refused.json()), (status, json!({"error": said})));
    }
    Ok(())
}

#[tokio::test]
async fn a_second_prompt_of_the_connection_ends_the_first() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang], vec![Step::Text("second".into())]])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "first").await?;
    editor.prompt(3, &session, "second").await?;
    assert_eq!(told.result(2).await?["stopReason"], "cancelled");
    assert_eq!(told.result(3).await?, json!({"stopReason": "end_turn"}));
    Ok(())
}

#[tokio::test]
async fn a_loaded_session_is_told_from_its_beginning() -> anyhow::Result<()> {
    let host = Host::start(saying(&["what was said", "what comes"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "before").await?;
    told.news("turn_complete").await?;

    let other = Editor::connect(&host.client()).await?;
    let mut stream = other.stream().await?;
    other.ask(1, "session/load", &json!({"sessionId": session, "mcpServers": []})).await?;
    stream.result(1).await?;
    let mut told = other.session_stream(&session, None).await?;
    let past = told.until(|message| is_news(message, "replay_complete")).await?;
    assert_eq!(said(messages(&past)), "what was said");
    other.prompt(2, &session, "after").await?;
    let lines = told.until(|message| message["id"] == 2).await?;
    assert_eq!(said(messages(&lines)), "what comes");
    Ok(())
}

#[tokio::test]
async fn a_resumed_session_is_told_from_now_on() -> anyhow::Result<()> {
    let host = Host::start(saying(&["what was said", "what comes"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "before").await?;
    told.news("turn_complete").await?;
    let other = Editor::connect(&host.client()).await?;
    let mut stream = other.stream().await?;
    other.ask(1, "session/resume", &json!({"sessionId": session})).await?;
    stream.result(1).await?;
    let mut told = other.session_stream(&session, None).await?;
    other.prompt(2, &session, "after").await?;
    let lines = told.until(|message| message["id"] == 2).await?;
    assert_eq!(said(messages(&lines)), "what comes");
    Ok(())
}

fn impatient(config: &mut roost_server::Config) {
    let policy = config.acp.get_or_insert_default();
    policy.grace = Millis(50);
}

#[tokio::test]
async fn a_prompt_nobody_follows_ends_when_its_stream_stays_away() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::turns([vec![Step::Hang]]), impatient).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "wait").await?;
    told.until(|message| message["params"]["update"]["sessionUpdate"] == "user_message_chunk").await?;
    drop(told);
    editor.turn_is(&session, "wait", "cancelled").await?;
    let mut told = editor.session_stream(&session, None).await?;
    assert_eq!(told.result(2).await?["stopReason"], "cancelled");
    Ok(())
}

#[tokio::test]
async fn a_prompt_somebody_else_follows_outlives_the_connection_that_sent_it() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::turns([vec![Step::Hang]]), impatient).await?;
    let (editor, stream, session) = Editor::open(&host.client()).await?;
    let client = host.client();
    let mut follower = client.events(&session).from(Cursor::START).open().await?;
    editor.prompt(2, &session, "wait").await?;
    follower.until(|event| event.data["update"]["sessionUpdate"] == "user_message_chunk").await?;
    drop(stream);
    until_true("the connection to be over", || host.daemon().app().acp.traffic().connections == 0).await?;
    let status = until("the connection to have left the session", async || {
        let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
        Ok((status["clientCount"] == 0).then_some(status))
    })
    .await?;
    assert_eq!(status["hasActivePrompt"], true, "{status}");
    client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    follower.until_type(EventType::TurnComplete).await?;
    Ok(())
}
