use std::path::{Path, PathBuf};

use roost_core::Envelope;
use roost_tests::{
    client::{Client, events::message_text},
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::Host;

const WHY: &str = "the record is of another version";

fn saying(texts: &[&str]) -> AgentScript {
    let turns = texts.iter().map(|text| vec![Step::Text((*text).to_owned())]);
    AgentScript { load_session: true, ..AgentScript::turns(turns) }
}

/// The same agent, that cannot load what it has a record of.
fn refusing(script: &AgentScript) -> AgentScript {
    let refusals = [("session/load".to_owned(), (-32603, WHY.to_owned()))].into();
    AgentScript { refusals, ..script.clone() }
}

fn script_file(host: &Host) -> PathBuf {
    PathBuf::from(&host.config.agent.args[0])
}

/// The agent's records of sessions: those in which something was said, and those in which nothing was.
fn records(host: &Host) -> anyhow::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let script = script_file(host);
    let name = script.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    let is_record = |path: &PathBuf| {
        let file = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        file.strip_prefix(name).is_some_and(|end| uuid::Uuid::parse_str(end.trim_start_matches('.')).is_ok())
    };
    let beside = std::fs::read_dir(script.parent().unwrap_or(Path::new("/")))?;
    let records = beside.filter_map(|entry| Some(entry.ok()?.path())).filter(is_record);
    Ok(records.partition(|path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0)))
}

/// A daemon that is started again, behind another agent, after something was said in a session.
async fn restarted_behind(script: &AgentScript, other: &AgentScript) -> anyhow::Result<(Host, String)> {
    let mut host = Host::start(script.clone()).await?;
    let session = host.client().new_session().await?;
    host.client().turn(&session, "hi").await?;
    exchange_agent(&mut host, other).await?;
    Ok((host, session))
}

/// Stops the daemon and starts it again behind this agent.
async fn exchange_agent(host: &mut Host, script: &AgentScript) -> anyhow::Result<()> {
    host.stop().await?;
    script.save(&script_file(host))?;
    host.begin().await
}

async fn load(client: &Client, session: &str) -> anyhow::Result<Value> {
    client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()
}

fn said(loaded: &Value) -> anyhow::Result<String> {
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    Ok(message_text(&replay))
}

#[tokio::test]
async fn a_session_the_agent_cannot_load_is_loaded_from_our_own_record_and_says_so() -> anyhow::Result<()> {
    for action in ["load", "resume"] {
        let script = saying(&["one", "two"]);
        let (host, session) = restarted_behind(&script, &refusing(&script)).await?;
        let client = host.client();
        let restored = client.post(&format!("/session/{session}/{action}"), &json!({})).await?.ok()?;
        assert_eq!(restored["replayDegraded"], true, "{action}");
        let why = restored["replayError"].as_str().unwrap_or_default();
        assert!(why.ends_with(WHY), "{action}: {why}");
        if action == "load" {
            assert_eq!(said(&restored)?, "one");
        }
        let text = message_text(&client.turn(&session, "go on").await?);
        assert!(text.contains(WHY) && text.ends_with("two"), "the next prompt says it, too, and is answered: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_whose_load_kills_the_agent_goes_on_with_another() -> anyhow::Result<()> {
    let script = saying(&["one", "two"]);
    let dying = AgentScript { fatal: vec!["session/load".to_owned()], ..script.clone() };
    let (host, session) = restarted_behind(&script, &dying).await?;
    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert_eq!(said(&loaded)?, "one");
    let text = message_text(&client.turn(&session, "go on").await?);
    assert!(text.contains("status 9") && text.ends_with("two"), "{text}");
    Ok(())
}

#[tokio::test]
async fn what_the_agent_could_not_load_is_found_again_if_nothing_was_asked_meanwhile() -> anyhow::Result<()> {
    let script = saying(&["one", "two"]);
    let (mut host, session) = restarted_behind(&script, &refusing(&script)).await?;
    assert_eq!(load(&host.client(), &session).await?["replayDegraded"], true);
    host.stop().await?;

    // What it was given meanwhile is of no use: only the old record can be loaded.
    let (_, silent) = records(&host)?;
    assert_eq!(silent.len(), 1);
    std::fs::remove_file(&silent[0])?;
    script.save(&script_file(&host))?;
    host.begin().await?;
    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert_eq!(loaded.get("replayDegraded"), None, "{loaded}");
    assert_eq!(message_text(&client.turn(&session, "go on").await?), "two");
    Ok(())
}

#[tokio::test]
async fn a_session_goes_on_where_something_was_asked_last() -> anyhow::Result<()> {
    let script = saying(&["one", "two", "three"]);
    let (mut host, session) = restarted_behind(&script, &refusing(&script)).await?;
    let (first, _) = records(&host)?;
    host.client().post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    host.client().turn(&session, "go on").await?;
    host.stop().await?;

    std::fs::remove_file(&first[0])?;
    script.save(&script_file(&host))?;
    host.begin().await?;
    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert_eq!(loaded.get("replayDegraded"), None, "{loaded}");
    assert_eq!(message_text(&client.turn(&session, "and on").await?), "three");
    Ok(())
}
