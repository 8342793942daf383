//! What is said while a turn runs (M1–M3).

use roost_core::EventType;
use roost_tests::{
    client::{
        Client,
        events::{Cursor, is_end_of, message_text},
    },
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::{Host, saying};

async fn say(client: &Client, session: &str, body: &Value) -> anyhow::Result<Value> {
    client.post(&format!("/session/{session}/mid-turn-message"), body).await?.ok()
}

async fn waiting(client: &Client, session: &str) -> anyhow::Result<Value> {
    client.get(&format!("/session/{session}/mid-turn-messages")).await?.ok()
}

/// M1, M2: a message waits, is announced, reaches the agent when it asks, and everybody learns that it did.
#[tokio::test]
async fn a_message_reaches_the_agent_in_the_turn_that_runs() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang], vec![Step::Drain]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let hanging = client.prompt(&session, "wait").await?;
    let first = say(&client, &session, &json!({"message": "  use tabs ", "messageId": "m-1"})).await?;
    assert_eq!(first, json!({"accepted": true, "messageId": "m-1"}));
    let second = say(&client, &session, &json!({"message": "and no semicolons"})).await?;
    assert_eq!(second["accepted"], true);
    let listed = waiting(&client, &session).await?;
    assert_eq!(listed["messages"][0], json!({"messageId": "m-1", "text": "use tabs"}));
    assert_eq!(listed["messages"][1]["messageId"], second["messageId"]);
    let removed = client.delete(&format!("/session/{session}/mid-turn-messages/m-1")).await?.ok()?;
    assert_eq!(removed, json!({"removed": true}));
    client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    stream.until(|event| is_end_of(event, &hanging.prompt_id)).await?;

    // What the first turn did not ask for is a prompt by now, and what is said in its turn is for that turn.
    let promoted = second["messageId"].as_str().expect("an id").to_owned();
    stream.until_type(EventType::PendingPromptStarted).await?;
    let steered = say(&client, &session, &json!({"message": "faster"})).await?;
    let events = stream.until_end_of(&promoted).await?;
    assert_eq!(message_text(&events), "heard: faster\n");
    let injected = events.iter().find(|event| event.kind == EventType::MidTurnMessageInjected).expect("it was told");
    assert_eq!(injected.data["messages"], json!(["faster"]));
    assert_eq!(injected.data["messageIds"], json!([steered["messageId"]]));
    assert_eq!(injected.prompt_id.as_ref().map(roost_core::PromptId::as_str), Some(promoted.as_str()));
    let queue = waiting(&client, &session).await?;
    assert_eq!(queue["messages"], json!([]));
    assert_eq!(queue["settledMessageIds"], json!(["m-1", steered["messageId"]]));
    assert_eq!(queue["promotedMessageIds"], json!([promoted]));
    Ok(())
}

/// M3: left over at the end of a turn, a message is asked as a prompt under its own id.
#[tokio::test]
async fn a_message_no_tool_call_came_for_is_the_next_prompt() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang], vec![Step::Text("as you say".into())]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    client.prompt(&session, "wait").await?;
    let taken = say(&client, &session, &json!({"message": "then do this"})).await?;
    client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    let events = stream.until_end_of(taken["messageId"].as_str().expect("an id")).await?;
    assert_eq!(message_text(&events), "as you say");
    let echo = events.iter().rev().find(|event| event.data["update"]["sessionUpdate"] == "user_message_chunk");
    assert_eq!(echo.expect("it is echoed").data["update"]["content"]["text"], "then do this");
    Ok(())
}

/// M1: what is no message, or cannot wait, is told so.
#[tokio::test]
async fn what_is_no_message_is_refused_and_an_idle_session_takes_none() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let idle = say(&client, &session, &json!({"message": "anyone?"})).await?;
    assert_eq!(idle, json!({"accepted": false, "reason": "session_idle"}));
    let long = "x".repeat(16_385);
    for bad in [
        json!({}),
        json!({"message": "  "}),
        json!({"message": 7}),
        json!({"message": long}),
        json!({"message": "a", "messageId": ""}),
        json!({"message": "a", "content": []}),
        json!({"message": "a", "content": [{"type": "text", "text": "b"}]}),
    ] {
        let refused = client.post(&format!("/session/{session}/mid-turn-message"), &bad).await?;
        assert_eq!((refused.status, refused.code()), (400, None), "{bad}");
    }
    let stranger = host.client().with_client_id("nobody");
    let refused = stranger.get(&format!("/session/{session}/mid-turn-messages")).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_client_id")));
    assert_eq!(client.post("/session/none/mid-turn-message", &json!({"message": "a"})).await?.status, 404);
    Ok(())
}

/// M3: a message that was accepted survives the daemon.
#[tokio::test]
async fn an_accepted_message_is_asked_by_the_next_daemon() -> anyhow::Result<()> {
    let script = AgentScript::turns([vec![Step::Hang], vec![Step::Text("late but here".into())]]);
    let mut host = Host::start(AgentScript { load_session: true, ..script }).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.prompt(&session, "wait").await?;
    let taken = say(&client, &session, &json!({"message": "remember me"})).await?;
    // What a crash would leave: the journal as it is now.
    let journal = host.record(&session).join("events.jsonl");
    let as_it_was = std::fs::read(&journal)?;
    host.stop().await?;
    std::fs::write(&journal, as_it_was)?;
    host.begin().await?;
    let client = host.client();
    let mut stream = roost_tests::deadline::until("the session to come back by itself", async || {
        Ok(client.events(&session).from(Cursor::START).try_open().await?.ok())
    })
    .await?;
    let events = stream.until_end_of(taken["messageId"].as_str().expect("an id")).await?;
    assert!(message_text(&events).ends_with("late but here"));
    Ok(())
}
