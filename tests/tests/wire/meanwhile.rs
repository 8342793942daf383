//! What the user says while the built-in agent works.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, message_text},
    daemon::Setup,
    fake_model::{FakeModel, Script, Step},
};
use serde_json::{Value, json};

fn contents(messages: &[Value]) -> Vec<&Value> {
    messages.iter().map(|message| &message["content"]).collect()
}

/// M1, M2: said while the model thinks, taken up between its calls, and told to everybody; and still there when the prompt is sent again.
#[tokio::test]
async fn a_message_reaches_the_model_in_the_turn_that_runs_and_survives_a_retry() -> anyhow::Result<()> {
    let read = Step::tool_call("list_directory", json!({"path": "."}));
    let turns = [vec![Step::Gate("said".into()), read], vec![Step::status(400)], vec![Step::text("Noted.")]];
    let model = FakeModel::start(Script::turns(turns)).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let prompt = client.prompt(&session, "Look around").await?;
    model.requested(1).await;
    let said = json!({"message": "mind the gap", "messageId": "m-1"});
    let accepted = client.post(&format!("/session/{session}/mid-turn-message"), &said).await?.ok()?;
    assert_eq!(accepted, json!({"accepted": true, "messageId": "m-1"}));
    model.open("said");

    let events = stream.until_end_of(&prompt.prompt_id).await?;
    let injected = events.iter().find(|event| event.kind == EventType::MidTurnMessageInjected).context("it is told")?;
    assert_eq!((&injected.data["messages"], &injected.data["messageIds"]), (&json!(["mind the gap"]), &json!(["m-1"])));
    assert_eq!(contents(model.requests()[1].messages()).last(), Some(&&json!("mind the gap")));
    assert_eq!(events.last().map(|event| &event.kind), Some(&EventType::TurnError), "the model fails");

    let retry = json!({"prompt": [{"type": "text", "text": "Look around"}], "retry": true});
    let answer = client.post(&format!("/session/{session}/prompt"), &retry).await?;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let again = answer.json()["promptId"].as_str().context("a prompt has an id")?.to_owned();
    let events = stream.until_end_of(&again).await?;
    assert_eq!(message_text(&events), "Noted.");
    let requests = model.requests();
    let said = contents(requests[2].messages());
    assert!(said.ends_with(&[&json!("mind the gap"), &json!("Look around")]), "{said:?}");
    assert_eq!(
        said.iter().filter(|text| **text == "Look around").count(),
        2,
        "the one that was worked on, and the retry"
    );
    Ok(())
}
