use roost_core::{Envelope, EventType};
use roost_tests::{
    client::{
        Client,
        events::{Cursor, check_gap_free, ids, message_text},
    },
    deadline::until,
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::Host;

fn remembering(turns: Vec<Vec<Step>>) -> AgentScript {
    AgentScript { load_session: true, ..AgentScript::turns(turns) }
}

fn says(text: &str) -> Vec<Step> {
    vec![Step::Text(text.to_owned())]
}

async fn load(client: &Client, session: &str) -> anyhow::Result<Value> {
    client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()
}

#[tokio::test]
async fn a_session_is_listed_loaded_and_goes_on_after_a_restart() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let first = client.turn(&session, "the first question").await?;
    let named = client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "Mine"})).await?.ok()?;
    assert_eq!(named["displayName"], "Mine");
    host.restart().await?;

    let client = host.client();
    let list = client.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(list["sessions"][0]["sessionId"], session);
    assert_eq!(list["sessions"][0]["displayName"], "Mine");
    assert_eq!(list["sessions"][0]["hasActivePrompt"], false);
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 404);

    let loaded = load(&client, &session).await?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "one");
    let cursor = Cursor {
        last_event_id: *ids(&first).last().expect("ids"),
        epoch: loaded["eventEpoch"].as_str().map(str::to_owned),
    };
    let mut stream = client.events(&session).from(cursor).open().await?;
    let accepted = client.prompt(&session, "the second").await?;
    let events = stream.until_end_of(&accepted.prompt_id).await?;
    assert!(events.iter().all(|event| event.kind != EventType::StateResyncRequired), "the epoch went on");
    check_gap_free(&ids(first.iter().chain(&events)))?;
    assert_eq!(message_text(&events), "two");
    Ok(())
}

#[tokio::test]
async fn a_session_whose_journal_was_torn_goes_on_under_the_same_epoch() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    let journal = host.record(&session).join("events.jsonl");
    host.restart().await?;
    let mut text = std::fs::read(&journal)?;
    text.extend_from_slice(b"{\"id\":99,\"v\":1,\"type\":\"sess");
    std::fs::write(&journal, &text)?;
    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert!(loaded["compactedReplay"].to_string().contains("one"));
    let events = client.turn(&session, "again").await?;
    assert_eq!(message_text(&events), "two");
    check_gap_free(&ids(&events))
}

#[tokio::test]
async fn damage_in_the_middle_costs_the_epoch_and_nothing_else() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two"), says("three")])).await?;
    let client = host.client();
    let (session, other) = (client.new_session().await?, client.new_session().await?);
    client.turn(&session, "hi").await?;
    let turn = client.turn(&other, "hi").await?;
    let before = load(&client, &session).await?["eventEpoch"].clone();
    host.restart().await?;
    let journal = host.record(&session).join("events.jsonl");
    let text = std::fs::read_to_string(&journal)?;
    let line = text.lines().find(|line| line.contains("agent_message_chunk")).expect("the agent spoke");
    std::fs::write(&journal, text.replace(line, &line.replace("\"type\"", "\"tipe")))?;

    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert_ne!(loaded["eventEpoch"], before);
    assert!(loaded["compactedReplay"].to_string().contains("hi"), "what is readable is there");
    let untouched = load(&client, &other).await?;
    assert!(untouched["compactedReplay"].to_string().contains(&message_text(&turn)));
    assert_eq!(message_text(&client.turn(&session, "go on").await?), "three");
    Ok(())
}

#[tokio::test]
async fn a_session_that_only_the_agent_knows_is_listed_and_loaded_through_it() -> anyhow::Result<()> {
    let host = Host::start(remembering(vec![says("new")])).await?;
    let session = "4b7d3c1e-0f54-4f8e-8f6a-2f6d8a1b9c0d";
    let record = host.record(session);
    let chats = record.parent().and_then(std::path::Path::parent).expect("a project").join("chats");
    std::fs::create_dir_all(&chats)?;
    let user = json!({"type": "user", "sessionId": session, "cwd": host.config.workspace, "timestamp": "2026-01-02T03:04:05.000Z",
        "message": {"role": "user", "parts": [{"text": "asked elsewhere"}]}});
    std::fs::write(chats.join(format!("{session}.jsonl")), format!("{user}\n"))?;
    // The scripted agent keeps its own kind of record beside its script.
    let told =
        json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "answered elsewhere"}});
    std::fs::write(format!("{}.{session}", host.config.agent.args[0]), format!("{told}\n"))?;

    let client = host.client();
    let list = client.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(list["sessions"][0]["sessionId"], session);
    assert_eq!(list["sessions"][0]["displayName"], "asked elsewhere");
    assert_eq!(list["sessions"][0]["createdAt"], "2026-01-02T03:04:05.000Z");
    let loaded = load(&client, session).await?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "answered elsewhere");
    assert_eq!(message_text(&client.turn(session, "go on").await?), "new");
    Ok(())
}

#[tokio::test]
async fn what_a_crashed_daemon_owed_is_paid_by_the_next() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![vec![Step::Hang], says("the queued one")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let running = client.prompt(&session, "running").await?;
    let queued = client.prompt(&session, "queued").await?;
    let mut stream = client.events(&session).from(running.cursor()).open().await?;
    stream.until(|event| event.kind == EventType::PendingPromptAdded).await?;
    // What a crash would leave: the journal as it is now.
    let journal = host.record(&session).join("events.jsonl");
    let as_it_was = std::fs::read(&journal)?;
    drop(stream);
    host.stop().await?;
    std::fs::write(&journal, as_it_was)?;
    host.begin().await?;

    let client = host.client();
    let mut stream = until("the session to come back by itself", async || {
        Ok(client.events(&session).from(running.cursor()).try_open().await?.ok())
    })
    .await?;
    let events = stream.until_end_of(&queued.prompt_id).await?;
    let ends: Vec<_> =
        events.iter().filter(|event| matches!(event.kind, EventType::TurnComplete | EventType::TurnError)).collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[0].data["promptId"], running.prompt_id);
    assert_eq!(ends[0].data["code"], "daemon_restarted");
    assert_eq!(ends[1].data["promptId"], queued.prompt_id);
    assert_eq!(message_text(&events), "the queued one");
    check_gap_free(&ids(&events))
}
