//! What survives when a process dies or a reader stops reading.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, check_gap_free, ids, message_text},
    daemon::{Setup, scripted_agent_command},
    deadline::until_true,
    fake_model::{FakeModel, Script, Step, script::words},
    processes,
    scripted_agent::script::{AgentScript, Step as AgentStep},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// All agent text in the events of a load's answer.
fn loaded_text(loaded: &Value) -> anyhow::Result<String> {
    let replay = loaded["compactedReplay"].as_array().context("a replay")?;
    let journal = loaded["liveJournal"].as_array().context("a journal")?;
    let events: Vec<roost_core::Envelope> =
        replay.iter().chain(journal).map(|event| serde_json::from_value(event.clone())).collect::<Result<_, _>>()?;
    Ok(message_text(&events))
}

#[tokio::test]
async fn a_killed_agent_is_reported_and_the_session_goes_on_after_a_load() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([
        vec![Step::text("first answer")],
        vec![Step::text("half an "), Step::Hang],
        vec![Step::text("third answer")],
    ]))
    .await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "one").await?;
    let running = client.prompt(&session, "two").await?;
    let queued = client.prompt(&session, "three").await?;
    let mut stream = client.events(&session).from(running.cursor()).open().await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "half an ").await?;

    let agents = daemon.agents()?;
    assert!(!agents.is_empty(), "an agent runs");
    agents.iter().for_each(|&pid| processes::kill(pid));

    let rest = stream.rest().await?;
    let ends: Vec<_> = rest.iter().filter(|event| event.kind == EventType::TurnError).collect();
    assert_eq!(ends.len(), 2, "one end for the running prompt, one for the queued: {rest:?}");
    let ended: Vec<_> = ends.iter().filter_map(|event| event.data["promptId"].as_str()).collect();
    assert_eq!(ended, [&running.prompt_id, &queued.prompt_id]);
    assert_eq!(rest.last().map(|event| &event.kind), Some(&EventType::SessionDied));

    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded_text(&loaded)?, "first answerhalf an ");
    for prompt in ended {
        let turn = client.get(&format!("/session/{session}/turns/{prompt}")).await?.ok()?;
        assert_eq!(turn["state"], "error", "{turn}");
    }
    assert_eq!(message_text(&client.turn(&session, "again").await?), "third answer");
    let asked = model.requests();
    let heard = serde_json::to_string(&asked.last().context("the model was asked")?.body)?;
    assert!(heard.contains("first answer"), "the new agent knows what was said before: {heard}");
    Ok(())
}

#[tokio::test]
async fn a_dead_agents_grandchildren_are_gone_too() -> anyhow::Result<()> {
    let scratch = TempDir::with_prefix("roost-script-")?;
    let path = scratch.path().join("script.json");
    let turn = vec![AgentStep::Grandchild { seconds: 600 }, AgentStep::Text("dying".into()), AgentStep::Exit(7)];
    AgentScript::turns([turn]).save(&path)?;
    let daemon = Setup::new().agent(scripted_agent_command(&path)?).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    // Opened first: the agent may be dead before the prompt's answer is read.
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    client.prompt(&session, "go").await?;

    let rest = stream.rest().await?;

    let died = rest.last().context("the stream ended with something")?;
    assert_eq!(died.kind, EventType::SessionDied);
    assert_eq!(died.data["exitCode"], 7);
    until_true("the whole process group to be gone", || daemon.agents().is_ok_and(|left| left.is_empty())).await
}

