//! R8: an agent that neither works nor answers harms nobody else, and there is a way out of it.

use anyhow::Context;
use roost_core::{EventType, client::segment};
use roost_tests::{
    client::events::{Cursor, is_end_of, message_text},
    daemon::Setup,
    processes,
    scripted_agent::script::Step,
};
use serde_json::json;
use tempfile::TempDir;

use crate::spoken::{Stage, spoken, text};

#[tokio::test]
async fn a_turn_that_hears_nothing_any_more_can_be_cancelled_and_its_session_closed_and_opened_again()
-> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let client = &stage.client;
    let (stuck, other) = (client.new_session().await?, client.new_session().await?);
    let mut stream = client.events(&stuck).from(Cursor::START).open().await?;
    let hung = stage.ask(&stuck, [text("begun "), Step::HangForever]).await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "begun ").await?;
    let waiting = stage.ask(&stuck, [text("never")]).await?;

    assert_eq!(message_text(&stage.turn(&other, [text("fine")]).await?), "fine", "others of the same agent go on");
    assert_eq!(client.post(&format!("/session/{stuck}/cancel"), &json!({})).await?.status, 204);
    stream.until_type(EventType::PromptCancelled).await?;
    assert_eq!(client.delete(&format!("/session/{stuck}")).await?.status, 204);
    let rest = stream.rest().await?;
    for prompt in [&hung, &waiting] {
        let ends = rest.iter().filter(|event| is_end_of(event, &prompt.prompt_id));
        assert_eq!(ends.count(), 1, "each prompt has its end: {rest:?}");
    }
    assert_eq!(rest.last().map(|event| &event.kind), Some(&EventType::SessionClosed));

    client.post(&format!("/session/{stuck}/load"), &json!({})).await?.ok()?;
    assert_eq!(message_text(&stage.turn(&stuck, [text("again")]).await?), "again");
    Ok(())
}

#[tokio::test]
async fn a_frozen_agent_stops_neither_the_daemon_nor_another_workspace_and_is_restarted() -> anyhow::Result<()> {
    let elsewhere = TempDir::with_prefix("roost-other-")?;
    let folder = elsewhere.path().canonicalize()?;
    let stage = Stage::set(Setup::new().arg("--workspace").arg(&folder)).await?;
    let client = &stage.client;
    let frozen = client.new_session().await?;
    stage.turn(&frozen, [text("kept ")]).await?;
    for agent in stage.daemon.agents()? {
        processes::freeze(agent);
    }
    let there = json!({"sessionScope": "thread", "cwd": folder.display().to_string()});
    let other = client.post("/session", &there).await?.ok()?;
    let other = other["sessionId"].as_str().context("a session has an id")?;

    let mut stream = client.events(&frozen).from(Cursor::START).open().await?;
    let lost = stage.ask(&frozen, [text("unheard")]).await?;
    assert_eq!(message_text(&stage.turn(other, [text("fine")]).await?), "fine");
    assert_eq!(client.get("/health").await?.status, 200);
    let loaded = client.post(&format!("/session/{frozen}/load"), &json!({})).await?.ok()?;
    assert!(loaded["compactedReplay"].to_string().contains("kept "), "what was said is readable: {loaded}");
    assert_eq!(client.post(&format!("/session/{frozen}/cancel"), &json!({})).await?.status, 204);

    let restarted = client.post("/workspace/acp/restart?timeoutMs=60000", &json!({})).await?.ok()?;

    assert_eq!((&restarted["ready"], &restarted["channelLive"]), (&json!(true), &json!(true)), "{restarted}");
    let rest = stream.rest().await?;
    assert_eq!(rest.iter().filter(|event| is_end_of(event, &lost.prompt_id)).count(), 1);
    assert_eq!(rest.last().map(|event| &event.kind), Some(&EventType::SessionDied));
    assert_eq!(message_text(&stage.turn(&frozen, [text("again")]).await?), "again");
    assert_eq!(message_text(&stage.turn(other, [text("still fine")]).await?), "still fine", "it was not asked to end");
    Ok(())
}

#[tokio::test]
async fn restarting_is_for_any_workspace_and_starts_an_agent_where_there_was_none() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let workspace = segment(&stage.daemon.workspace().display().to_string());
    let mut before = Vec::new();
    for path in ["/workspace/acp/restart".to_owned(), format!("/workspaces/{workspace}/acp/restart")] {
        let restarted = stage.client.post(&format!("{path}?timeoutMs=60000"), &json!({})).await?.ok()?;
        assert_eq!(restarted["ready"], true, "{restarted}");
        let agents = stage.daemon.agents()?;
        assert_eq!(agents.len(), 1);
        assert_ne!(agents, before, "another one");
        before = agents;
    }
    let refused = stage.client.post("/workspace/acp/restart?timeoutMs=soon", &json!({})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_timeout")));
    assert_eq!(stage.daemon.agents()?, before, "a wish that makes no sense ends nobody");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_stops_reading_takes_no_more_than_its_pipe_and_the_daemon_stays_well() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let client = &stage.client;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(client.new_session().await?);
    }
    for agent in stage.daemon.agents()? {
        processes::freeze(agent);
    }
    // More than any pipe holds.
    let big = spoken([text(&"x".repeat(512 * 1024))])?;
    for session in &sessions {
        client.prompt(session, &big).await?;
    }
    for session in &sessions {
        assert_eq!(client.post(&format!("/session/{session}/cancel"), &json!({})).await?.status, 204);
        let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
        assert_eq!(status["hasActivePrompt"], true, "{status}");
        assert_eq!(client.delete(&format!("/session/{session}")).await?.status, 204);
    }
    client.post("/workspace/acp/restart?timeoutMs=60000", &json!({})).await?.ok()?;
    let session = client.new_session().await?;
    assert_eq!(message_text(&stage.turn(&session, [text("well")]).await?), "well");
    Ok(())
}
