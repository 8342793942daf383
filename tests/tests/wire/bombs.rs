//! S16: JSON that is nested without end, holds a million keys, or one text of megabytes: from a client it is refused or carried, from an
//! agent it is left out. What gets in can be read again by everybody, also by the next daemon.

use anyhow::Context;
use roost_core::{EventType, client::routes, sse::Frame};
use roost_tests::{
    client::events::{Cursor, message_text},
    daemon::Setup,
    scripted_agent::script::Step,
};
use serde_json::{Value, json};

use crate::spoken::{Stage, spoken, text};

fn nested(levels: usize) -> String {
    format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
}

/// One line of JSON-RPC with `deep` in the place of `"DEEP"`.
fn line(message: &Value, deep: &str) -> Step {
    Step::RawLine(message.to_string().replace("\"DEEP\"", deep))
}

#[tokio::test]
async fn what_an_agent_nests_too_deeply_is_left_out_and_refused_and_the_session_goes_on() -> anyhow::Result<()> {
    let mut stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let update = |id: &str| {
        let update = json!({"sessionUpdate": "tool_call", "toolCallId": id, "title": id, "rawInput": "DEEP"});
        json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session, "update": update}})
    };
    let options = json!([{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]);
    let call = json!({"toolCallId": "asked", "title": "asked", "rawInput": "DEEP"});
    let params = json!({"sessionId": session, "toolCall": call, "options": options});
    let question = json!({"jsonrpc": "2.0", "id": 1_000, "method": "session/request_permission", "params": params});
    let mut turn = vec![text("before ")];
    turn.push(line(&update("readable"), &nested(60)));
    turn.extend([110, 130, 5_000, 1_000_000].map(|levels| line(&update("unreadable"), &nested(levels))));
    turn.extend([130, 5_000].map(|levels| line(&question, &nested(levels))));
    turn.push(text("after"));

    let events = stage.turn(&session, turn).await?;

    assert_eq!(message_text(&events), "before after");
    let calls = events.iter().filter(|event| event.data["update"]["sessionUpdate"] == "tool_call");
    let titles: Vec<_> = calls.map(|event| &event.data["update"]["title"]).collect();
    assert_eq!(titles, ["readable"]);
    assert!(events.iter().all(|event| event.kind != EventType::PermissionRequest));
    let status = stage.client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["isWaitingForPermission"], false, "a question nobody can read waits for nobody: {status}");

    stage.daemon.kill()?;
    stage.daemon.start_again().await?;
    let loaded = stage.client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert!(loaded.get("partial").is_none(), "the whole record is readable: {loaded}");
    Ok(())
}

#[tokio::test]
async fn what_a_client_nests_too_deeply_is_refused_and_what_is_taken_survives_a_restart() -> anyhow::Result<()> {
    let mut stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let path = format!("/session/{session}/prompt");
    let prompt = |levels: usize| {
        let block = json!({"type": "text", "text": spoken([text("heard")]).unwrap_or_default()});
        let body = json!({"prompt": [block], "_meta": {"k": "DEEP"}}).to_string();
        body.replace("\"DEEP\"", &nested(levels))
    };
    let send = async |body: String| {
        let request = stage.client.request(hyper::Method::POST, &path).header("content-type", "application/json");
        stage.client.send(request.body(http_body_util::Full::from(body))?).await
    };
    for levels in [99, 120, 5_000, 1_000_000] {
        let answer = send(prompt(levels)).await?;
        assert_eq!(answer.status, 400, "{levels}: {}", answer.text());
        assert!(
            answer.json()["error"].as_str().is_some_and(|error| error.contains("nested") || error.contains("JSON"))
        );
    }
    let accepted = send(prompt(90)).await?.ok()?;
    let id = accepted["promptId"].as_str().context("a prompt has an id")?;
    let mut stream = stage.client.events(&session).from(Cursor::START).open().await?;
    assert_eq!(message_text(&stream.until_end_of(id).await?), "heard");

    stage.daemon.kill()?;
    stage.daemon.start_again().await?;
    let loaded = stage.client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert!(loaded.get("partial").is_none(), "{loaded}");
    let state = stage.client.get(&format!("/session/{session}/turns/{id}")).await?.ok()?;
    assert_eq!(state["state"], "completed", "{state}");
    Ok(())
}

#[tokio::test]
async fn a_million_keys_and_megabytes_of_text_are_carried_or_refused() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let client = &stage.client;
    let session = client.new_session().await?;
    let keys: String = (0..800_000).map(|nth| format!("\"{nth}\":0,")).collect();
    let body = format!("{{{keys}\"prompt\":[]}}");
    let request = client.request(hyper::Method::POST, &format!("/session/{session}/prompt"));
    let request = request.header("content-type", "application/json");
    let answer = client.send(request.body(http_body_util::Full::from(body))?).await?;
    assert_eq!(answer.status, 400, "{:.200}", answer.text());

    let long = "ä".repeat(2_000_000);
    let events = stage.turn(&session, [text(&long), text("end")]).await?;
    assert_eq!(message_text(&events), format!("{long}end"));
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let read = routes::load(&session.as_str().into()).read(&roost_core::client::Answer {
        status: 200,
        retry_after: None,
        body: loaded.to_string().as_bytes(),
    });
    assert!(read.is_ok(), "core's client reads it");
    assert_eq!(client.get("/health").await?.status, 200);
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    assert!(matches!(stream.next_frame().await?, Some(Frame::Event(_) | Frame::Comment(_) | Frame::Retry(_))));
    Ok(())
}
