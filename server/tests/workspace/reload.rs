use roost_core::EventType;
use roost_tests::scripted_agent::ScriptFile;
use serde_json::json;

use crate::{
    host::Host,
    place::{agent, daemon, listener, next, originator, put, user_file},
};

const RELOAD: &str = "/workspace/reload";

#[tokio::test]
async fn what_other_hands_changed_is_named_once_and_the_agent_reads_it_again() -> anyhow::Result<()> {
    let answer = json!({
        "env": {"updatedKeys": ["A"], "removedKeys": ["B"]}, "changedKeys": ["other"], "sessionsRefreshed": ["s"],
        "sessionsSkipped": [],
    });
    let host = Host::start(agent(&[("qwen/control/workspace/reload", answer)])).await?;
    let (client, id, mut events) = listener(&host).await?;
    put(&user_file(&host), r#"{"ui":{"theme":"x"},"fastModel":"m"}"#)?;
    let reloaded = client.post(RELOAD, &json!({})).await?.ok()?;
    let expected = json!({
        "env": {"updatedKeys": ["A"], "removedKeys": ["B"]}, "changedKeys": ["fastModel", "ui"], "childReloaded": true,
        "sessionsRefreshed": ["s"], "sessionsSkipped": [], "runtimeEnvironmentApplied": true,
    });
    assert_eq!(reloaded, expected);
    let event = next(&mut events, &EventType::SettingsReloaded).await?;
    assert_eq!(event.data, expected);
    assert_eq!(originator(&event), Some(id.as_str()));
    assert_eq!(ScriptFile::heard(host.config.agent.args[0].as_ref()), [RELOADING]);
    let again = client.post(&format!("/workspaces/{}/reload", host.selector()), &json!({})).await?.ok()?;
    assert_eq!(again["changedKeys"], json!([]));
    Ok(())
}

const RELOADING: &str = "qwen/control/workspace/reload";

#[tokio::test]
async fn without_an_agent_or_with_one_that_cannot_reload_the_answer_says_so() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    put(&user_file(&host), r#"{"ui":{"theme":"x"}}"#)?;
    let idle = client.post(RELOAD, &json!({})).await?.ok()?;
    assert_eq!((&idle["changedKeys"], &idle["childReloaded"]), (&json!(["ui"]), &json!(false)));
    assert!(idle["childError"].as_str().is_some_and(|why| why.contains("No agent is up")), "{idle}");
    assert_eq!(client.get("/health?deep=1").await?.ok()?["channelAlive"], false);
    client.new_session().await?;
    let strange = client.post(RELOAD, &json!({})).await?.ok()?;
    assert!(strange["childError"].as_str().is_some_and(|why| why.contains("cannot reload")), "{strange}");
    assert_eq!(strange.get("sessionsRefreshed"), None);
    Ok(())
}
