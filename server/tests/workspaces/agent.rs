use std::time::Duration;

use roost_server::config::AgentCommand;
use roost_tests::{deadline::until, scripted_agent::AgentScript};
use serde_json::json;

use crate::{folder, host::Host, processes_in, register, session_in, spoken};

#[tokio::test]
async fn an_agent_is_started_ahead_of_its_first_session_and_serves_it() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    for prefix in ["/workspace".to_owned(), format!("/workspaces/{id}")] {
        let status = format!("{prefix}/acp/status");
        assert_eq!(client.get(&status).await?.ok()?, json!({"channelLive": false}), "{prefix}");
        let preheated = client.post(&format!("{prefix}/acp/preheat?timeoutMs=60000"), &json!({})).await?.ok()?;
        assert_eq!((&preheated["ready"], &preheated["channelLive"]), (&json!(true), &json!(true)));
        assert!(preheated["durationMs"].is_u64() && preheated.get("reason").is_none());
        assert_eq!(client.get(&status).await?.ok()?, json!({"channelLive": true}), "{prefix}");
    }
    let before = processes_in(&other);
    assert_eq!(before.len(), 1);
    session_in(&client, &other).await?;
    assert_eq!(processes_in(&other), before);
    Ok(())
}

#[tokio::test]
async fn a_patience_is_between_a_millisecond_and_a_minute() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    for wrong in ["0", "60001", "-1", "1.5", "x", "", "%20", "99999999999999999999999", "5&timeoutMs=6"] {
        let refused = client.post(&format!("/workspace/acp/preheat?timeoutMs={wrong}"), &json!({})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_timeout")), "{wrong}");
    }
    client.post("/workspace/acp/preheat?timeoutMs=60000", &json!({})).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn an_agent_that_does_not_start_is_an_answer_and_no_failure() -> anyhow::Result<()> {
    let dead = |program: &str, args: &[&str]| AgentCommand {
        program: program.into(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        name: "dead".to_owned(),
    };
    let none = Host::start_with(AgentScript::default(), |config| config.agent = dead("/no/such/agent", &[])).await?;
    let failed = none.client().post("/workspace/acp/preheat", &json!({})).await?.ok()?;
    assert_eq!((&failed["ready"], &failed["channelLive"]), (&json!(false), &json!(false)));
    assert_eq!(failed["reason"], "error");
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("/no/such/agent")), "{failed}");

    let silent = Host::start_with(AgentScript::default(), |config| config.agent = dead("sleep", &["600"])).await?;
    let slow = silent.client().post("/workspace/acp/preheat?timeoutMs=50", &json!({})).await?.ok()?;
    assert_eq!((&slow["ready"], &slow["reason"]), (&json!(false), &json!("timeout")));
    assert!(slow["durationMs"].as_u64() >= Some(50), "{slow}");
    Ok(())
}

#[tokio::test]
async fn an_agent_without_work_is_ended_and_the_next_session_starts_another() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::spoken(), |config| config.timeouts.channel_idle = Duration::ZERO).await?;
    let client = host.client();
    let cwd = &host.config.workspace;
    let (first, second) = (client.new_session().await?, client.new_session().await?);
    let agent = processes_in(cwd);
    assert_eq!(agent.len(), 1);
    client.delete(&format!("/session/{first}")).await?;
    client.get(&format!("/session/{second}/context")).await?.ok()?;
    assert_eq!(processes_in(cwd), agent, "it has one session left");
    client.delete(&format!("/session/{second}")).await?;
    until("the agent to end", async || Ok(processes_in(cwd).is_empty().then_some(()))).await?;
    until("the daemon to know", async || {
        let status = client.get("/workspace/acp/status").await?.ok()?;
        Ok((status == json!({"channelLive": false})).then_some(()))
    })
    .await?;

    client.post(&format!("/session/{second}/load"), &json!({})).await?.ok()?;
    client.turn(&second, r#"{"name":"again","turn":[{"text":"here"}]}"#).await?;
    let fresh = processes_in(cwd);
    assert!(fresh.len() == 1 && fresh != agent, "{agent:?} {fresh:?}");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_was_started_ahead_waits_for_its_first_session() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::spoken(), |config| config.timeouts.channel_idle = Duration::ZERO).await?;
    let client = host.client();
    client.post("/workspace/acp/preheat?timeoutMs=60000", &json!({})).await?.ok()?;
    let agent = processes_in(&host.config.workspace);
    let session = client.new_session().await?;
    client.delete(&format!("/session/{session}")).await?;
    client.new_session().await?;
    assert_eq!(processes_in(&host.config.workspace), agent);
    Ok(())
}
