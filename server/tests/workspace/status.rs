use serde_json::{Value, json};

use crate::{
    host::Host,
    place::{agent, daemon},
};

fn kinds(answer: &Value) -> Vec<&str> {
    let cells = answer["cells"].as_array().map_or(&[][..], Vec::as_slice);
    cells.iter().filter_map(|cell| cell["kind"].as_str()).collect()
}

fn cell<'a>(answer: &'a Value, field: &str, value: &str) -> &'a Value {
    let cells = answer["cells"].as_array().map_or(&[][..], Vec::as_slice);
    cells.iter().find(|cell| cell[field] == value).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn the_environment_says_what_is_set_and_never_to_what() -> anyhow::Result<()> {
    let host = daemon().await?;
    for path in ["/workspace/env".to_owned(), format!("/workspaces/{}/env", host.selector())] {
        let answer = host.client().get(&path).await?.ok()?;
        assert_eq!(
            (&answer["v"], &answer["initialized"], &answer["acpChannelLive"]),
            (&json!(1), &json!(true), &json!(false))
        );
        assert_eq!(answer["workspaceCwd"], json!(host.config.workspace));
        assert_eq!(kinds(&answer)[..5], ["runtime", "platform", "memory", "sandbox", "proxy"]);
        let cells = answer["cells"].as_array().expect("cells");
        let variables: Vec<&Value> = cells.iter().filter(|cell| cell["kind"] == "env_var").collect();
        assert!(variables.iter().all(|cell| cell["present"].is_boolean() && cell.get("value").is_none()));
        assert!(variables.iter().any(|cell| cell["name"] == "OPENAI_API_KEY"));
        assert!(cell(&answer, "kind", "memory")["value"].as_str().is_some_and(|value| value.ends_with(" MB")));
    }
    Ok(())
}

#[tokio::test]
async fn preflight_checks_in_the_protocols_order_and_starts_no_agent() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let answer = client.get("/workspace/preflight").await?.ok()?;
    let order = [
        "node_version",
        "cli_entry",
        "workspace_dir",
        "ripgrep",
        "git",
        "npm",
        "auth",
        "mcp_discovery",
        "skills",
        "providers",
        "tool_registry",
        "egress",
    ];
    assert_eq!(kinds(&answer), order);
    for kind in &order[6..] {
        let cell = cell(&answer, "kind", kind);
        assert_eq!((&cell["locality"], &cell["status"]), (&json!("acp"), &json!("not_started")), "{kind}");
    }
    assert_eq!(cell(&answer, "kind", "node_version")["detail"]["runtime"], "native");
    assert_eq!(cell(&answer, "kind", "workspace_dir")["detail"]["path"], json!(host.config.workspace));
    assert_eq!(cell(&answer, "kind", "cli_entry")["status"], "ok");
    let git = &cell(&answer, "kind", "git")["detail"]["version"];
    assert!(git.as_str().is_some_and(|version| version.starts_with("git version")), "{git}");
    assert_eq!(answer["acpChannelLive"], false);
    assert_eq!(client.get("/health?deep=1").await?.ok()?["channelAlive"], false);
    Ok(())
}

#[tokio::test]
async fn preflight_tells_of_an_agent_that_cannot_be_started_and_a_folder_that_is_gone() -> anyhow::Result<()> {
    let host = Host::start_with(agent(&[]), |config| config.agent.program = "/no/such/agent".into()).await?;
    std::fs::remove_dir_all(&host.config.workspace)?;
    let answer = host.client().get("/workspace/preflight").await?.ok()?;
    let entry = cell(&answer, "kind", "cli_entry");
    assert_eq!((&entry["status"], &entry["errorKind"]), (&json!("error"), &json!("missing_binary")));
    let folder = cell(&answer, "kind", "workspace_dir");
    assert_eq!((&folder["status"], &folder["errorKind"]), (&json!("error"), &json!("missing_file")));
    Ok(())
}

#[tokio::test]
async fn an_agent_that_is_up_is_asked_and_one_that_is_silent_is_reported() -> anyhow::Result<()> {
    let providers = json!({
        "v": 1, "initialized": true, "current": {"authType": "openai", "modelId": "m"}, "approvalMode": "default",
        "providers": [{"kind": "model_provider", "status": "ok", "authType": "openai", "current": true, "models": []}],
        "secret": "not passed on",
    });
    let tools = json!({"tools": [{"name": "edit", "displayName": "Edit", "description": "d", "enabled": true}]});
    let extensions = [("qwen/status/workspace/providers", providers.clone()), ("qwen/status/workspace/tools", tools)];
    let host = Host::start(agent(&extensions)).await?;
    let client = host.client();
    let idle = client.get("/workspace/providers").await?.ok()?;
    assert_eq!((&idle["initialized"], &idle["providers"]), (&json!(false), &json!([])));
    assert_eq!(idle["errors"][0]["status"], "not_started");

    client.new_session().await?;
    let live = client.get("/workspace/providers").await?.ok()?;
    let expected = json!({
        "v": 1, "workspaceCwd": host.config.workspace, "initialized": true, "acpChannelLive": true,
        "current": providers["current"], "approvalMode": "default", "providers": providers["providers"],
    });
    assert_eq!(live, expected);
    let answer = client.get("/workspace/preflight").await?.ok()?;
    assert_eq!(cell(&answer, "kind", "auth")["detail"], json!({"source": "openai"}));
    assert_eq!(cell(&answer, "kind", "providers")["detail"], json!({"count": 1, "providers": ["openai"]}));
    assert_eq!(cell(&answer, "kind", "tool_registry")["detail"], json!({"count": 1}));
    assert_eq!(cell(&answer, "kind", "skills")["status"], "unknown", "this agent does not know the question");
    Ok(())
}
