use std::fs;

use roost_core::EventType;
use serde_json::{Value, json};

use crate::{
    host::Host,
    place::{agent, code, daemon, listener, next, originator, put, user_file, workspace_file},
};

#[tokio::test]
async fn tools_are_the_agents_and_those_switched_off_say_so() -> anyhow::Result<()> {
    let tool = |name: &str| json!({"name": name, "displayName": name, "description": "d", "enabled": true});
    let tools = json!({"tools": [tool("edit"), tool("glob"), tool("grep")]});
    let host = Host::start(agent(&[("qwen/status/workspace/tools", tools)])).await?;
    put(&user_file(&host), r#"{"tools":{"disabled":["glob"]}}"#)?;
    put(&workspace_file(&host), r#"{"tools":{"disabled":["grep"]}}"#)?;
    let client = host.client();
    let idle = client.get("/workspace/tools").await?.ok()?;
    assert_eq!(
        (&idle["initialized"], &idle["acpChannelLive"], &idle["tools"]),
        (&json!(true), &json!(false), &json!([]))
    );
    assert_eq!((&idle["errors"][0]["kind"], &idle["errors"][0]["status"]), (&json!("tools"), &json!("not_started")));
    client.new_session().await?;
    let live = client.get(&format!("/workspaces/{}/tools", host.selector())).await?.ok()?;
    let enabled: Vec<&Value> = live["tools"].as_array().expect("tools").iter().map(|tool| &tool["enabled"]).collect();
    assert_eq!(enabled, [true, false, false]);
    assert_eq!((&live["acpChannelLive"], live.get("errors")), (&json!(true), None));
    Ok(())
}

#[tokio::test]
async fn a_tool_is_switched_off_and_on_for_the_workspace() -> anyhow::Result<()> {
    let host = daemon().await?;
    put(&workspace_file(&host), "{\n  // theirs\n  \"tools\": {\"disabled\": [\"a\"]}\n}\n")?;
    let (client, id, mut events) = listener(&host).await?;
    let disabled = || -> anyhow::Result<Value> {
        let text = fs::read_to_string(workspace_file(&host))?;
        assert!(text.contains("// theirs"), "{text}");
        let values: Value = serde_json::from_str(&text.replace("// theirs", ""))?;
        Ok(values["tools"]["disabled"].clone())
    };
    for (name, enabled, expected) in [
        ("mcp__server__tool", false, json!(["a", "mcp__server__tool"])),
        ("mcp__server__tool", false, json!(["a", "mcp__server__tool"])),
        ("a", true, json!(["mcp__server__tool"])),
        ("never-there", true, json!(["mcp__server__tool"])),
    ] {
        let path = format!("/workspace/tools/{name}/enable");
        let toggled = client.post(&path, &json!({"enabled": enabled})).await?.ok()?;
        assert_eq!(toggled, json!({"toolName": name, "enabled": enabled}));
        let event = next(&mut events, &EventType::ToolToggled).await?;
        assert_eq!(event.data, toggled);
        assert_eq!(originator(&event), Some(id.as_str()));
        assert_eq!(disabled()?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn tools_that_are_switched_off_at_once_are_all_off() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let names: Vec<String> = (0..12).map(|number| format!("tool-{number}")).collect();
    let off = json!({"enabled": false});
    let switched = names.iter().map(async |name| client.post(&format!("/workspace/tools/{name}/enable"), &off).await);
    for answer in futures_util::future::join_all(switched).await {
        answer?.ok()?;
    }
    let values: Value = serde_json::from_str(&fs::read_to_string(workspace_file(&host))?)?;
    let disabled = values["tools"]["disabled"].as_array().expect("a list");
    assert!(names.iter().all(|name| disabled.contains(&json!(name))), "{disabled:?}");
    Ok(())
}

#[tokio::test]
async fn a_tool_without_a_name_or_a_wish_without_a_state_is_refused() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let long = "x".repeat(257);
    for (name, body, expected) in [
        ("%20", json!({"enabled": true}), "invalid_tool_name"),
        (long.as_str(), json!({"enabled": true}), "invalid_tool_name"),
        ("a%07b", json!({"enabled": true}), "invalid_tool_name"),
        ("edit", json!({}), "invalid_enabled_flag"),
        ("edit", json!({"enabled": "no"}), "invalid_enabled_flag"),
    ] {
        let refused = client.post(&format!("/workspace/tools/{name}/enable"), &body).await?;
        assert_eq!(code(&refused), (400, expected.to_owned()), "{name} {body}");
    }
    assert!(!workspace_file(&host).exists());
    Ok(())
}
