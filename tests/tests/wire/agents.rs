//! Whoever speaks ACP can be the agent: the demo model of the built-in one, a stranger's program, the original.

use std::path::PathBuf;

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{message_text, updates},
    daemon::{Setup, scripted_agent_command},
    fake_model::script::words,
    scripted_agent::script::{AgentScript, Step},
};
use serde_json::json;
use tempfile::TempDir;

#[tokio::test]
async fn without_a_model_the_demo_model_says_what_it_is_and_does_the_whole_job() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;

    let introduced = client.turn(&session, "Who are you?").await?;
    let text = message_text(&introduced).to_lowercase();
    assert!(text.contains("demo"), "it must say that it is a demo: {text}");

    let accepted = client.prompt(&session, "Create hello.txt with Hello from Roost").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let asked = stream.until_type(EventType::PermissionRequest).await?;
    let request = asked.last().and_then(|event| event.data["requestId"].as_str()).context("a request id")?;
    client.allow(&session, request, "proceed_once").await?.ok()?;
    stream.until_end_of(&accepted.prompt_id).await?;
    let written = std::fs::read_to_string(daemon.workspace().join("hello.txt"))?;
    assert_eq!(written.trim_end(), "Hello from Roost");
    Ok(())
}

#[tokio::test]
async fn a_strangers_agent_streams_asks_and_writes() -> anyhow::Result<()> {
    let (_scratch, command) = script(&AgentScript::turns([vec![
        Step::Words { count: 5, pace_ms: 0 },
        Step::AskToWrite { path: "out.txt".into(), content: "by a stranger\n".into() },
        Step::Text("done".into()),
    ]]))?;
    let daemon = Setup::new().agent(command).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let asked = stream.until_type(EventType::PermissionRequest).await?;
    assert_eq!(message_text(&asked), words(5));
    let request = asked.last().context("it asked")?;
    let request_id = request.data["requestId"].as_str().context("a request id")?;
    let options = request.data["options"].as_array().context("options")?;
    let allow = options.iter().find(|option| option["kind"] == "allow_once").context("it can be allowed")?;
    let option_id = allow["optionId"].as_str().context("an option id")?;
    client.allow(&session, request_id, option_id).await?.ok()?;
    let rest = stream.until_end_of(&accepted.prompt_id).await?;
    assert_eq!(message_text(&rest), "done");
    assert_eq!(std::fs::read_to_string(daemon.workspace().join("out.txt"))?, "by a stranger\n");
    Ok(())
}

#[tokio::test]
async fn nonsense_from_an_agent_does_not_reach_the_wire_and_hurts_nobody() -> anyhow::Result<()> {
    let (_scratch, command) = script(&AgentScript::turns([vec![
        Step::RawLine("this is not JSON".into()),
        Step::RawLine(r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"nobody"}}"#.into()),
        Step::RawLine(r#"{"jsonrpc":"2.0","id":"stray","result":{}}"#.into()),
        Step::RawLine("[[[[".into()),
        Step::Text("still here".into()),
    ]]))?;
    let daemon = Setup::new().agent(command).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let events = client.turn(&session, "go").await?;
    assert_eq!(message_text(&events), "still here");
    assert_eq!(updates(&events, "agent_message_chunk").count(), 1);
    Ok(())
}

#[tokio::test]
async fn an_agents_error_is_told_as_the_turns_error() -> anyhow::Result<()> {
    let fail = Step::Fail { code: -32603, message: "the moon is down".into() };
    let (_scratch, command) = script(&AgentScript::turns([vec![fail], vec![Step::Text("better".into())]]))?;
    let daemon = Setup::new().agent(command).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;

    let events = client.turn(&session, "go").await?;
    let end = events.last().context("an end")?;
    assert_eq!(end.kind, EventType::TurnError);
    assert_eq!(end.data["code"], "-32603");
    assert!(end.data["message"].as_str().is_some_and(|message| message.contains("the moon is down")));
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["hasTurnError"], true);

    assert_eq!(message_text(&client.turn(&session, "again").await?), "better");
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["hasTurnError"], false);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_cannot_start_is_named_in_the_answer() -> anyhow::Result<()> {
    let daemon = Setup::new().agent("/no/such/agent --acp").start().await?;
    let answer = daemon.client()?.post("/session", &json!({})).await?;
    assert!(answer.status >= 500, "{}", answer.text());
    assert!(answer.text().contains("/no/such/agent"), "{}", answer.text());
    Ok(())
}

fn script(script: &AgentScript) -> anyhow::Result<(TempDir, std::ffi::OsString)> {
    let scratch = TempDir::with_prefix("roost-script-")?;
    let path: PathBuf = scratch.path().join("script.json");
    script.save(&path)?;
    let command = scripted_agent_command(&path)?;
    Ok((scratch, command))
}
