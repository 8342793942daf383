//! The daemon as a process of its own, so that it can be killed with `kill -9`, and runs its own agent.

use roost_core::{Envelope, EventType};
use roost_tests::{
    client::events::{Cursor, check_gap_free, ids, message_text},
    daemon::{Daemon, Setup},
    deadline::until_true,
    processes,
    scripted_agent::{AgentScript, Step},
};
use serde_json::json;

use crate::host::scripted_agent;

async fn daemon(folder: &tempfile::TempDir, turns: Vec<Vec<Step>>) -> anyhow::Result<Daemon> {
    let script = folder.path().join("script.json");
    AgentScript { load_session: true, ..AgentScript::turns(turns) }.save(&script)?;
    let command = format!("{} {}", scripted_agent()?.display(), script.display());
    Setup::new().program(env!("CARGO_BIN_EXE_roost")).agent(command).start().await
}

#[tokio::test]
async fn what_a_killed_daemon_had_said_is_continued_without_a_gap() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let steps = vec![Step::Words { count: 500, pace_ms: 0 }, Step::Text("then nothing".into()), Step::Hang];
    let mut daemon = daemon(&folder, vec![steps, vec![Step::Text("after all".into())]]).await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let running = client.prompt(&session, "go").await?;
    let before = stream.until(|event| event.data["update"]["content"]["text"] == "then nothing").await?;
    let cursor = stream.cursor().expect("events have ids");
    let family = daemon.agents()?;
    daemon.kill()?;
    until_true("the agent to follow its daemon", || !family.iter().any(|pid| processes::is_alive(*pid))).await?;

    daemon.start_again().await?;
    let client = daemon.client()?;
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), message_text(&before));
    let mut stream = client.events(&session).from(cursor).open().await?;
    let next = client.prompt(&session, "and now").await?;
    let after = stream.until_end_of(&next.prompt_id).await?;
    check_gap_free(&ids(before.iter().chain(&after)))?;
    let ends: Vec<_> = after.iter().filter(|event| event.kind == EventType::TurnError).collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].data["promptId"], running.prompt_id);
    assert_eq!(ends[0].data["code"], "daemon_restarted");
    assert_eq!(message_text(&after), "after all");
    Ok(())
}

#[tokio::test]
async fn the_agent_never_sees_the_daemons_token() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let daemon = daemon(&folder, vec![]).await?;
    daemon.client()?.new_session().await?;
    let agents = processes::descendants_named(daemon.pid()?, "scripted-agent");
    assert!(!agents.is_empty());
    for agent in agents {
        let environment = String::from_utf8_lossy(&std::fs::read(format!("/proc/{agent}/environ"))?).into_owned();
        assert!(environment.contains("QWEN_HOME"), "its environment can be read");
        assert!(!environment.contains(roost_tests::daemon::TOKEN));
    }
    Ok(())
}

#[tokio::test]
async fn a_session_of_the_built_in_agent_has_one_name_on_disk() -> anyhow::Result<()> {
    let daemon = Setup::new().program(env!("CARGO_BIN_EXE_roost")).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "hello").await?;
    let projects = std::fs::read_dir(daemon.home().join("projects"))?;
    let folder = projects.flatten().next().expect("one project").path();
    assert!(folder.join("roost").join(&session).join("events.jsonl").is_file());
    assert!(folder.join("chats").join(format!("{session}.jsonl")).is_file());
    Ok(())
}
