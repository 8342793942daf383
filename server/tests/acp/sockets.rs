//! The WebSocket: who gets one, what may be sent, how it ends.

use std::{num::NonZeroUsize, time::Duration};

use http::header::SEC_WEBSOCKET_PROTOCOL;
use roost_core::rate_limit::RateLimits;
use roost_tests::{
    deadline::until_true,
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use crate::{
    editor::{call, is_news, said},
    host::{Host, TOKEN, saying, words},
    screen::{Asked, Screen, bearer_protocol},
};

fn hello() -> Value {
    call(0, "initialize", &json!({"protocolVersion": 1}))
}

async fn close_code(screen: &mut Screen) -> anyhow::Result<Option<u16>> {
    Ok(screen.closed().await?.1.map(|frame| frame.code.into()))
}

#[tokio::test]
async fn a_socket_is_refused_before_it_is_one() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let (good, bad) = (format!("Bearer {TOKEN}"), bearer_protocol("wrong"));
    for (status, headers) in [
        (401, vec![]),
        (401, vec![("authorization", "Bearer wrong")]),
        (401, vec![("sec-websocket-protocol", bad.as_str())]),
        (401, vec![("sec-websocket-protocol", "qwen-bearer.")]),
        (401, vec![("authorization", "Bearer wrong"), ("sec-websocket-protocol", "acp")]),
        (403, vec![("authorization", good.as_str()), ("origin", "https://evil.test")]),
        (403, vec![("authorization", good.as_str()), ("origin", "null")]),
        (403, vec![("authorization", good.as_str()), ("host", "evil.test")]),
        (426, vec![("authorization", good.as_str()), ("sec-websocket-version", "8")]),
        (400, vec![("authorization", good.as_str()), ("sec-websocket-key", "short")]),
    ] {
        match Screen::ask(&host, "/acp", &headers).await? {
            Asked::Refused(found, _) => assert_eq!(found, status, "{headers:?}"),
            Asked::Granted(_) => panic!("granted: {headers:?}"),
        }
    }
    let traffic = host.daemon().app().acp.traffic();
    assert_eq!((traffic.connections, traffic.ws_streams), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_browser_may_send_its_token_as_a_protocol_and_never_sees_it_again() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let token = bearer_protocol(TOKEN);
    let own = format!("http://{}", host.daemon().address());
    let offer = format!("{token}, acp, other");
    let headers = [("sec-websocket-protocol", offer.as_str()), ("origin", own.as_str())];
    let Asked::Granted(mut screen) = Screen::ask(&host, "/acp", &headers).await? else { panic!("refused") };
    assert_eq!(screen.headers.get(SEC_WEBSOCKET_PROTOCOL).map(http::HeaderValue::as_bytes), Some(&b"acp"[..]));
    let encoded = token.trim_start_matches("qwen-bearer.");
    assert!(!format!("{:?}", screen.headers).contains(encoded));
    screen.call(0, "initialize", &json!({})).await?;
    Ok(())
}

#[tokio::test]
async fn a_turn_goes_over_one_socket_with_its_question_and_its_answer() -> anyhow::Result<()> {
    let write = Step::AskToWrite { path: "note.txt".into(), content: "written".into() };
    let host =
        Host::start(AgentScript::turns([vec![Step::Text("I will. ".into()), write, Step::Text("Done.".into())]]))
            .await?;
    let mut screen = Screen::connect(&host).await?;
    let session = screen.new_session().await?;
    screen.prompt(2, &session, "write").await?;
    let mut messages = screen.until(|message| message["method"] == "session/request_permission").await?;
    let question = messages.last().expect("it was waited for")["id"].clone();
    let yes = json!({"outcome": {"outcome": "selected", "optionId": "yes"}});
    screen.send(&json!({"jsonrpc": "2.0", "id": question, "result": yes})).await?;
    messages.extend(screen.until(|message| message["id"] == 2).await?);
    assert_eq!(messages.last().expect("the answer")["result"], json!({"stopReason": "end_turn"}));
    assert_eq!(said(&messages), "I will. Done.");
    assert_eq!(std::fs::read_to_string(host.config.workspace.join("note.txt"))?, "written");
    let end = screen.next().await?;
    assert!(is_news(&end, "turn_complete"), "{end}");
    Ok(())
}

#[tokio::test]
async fn of_two_answers_to_one_question_the_first_counts() -> anyhow::Result<()> {
    for round in 0..20 {
        let write = Step::AskToWrite { path: "note.txt".into(), content: "written".into() };
        let host = Host::start(AgentScript::turns([vec![write]])).await?;
        let mut screen = Screen::connect(&host).await?;
        let session = screen.new_session().await?;
        screen.prompt(2, &session, "write").await?;
        let messages = screen.until(|message| message["method"] == "session/request_permission").await?;
        let question = messages.last().expect("it was waited for")["id"].clone();
        for option in ["no", "yes"] {
            let outcome = json!({"outcome": {"outcome": "selected", "optionId": option}});
            screen.send(&json!({"jsonrpc": "2.0", "id": question, "result": outcome})).await?;
        }
        screen.until(|message| message["id"] == 2).await?;
        assert!(!host.config.workspace.join("note.txt").exists(), "round {round}");
    }
    Ok(())
}

#[tokio::test]
async fn a_flood_of_events_arrives_whole_and_in_order() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([words(5_000)])).await?;
    let mut screen = Screen::connect(&host).await?;
    let session = screen.new_session().await?;
    screen.prompt(2, &session, "count").await?;
    let messages = screen.until(|message| message["id"] == 2).await?;
    assert_eq!(said(&messages), roost_tests::fake_model::script::words(5_000));
    Ok(())
}