#[tokio::test]
async fn after_kill_9_of_the_daemon_sessions_list_load_and_go_on_under_the_same_epoch() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([
        vec![Step::words(100)],
        vec![Step::text("cut "), Step::Hang],
        vec![Step::text("queued answer")],
        vec![Step::text("after the crash")],
    ]))
    .await?;
    let mut daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let before = client.turn(&session, "one").await?;
    let running = client.prompt(&session, "two").await?;
    let queued = client.prompt(&session, "three").await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let seen = stream.until(|event| event.data["update"]["content"]["text"] == "cut ").await?;
    let cursor = stream.cursor().context("the stream has a cursor")?;

    daemon.kill()?;
    daemon.start_again().await?;

    let workspace = daemon.workspace().display().to_string().replace('/', "%2F");
    let listed = client.get(&format!("/workspace/{workspace}/sessions")).await?.ok()?;
    assert_eq!(listed["sessions"][0]["sessionId"], json!(session));
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["eventEpoch"].as_str(), cursor.epoch.as_deref(), "the numbering goes on");

    let mut stream = client.events(&session).from(cursor).open().await?;
    let after = stream.until_end_of(&queued.prompt_id).await?;
    assert!(after.iter().all(|event| event.kind != EventType::StateResyncRequired));
    let numbers: Vec<u64> = ids(&seen).into_iter().chain(ids(&after)).collect();
    check_gap_free(&numbers)?;
    let interrupted = after.iter().find(|event| event.kind == EventType::TurnError).context("the cut turn ends")?;
    assert_eq!(interrupted.data["promptId"], json!(running.prompt_id));
    assert_eq!(message_text(&after), "queued answer", "an acknowledged prompt is not lost");
    assert_eq!(message_text(&before), words(100));
    assert_eq!(message_text(&client.turn(&session, "four").await?), "after the crash");
    Ok(())
}

#[tokio::test]
async fn a_stopped_daemon_leaves_no_child_and_ends_its_streams() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::text("working"), Step::Hang])).await?;
    let mut daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "working").await?;
    let agents = daemon.agents()?;

    let status = daemon.stop().await?;

    assert!(status.success(), "{status}: {}", daemon.log());
    let rest = stream.rest().await?;
    assert!(rest.iter().any(|event| event.kind == EventType::TurnError || event.kind == EventType::TurnComplete));
    until_true("the agent to be gone", || agents.iter().all(|&pid| !processes::is_alive(pid))).await
}

#[tokio::test]
async fn a_daemon_killed_outright_leaves_no_agent_behind() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::text("working"), Step::Hang])).await?;
    let mut daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.prompt(&session, "go").await?;
    model.requested(1).await;
    let agents = daemon.agents()?;
    assert!(!agents.is_empty());

    daemon.kill()?;

    until_true("the agent to be gone", || agents.iter().all(|&pid| !processes::is_alive(pid))).await
}

#[tokio::test]
async fn a_damaged_journal_hurts_one_session_only() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::text("kept")])).await?;
    let mut daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let (broken, whole) = (client.new_session().await?, client.new_session().await?);
    client.turn(&broken, "go").await?;
    client.turn(&whole, "go").await?;
    daemon.kill()?;
    for path in files_named(&daemon.home(), "events.jsonl") {
        if path.to_string_lossy().contains(&broken) {
            let mut bytes = std::fs::read(&path)?;
            let middle = bytes.len() / 2;
            bytes[middle..].fill(0xff);
            std::fs::write(&path, bytes)?;
        } else {
            // What a power cut leaves: half of the last line.
            let mut bytes = std::fs::read(&path)?;
            bytes.extend_from_slice(br#"{"id":9999,"v":1,"type":"turn_com"#);
            std::fs::write(&path, bytes)?;
        }
    }

    daemon.start_again().await?;

    let loaded = client.post(&format!("/session/{whole}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded_text(&loaded)?, "kept");
    assert_eq!(message_text(&client.turn(&whole, "more").await?), "kept");
    let answer = client.post(&format!("/session/{broken}/load"), &json!({})).await?;
    assert!(answer.status == 200 || answer.status >= 400, "an answer, not a hang: {}", answer.text());
    assert_eq!(client.get("/health").await?.status, 200);
    Ok(())
}

fn files_named(folder: &std::path::Path, name: &str) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_named(&path, name));
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
    found
}
