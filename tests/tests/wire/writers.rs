//! Settings that daemon and agent write at the same time.

use std::fs;

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::{Client, events::Cursor},
    daemon::Setup,
    fake_model::{ChatRequest, FakeModel, Script, Step, Turn},
};
use serde_json::{Value, json};

/// Commands whose permission is kept as a rule of its own.
const COMMANDS: [&str; 6] = ["touch", "mkdir", "cp", "mv", "chmod", "ln"];
/// Changes by the daemon meanwhile.
const CHANGES: u64 = 60;

/// Runs the command that the user names, once.
fn obey(request: &ChatRequest) -> Turn {
    if request.tool_results().is_empty() {
        let text = request.user_text();
        let command = text.lines().last().unwrap_or_default();
        vec![Step::tool_call("run_shell_command", json!({"command": format!("{command} a b")}))]
    } else {
        vec![Step::text("done")]
    }
}

/// Has one command allowed for good, by the agent's hand.
async fn allow_for_good(client: Client, command: &str) -> anyhow::Result<()> {
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let prompt = client.prompt(&session, command).await?;
    let asked = stream.until_type(EventType::PermissionRequest).await?;
    let request = asked.last().and_then(|event| event.data["requestId"].as_str()).context("a request has an id")?;
    client.allow(&session, request, "proceed_always_user").await?.ok()?;
    stream.until_end_of(&prompt.prompt_id).await?;
    Ok(())
}

#[tokio::test]
async fn what_the_agent_and_the_daemon_write_at_the_same_time_is_all_kept() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::answer(obey)).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let file = daemon.home().join("settings.json");
    fs::write(&file, "{\n  // mine\n  \"odd\": [1, 2]\n}\n")?;
    let changing = {
        let client = client.clone();
        tokio::spawn(async move {
            for value in 1..=CHANGES {
                let change = json!({"scope": "user", "key": "ui.shellOutputMaxLines", "value": value});
                client.post("/workspace/settings", &change).await?.ok()?;
            }
            anyhow::Ok(())
        })
    };
    let allowing = COMMANDS.map(|command| tokio::spawn(allow_for_good(client.clone(), command)));
    for allowed in allowing {
        allowed.await??;
    }
    changing.await??;

    let text = fs::read_to_string(&file)?;
    let kept: Value = serde_json::from_str(&text.replace("// mine", ""))?;
    assert!(text.contains("// mine"), "{text}");
    assert_eq!((&kept["odd"], &kept["ui"]["shellOutputMaxLines"]), (&json!([1, 2]), &json!(CHANGES)));
    let mut rules: Vec<&str> =
        kept["permissions"]["allow"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    rules.sort_unstable();
    let mut expected = COMMANDS.map(|command| format!("Bash({command} *)"));
    expected.sort_unstable();
    assert_eq!(rules, expected);
    Ok(())
}