#[tokio::test]
async fn a_new_session_says_nothing_before_it_has_a_name() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let mut screen = Screen::connect(&host).await?;
    let mut known = Vec::new();
    for id in 2..12 {
        screen.send(&call(id, "session/new", &json!({}))).await?;
        loop {
            let message = screen.next().await?;
            if let Some(session) = message["params"]["sessionId"].as_str() {
                assert!(known.contains(&json!(session)), "{message} comes before the answer that names its session");
            }
            if message["id"] == id {
                known.push(message["result"]["sessionId"].clone());
                break;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn frames_are_performed_in_their_order() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let mut screen = Screen::connect(&host).await?;
    screen.send(&call(1, "session/new", &json!({}))).await?;
    for id in 2..200 {
        let method = if id % 2 == 0 { "authenticate" } else { "session/list" };
        screen.send(&call(id, method, &json!({}))).await?;
    }
    let mut answered = Vec::new();
    while answered.last() != Some(&199) {
        let message = screen.next().await?;
        answered.extend(message["id"].as_u64());
    }
    assert_eq!(answered, (1..200).collect::<Vec<u64>>());
    Ok(())
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_the_socket_lives_on() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let mut screen = Screen::open(&host).await?;
    let parse_error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "Parse error"}});
    screen.send_text("{bad").await?;
    assert_eq!(screen.next().await?, parse_error);
    screen.call(0, "initialize", &json!({})).await?;
    for (text, answer) in [
        ("{bad", parse_error),
        ("[]", json!({"error": "Batch JSON-RPC not supported"})),
        (
            r#"{"a":1}"#,
            json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "Malformed JSON-RPC message"}}),
        ),
    ] {
        screen.send_text(text).await?;
        assert_eq!(screen.next().await?, answer, "{text}");
    }
    screen.send_raw(Message::Ping(vec![1].into())).await?;
    screen.call(5, "authenticate", &json!({})).await?;
    screen.send(&hello()).await?;
    assert_eq!(screen.next().await?["error"]["code"], -32601);
    Ok(())
}

#[tokio::test]
async fn the_first_message_is_initialize_or_the_last() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let mut screen = Screen::open(&host).await?;
    screen.send(&call(7, "session/list", &json!({}))).await?;
    let (before, frame) = screen.closed().await?;
    assert_eq!(before[0]["error"], json!({"code": -32600, "message": "First message must be initialize"}));
    assert_eq!((&before[0]["id"], frame.map(|frame| frame.code)), (&json!(7), Some(CloseCode::Protocol)));

    let hurried = Host::start_with(AgentScript::default(), |config| {
        config.acp.get_or_insert_default().first_frame = Duration::from_millis(50);
    });
    let host = hurried.await?;
    let mut screen = Screen::open(&host).await?;
    assert_eq!(close_code(&mut screen).await?, Some(1002));
    Ok(())
}

#[tokio::test]
async fn only_text_of_a_sensible_size_is_taken() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::default(), |config| config.limits.max_body_bytes = 64 * 1024).await?;
    let mut screen = Screen::connect(&host).await?;
    screen.send_raw(Message::binary(vec![1, 2])).await?;
    assert_eq!(close_code(&mut screen).await?, Some(1003));
    let mut screen = Screen::open(&host).await?;
    screen.send_raw(Message::binary(vec![1, 2])).await?;
    assert_eq!(close_code(&mut screen).await?, Some(1003));
    let mut screen = Screen::connect(&host).await?;
    // The daemon may close before all of it is sent.
    let _ = screen.send_text(&"x".repeat(65 * 1024)).await;
    assert_eq!(close_code(&mut screen).await?, Some(1009));
    until_true("the sockets to be gone", || host.daemon().app().acp.traffic().ws_streams == 0).await
}

