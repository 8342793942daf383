//! Prompts and what comes of them.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, check_gap_free, ids, is_end_of, message_text, updates},
    daemon::Setup,
    fake_model::{FakeModel, Script, Step, script::words},
};
use serde_json::json;

#[tokio::test]
async fn a_prompt_streams_the_models_words_and_ends() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([vec![Step::Think("Let me see.".into()), Step::words(20)]])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;

    let events = client.turn(&session, "Count to twenty").await?;

    assert_eq!(message_text(&events), words(20));
    let echo = updates(&events, "user_message_chunk").next().context("the prompt is echoed")?;
    assert_eq!(echo["content"]["text"], "Count to twenty");
    assert_eq!(echo["_meta"]["source"], "bridge-echo");
    let thought: String =
        updates(&events, "agent_thought_chunk").filter_map(|update| update["content"]["text"].as_str()).collect();
    assert_eq!(thought, "Let me see.");
    let end = events.last().context("a turn has an end")?;
    assert_eq!(end.kind, EventType::TurnComplete);
    assert_eq!(end.data["stopReason"], "end_turn");
    check_gap_free(&ids(&events))
}

#[tokio::test]
async fn an_approved_tool_call_puts_the_file_on_disk() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([
        vec![Step::tool_call("write_file", json!({"file_path": "note.txt", "content": "kept\n"}))],
        vec![Step::text("Written.")],
    ]));
    let model = model.await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "Write a note").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;

    let asked = stream.until_type(EventType::PermissionRequest).await?;
    let request = asked.last().context("the stream stopped at the request")?;
    assert!(!daemon.workspace().join("note.txt").exists(), "nothing is written before it is allowed");
    let diff = &request.data["toolCall"]["content"][0];
    assert_eq!((&diff["type"], &diff["newText"]), (&json!("diff"), &json!("kept\n")));
    let request_id = request.data["requestId"].as_str().context("a request has an id")?;
    client.allow(&session, request_id, "proceed_once").await?.ok()?;

    let rest = stream.until_end_of(&accepted.prompt_id).await?;
    assert_eq!(std::fs::read_to_string(daemon.workspace().join("note.txt"))?, "kept\n");
    assert_eq!(message_text(&rest), "Written.");
    let finished = updates(&rest, "tool_call_update").last().context("the call ends")?;
    assert_eq!(finished["status"], "completed");
    let requests = model.requests();
    let answers = requests.last().context("the model was asked twice")?.tool_results();
    assert_eq!(answers.len(), 1, "the model hears what its call did");
    Ok(())
}

#[tokio::test]
async fn a_second_prompt_waits_for_the_first_and_a_cancel_ends_only_the_running_one() -> anyhow::Result<()> {
    let model =
        FakeModel::start(Script::turns([vec![Step::text("begun"), Step::Hang], vec![Step::text("second")]])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let first = client.prompt(&session, "one").await?;
    let mut stream = client.events(&session).from(first.cursor()).open().await?;
    stream.until(|event| event.data["update"]["sessionUpdate"] == "agent_message_chunk").await?;

    let second = client.prompt(&session, "two").await?;
    let queued = stream.until_type(EventType::PendingPromptAdded).await?;
    assert_eq!(queued.last().map(|event| &event.data["text"]), Some(&json!("two")));
    let pending = client.get(&format!("/session/{session}/pending-prompts")).await?.ok()?;
    let states: Vec<_> = pending["pendingPrompts"].as_array().context("a list")?.iter().map(|p| &p["state"]).collect();
    assert_eq!(states, ["running", "queued"]);

    assert_eq!(client.post(&format!("/session/{session}/cancel"), &json!({})).await?.status, 204);
    let cancelled = stream.until_end_of(&first.prompt_id).await?;
    assert!(cancelled.iter().any(|event| event.kind == EventType::PromptCancelled));
    assert_eq!(cancelled.last().map(|event| &event.data["stopReason"]), Some(&json!("cancelled")));

    let rest = stream.until_end_of(&second.prompt_id).await?;
    assert!(rest.iter().any(|event| event.kind == EventType::PendingPromptStarted));
    assert_eq!(message_text(&rest), "second");
    stream.until_type(EventType::PendingPromptCompleted).await?;
    Ok(())
}

#[tokio::test]
async fn a_late_reader_is_shown_the_same_events_as_a_live_one() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::paced_words(50, 1)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    let mut live = client.events(&session).from(Cursor::START).open().await?;
    let seen_live = live.until(|event| is_end_of(event, &accepted.prompt_id)).await?;

    let mut late = client.events(&session).from(Cursor::START).open().await?;
    let seen_late = late.until_type(EventType::ReplayComplete).await?;

    let numbered = |events: &[roost_core::Envelope]| -> Vec<_> {
        events.iter().filter(|event| event.id.is_some()).cloned().collect()
    };
    assert_eq!(numbered(&seen_live), numbered(&seen_late)[..numbered(&seen_live).len()]);
    check_gap_free(&ids(&seen_late))
}

#[tokio::test]
async fn a_cursor_of_another_epoch_gets_a_resync_and_the_whole_ring() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(3)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "go").await?;

    let foreign = Cursor { last_event_id: 2, epoch: Some(uuid::Uuid::new_v4().to_string()) };
    let mut stream = client.events(&session).from(foreign).open().await?;
    let events = stream.until_type(EventType::ReplayComplete).await?;

    assert_eq!(events[0].kind, EventType::StateResyncRequired);
    assert_eq!(events[0].data["reason"], "epoch_reset");
    assert_eq!(ids(&events).first(), Some(&1));
    Ok(())
}

#[tokio::test]
async fn a_session_can_be_renamed_listed_and_closed() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(1)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "go").await?;

    let renamed = client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "Eggs"})).await?.ok()?;
    assert_eq!(renamed["displayName"], "Eggs");
    let list = format!("/workspace/{}/sessions", daemon.workspace().display().to_string().replace('/', "%2F"));
    let listed = client.get(&list).await?.ok()?;
    assert_eq!(listed["sessions"][0]["displayName"], "Eggs");

    assert_eq!(client.delete(&format!("/session/{session}")).await?.status, 204);
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 404);
    let listed = client.get(&list).await?.ok()?;
    assert_eq!(listed["sessions"][0]["sessionId"], json!(session), "the transcript stays on disk");
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["attached"], false);
    Ok(())
}
