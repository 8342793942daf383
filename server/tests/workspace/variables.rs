use std::fs;

use roost_core::EventType;
use serde_json::{Value, json};

use crate::{
    host::Host,
    place::{agent, daemon, listener, next, originator, put, trust, user_file, workspace_file},
};

async fn is_present(host: &Host, name: &str) -> anyhow::Result<bool> {
    let told = host.client().get("/workspace/env").await?.ok()?;
    let cells = told["cells"].as_array().cloned().unwrap_or_default();
    let cell = cells.into_iter().find(|cell| cell["name"] == name).unwrap_or(Value::Null);
    assert!(cell.get("value").is_none() || cell["kind"] != "env_var", "no value is shown: {cell}");
    Ok(cell["present"] == true)
}

#[tokio::test]
async fn a_variable_of_an_env_file_counts_where_the_folder_is_trusted() -> anyhow::Result<()> {
    let host = daemon().await?;
    assert!(!is_present(&host, "DASHSCOPE_API_KEY").await?);
    fs::write(host.config.workspace.join(".env"), "export DASHSCOPE_API_KEY='k' # mine\nOPENROUTER_API_KEY=\n")?;
    assert!(is_present(&host, "DASHSCOPE_API_KEY").await?);
    assert!(!is_present(&host, "OPENROUTER_API_KEY").await?, "an empty one is none");
    put(&host.config.workspace.join(".qwen/.env"), "OPENROUTER_API_KEY=k\n")?;
    assert!(is_present(&host, "OPENROUTER_API_KEY").await?);
    put(&workspace_file(&host), r#"{"advanced":{"excludedEnvVars":["OPENROUTER_API_KEY"]}}"#)?;
    assert!(!is_present(&host, "OPENROUTER_API_KEY").await?, "it is excluded");

    trust(&host, Some("DO_NOT_TRUST"))?;
    assert!(!is_present(&host, "DASHSCOPE_API_KEY").await?, "the folder is not trusted");
    fs::write(host.config.home.join(".env"), "DASHSCOPE_API_KEY=k\n")?;
    assert!(is_present(&host, "DASHSCOPE_API_KEY").await?, "the user's own file counts wherever one is");
    Ok(())
}

#[tokio::test]
async fn a_link_out_of_the_workspace_is_no_env_file() -> anyhow::Result<()> {
    let host = daemon().await?;
    let outside = host.config.home.join("outside");
    put(&outside, "DASHSCOPE_API_KEY=k\n")?;
    std::os::unix::fs::symlink(outside, host.config.workspace.join(".env"))?;
    assert!(!is_present(&host, "DASHSCOPE_API_KEY").await?);
    Ok(())
}

#[tokio::test]
async fn variables_stand_for_what_the_daemon_does_and_not_for_what_it_shows() -> anyhow::Result<()> {
    let host = daemon().await?;
    put(
        &user_file(&host),
        r#"{"env":{"NOTES":"${KIND}.md"},"context":{"fileName":["$NOTES"]},"ui":{"theme":"$KIND"}}"#,
    )?;
    fs::write(host.config.home.join(".env"), "KIND=GUIDE\n")?;
    fs::write(host.config.workspace.join(".env"), "KIND=STOLEN\n")?;
    let begun = host.client().post("/workspace/init", &json!({})).await?.ok()?;
    assert_eq!(begun["path"], json!(host.config.workspace.join("GUIDE.md")), "a project's variable changes no setting");

    let panel = host.client().get("/workspace/settings").await?.text();
    assert!(panel.contains("\"$KIND\"") && !panel.contains("GUIDE"), "{panel}");
    Ok(())
}

#[tokio::test]
async fn the_vote_policy_may_be_named_by_a_variable() -> anyhow::Result<()> {
    let mut host = daemon().await?;
    put(&user_file(&host), r#"{"policy":{"permissionStrategy":"$WHO_DECIDES"}}"#)?;
    fs::write(host.config.home.join(".env"), "WHO_DECIDES=local-only\n")?;
    host.restart().await?;
    let told = host.client().get("/capabilities").await?.ok()?;
    assert_eq!(told["policy"]["permission"], "local-only");
    Ok(())
}

/// What the agent has switched to is what new sessions begin with.
#[tokio::test]
async fn a_switch_of_models_is_kept_and_told() -> anyhow::Result<()> {
    let switch = json!({"authType": "openai", "modelId": "m-2", "baseUrl": "https://m.example/v1"});
    let switched = json!({"_meta": {"qwenModelSwitch": switch}});
    let host = Host::start(agent(&[("session/set_model", switched.clone())])).await?;
    let (_, _, mut others) = listener(&host).await?;
    let made = host.client().post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    let (session, id) = (made["sessionId"].as_str().unwrap_or_default(), made["clientId"].as_str().unwrap_or_default());
    let client = host.client().with_client_id(id);
    let answer = client.post(&format!("/session/{session}/model"), &json!({"modelId": "m-2(openai)"})).await?;
    assert_eq!(answer.ok()?, switched);
    let told = next(&mut others, &EventType::SettingsChanged).await?;
    assert_eq!(told.data, json!({"key": "model.name", "value": "m-2", "scope": "user"}));
    assert_eq!(originator(&told), Some(id));
    let kept: Value = serde_json::from_slice(&fs::read(user_file(&host))?)?;
    assert_eq!(kept["model"], json!({"name": "m-2", "baseUrl": "https://m.example/v1"}));
    Ok(())
}

#[tokio::test]
async fn an_agent_that_does_not_say_what_it_switched_to_changes_no_setting() -> anyhow::Result<()> {
    let host = Host::start(agent(&[("session/set_model", json!({}))])).await?;
    let session = host.client().new_session().await?;
    host.client().post(&format!("/session/{session}/model"), &json!({"modelId": "m"})).await?.ok()?;
    assert!(!user_file(&host).exists());
    Ok(())
}
