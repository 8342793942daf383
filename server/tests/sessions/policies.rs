//! Who decides, as the settings have it (V18), and what users are asked beside permissions.

use anyhow::Context;
use roost_core::EventType;
use roost_server::serve;
use roost_tests::scripted_agent::{AgentScript, Step};
use serde_json::{Value, json};

use crate::host::{Host, saying};

async fn host_with(settings: &Value, script: AgentScript) -> anyhow::Result<Host> {
    let text = settings.to_string();
    Host::start_with(script, move |config| {
        std::fs::create_dir_all(&config.home).expect("the home can be made");
        std::fs::write(config.home.join("settings.json"), text).expect("settings can be written");
    })
    .await
}

fn asking() -> AgentScript {
    AgentScript::turns([vec![Step::AskToWrite { path: "note.txt".into(), content: "written".into() }]])
}

/// V18: policy and quorum come from the settings, and capabilities name the policy.
#[tokio::test]
async fn a_quorum_of_the_settings_decides() -> anyhow::Result<()> {
    let settings = json!({"policy": {"permissionStrategy": "consensus", "consensusQuorum": 2}});
    let host = host_with(&settings, asking()).await?;
    let client = host.client();
    let capabilities = client.get("/capabilities").await?.ok()?;
    assert_eq!(capabilities["policy"], json!({"permission": "consensus"}));
    assert!(capabilities["features"].as_array().is_some_and(|tags| tags.contains(&json!("permission_mediation"))));

    let mut voters = Vec::new();
    let created = client.post("/session", &json!({})).await?.ok()?;
    let session = created["sessionId"].as_str().context("an id")?.to_owned();
    for _ in 0..3 {
        let joined = client.post("/session", &json!({})).await?.ok()?;
        voters.push(client.clone().with_client_id(joined["clientId"].as_str().context("an id")?));
    }
    let accepted = client.prompt(&session, "write").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let events = stream.until_type(EventType::PermissionRequest).await?;
    let request = events.last().context("it was waited for")?.data["requestId"].as_str().context("an id")?.to_owned();
    assert_eq!(voters[0].allow(&session, &request, "yes").await?.status, 200);
    let partial = stream.until_type(EventType::PermissionPartialVote).await?;
    let progress = &partial.last().context("it was waited for")?.data;
    assert_eq!(
        (&progress["votesReceived"], &progress["votesNeeded"], &progress["quorum"]),
        (&json!(1), &json!(1), &json!(2))
    );
    let anonymous = client.allow(&session, &request, "yes").await?;
    assert_eq!((anonymous.status, anonymous.code().as_deref()), (403, Some("permission_forbidden")));
    assert_eq!(voters[1].allow(&session, &request, "yes").await?.status, 200);
    stream.until_end_of(&accepted.prompt_id).await?;
    assert_eq!(std::fs::read_to_string(host.config.workspace.join("note.txt"))?, "written");
    Ok(())
}

/// V15: a refused vote is a 403 with its reason, on the wire and on the stream, and the request stays open.
#[tokio::test]
async fn a_vote_of_somebody_else_is_forbidden_under_designated() -> anyhow::Result<()> {
    let host = host_with(&json!({"policy": {"permissionStrategy": "designated"}}), asking()).await?;
    let client = host.client();
    let created = client.post("/session", &json!({})).await?.ok()?;
    let session = created["sessionId"].as_str().context("an id")?.to_owned();
    let asker = client.clone().with_client_id(created["clientId"].as_str().context("an id")?);
    let accepted = asker.prompt(&session, "write").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let events = stream.until_type(EventType::PermissionRequest).await?;
    let request = events.last().context("it was waited for")?.data["requestId"].as_str().context("an id")?.to_owned();
    let refused = client.allow(&session, &request, "yes").await?;
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("designated_mismatch")));
    let told = stream.until_type(EventType::PermissionForbidden).await?;
    assert_eq!(told.last().context("it was waited for")?.data["requestId"], json!(request));
    assert_eq!(asker.allow(&session, &request, "no").await?.status, 200);
    stream.until_end_of(&accepted.prompt_id).await?;
    Ok(())
}

/// V18: a daemon whose settings name no policy does not start, and says which setting it is.
#[tokio::test]
async fn settings_without_a_known_policy_are_no_ground_to_start_on() -> anyhow::Result<()> {
    let mut host = Host::start(saying(&[])).await?;
    host.stop().await?;
    for (settings, named) in [
        (json!({"policy": {"permissionStrategy": "anarchy"}}), "policy.permissionStrategy is \"anarchy\""),
        (json!({"policy": {"consensusQuorum": 0}}), "policy.consensusQuorum is 0"),
    ] {
        std::fs::write(host.config.home.join("settings.json"), settings.to_string())?;
        let refused = serve::start(host.config.clone()).await.err().context("it must not start")?;
        let chain = format!("{:#}", anyhow::Error::from(refused));
        assert!(chain.contains(named), "{chain}");
    }
    Ok(())
}

/// V2, V6: a question of the agent's is answered beside the vote, and the agent gets the answers.
#[tokio::test]
async fn a_question_is_answered_with_the_vote() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Ask]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "ask me").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let events = stream.until_type(EventType::PermissionRequest).await?;
    let request = events.last().context("it was waited for")?.data["requestId"].as_str().context("an id")?.to_owned();
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["isWaitingForUserQuestion"], true);
    assert_eq!(status["pendingInteractions"][0]["questions"][0]["answerKey"], "0");
    let path = format!("/session/{session}/permission/{request}");
    let outcome = json!({"outcome": "selected", "optionId": "proceed_once"});
    let malformed = client.post(&path, &json!({"outcome": outcome, "answers": {"0": 7}})).await?;
    assert_eq!(malformed.status, 400);
    client.post(&path, &json!({"outcome": outcome, "answers": {"0": "Polling"}})).await?.ok()?;
    let events = stream.until_end_of(&accepted.prompt_id).await?;
    assert_eq!(roost_tests::client::events::message_text(&events), r#"answered: {"0":"Polling"}"#);
    Ok(())
}