#[tokio::test]
async fn a_socket_too_many_is_told_to_come_back() -> anyhow::Result<()> {
    let one = |config: &mut roost_server::Config| {
        config.acp.get_or_insert_default().max_connections = const { NonZeroUsize::new(1).unwrap() };
    };
    let host = Host::start_with(AgentScript::default(), one).await?;
    let first = Screen::connect(&host).await?;
    let mut second = Screen::open(&host).await?;
    assert_eq!(close_code(&mut second).await?, Some(1013));
    drop(first);
    until_true("the seat to be free", || host.daemon().app().acp.traffic().connections == 0).await?;
    Screen::connect(&host).await?;
    Ok(())
}

#[tokio::test]
async fn a_daemon_that_stops_says_so() -> anyhow::Result<()> {
    let mut host = Host::start(saying(&["hello"])).await?;
    let mut idle = Screen::open(&host).await?;
    let mut busy = Screen::connect(&host).await?;
    busy.new_session().await?;
    let stopping = tokio::spawn(async move { host.stop().await.map(|()| host) });
    assert_eq!(close_code(&mut idle).await?, Some(1012));
    assert_eq!(close_code(&mut busy).await?, Some(1012));
    stopping.await??;
    Ok(())
}

#[tokio::test]
async fn a_socket_that_is_cut_gives_up_its_prompt_after_a_while() -> anyhow::Result<()> {
    let impatient = |config: &mut roost_server::Config| {
        config.acp.get_or_insert_default().grace = roost_core::Millis(50);
    };
    let host = Host::start_with(AgentScript::turns([vec![Step::Hang]]), impatient).await?;
    let client = host.client();
    let mut screen = Screen::connect(&host).await?;
    let session = screen.new_session().await?;
    client.post(&format!("/session/{session}/resume"), &json!({})).await?.ok()?;
    screen.prompt(2, &session, "wait").await?;
    screen.until(|message| message["params"]["update"]["sessionUpdate"] == "user_message_chunk").await?;
    drop(screen);
    roost_tests::deadline::until("the prompt to be given up", async || {
        let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
        Ok((status["hasActivePrompt"] == false && status["clientCount"] == 1).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_socket_that_reconnects_finds_its_turn_going_on() -> anyhow::Result<()> {
    let gate = Step::AskToWrite { path: "note.txt".into(), content: "x".into() };
    let host =
        Host::start(AgentScript::turns([vec![Step::Text("before ".into()), gate, Step::Text("after".into())]])).await?;
    let mut screen = Screen::connect(&host).await?;
    let session = screen.new_session().await?;
    screen.prompt(2, &session, "write").await?;
    screen.until(|message| message["method"] == "session/request_permission").await?;
    drop(screen);
    let mut screen = Screen::connect(&host).await?;
    screen.send(&call(3, "session/load", &json!({"sessionId": session}))).await?;
    let mut messages = screen.until(|message| message["id"] == 3).await?;
    let question = messages.iter().find(|message| message["method"] == "session/request_permission");
    let question = question.unwrap_or_else(|| panic!("the history holds no open question: {messages:?}"))["id"].clone();
    let no = json!({"outcome": {"outcome": "selected", "optionId": "no"}});
    screen.send(&json!({"jsonrpc": "2.0", "id": question, "result": no})).await?;
    messages.extend(screen.until(|message| is_news(message, "turn_complete")).await?);
    assert_eq!(said(&messages), "before after");
    Ok(())
}

#[tokio::test]
async fn frames_are_charged_by_their_method_too() -> anyhow::Result<()> {
    let one = const { std::num::NonZeroU32::new(1).unwrap() };
    let limits = RateLimits { read: one, ..RateLimits::default() };
    let host = Host::start_with(AgentScript::default(), |config| config.rate_limits = Some(limits)).await?;
    let mut screen = Screen::connect(&host).await?;
    screen.call(1, "session/list", &json!({})).await?;
    screen.send(&call(2, "session/list", &json!({}))).await?;
    let refused = screen.next().await?;
    assert_eq!((&refused["id"], &refused["error"]["data"]["errorKind"]), (&json!(2), &json!("rate_limit_exceeded")));
    Ok(())
}
