use std::path::Path;

use roost_server::config::TokenSource;
use roost_tests::{
    client::{Client, events::message_text},
    scripted_agent::{AgentScript, ScriptFile, Step},
};
use serde_json::{Value, json};

use crate::host::Host;

/// What sessions were opened with at the agent, and by which method.
fn opened(host: &Host) -> Vec<Value> {
    ScriptFile::servers(Path::new(&host.config.agent.args[0]))
}

fn stdio() -> Value {
    json!({"name": "files", "command": "/bin/files", "args": ["-v"], "env": [{"name": "KEY", "value": "secret"}]})
}

fn remembering(turns: Vec<Vec<Step>>) -> AgentScript {
    AgentScript { load_session: true, ..AgentScript::turns(turns) }
}

async fn create(client: &Client, servers: &Value) -> anyhow::Result<Value> {
    client.post("/session", &json!({"mcpServers": servers})).await?.ok()
}

#[tokio::test]
async fn servers_reach_the_agent_with_the_session_they_are_for_and_no_other() -> anyhow::Result<()> {
    let host = Host::start(remembering(vec![])).await?;
    let client = host.client();
    let shared = client.post("/session", &json!({})).await?.ok()?;
    let own = create(&client, &json!([stdio()])).await?;
    assert_ne!(own["sessionId"], shared["sessionId"], "who brings something along gets a session of their own");
    assert_eq!(own["attached"], false);
    let joined = client.post("/session", &json!({"mcpServers": []})).await?.ok()?;
    assert_eq!((&joined["sessionId"], &joined["attached"]), (&shared["sessionId"], &json!(true)));
    assert_eq!(opened(&host), [json!(["session/new", []]), json!(["session/new", [stdio()]])]);
    Ok(())
}

#[tokio::test]
async fn a_session_that_comes_back_has_the_servers_it_is_loaded_with() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![])).await?;
    let own = create(&host.client(), &json!([stdio()])).await?;
    let session = own["sessionId"].as_str().expect("an id").to_owned();
    host.restart().await?;
    let other = json!({"name": "other", "command": "other", "args": [], "env": []});
    let body = json!({"mcpServers": [other]});
    host.client().post(&format!("/session/{session}/load"), &body).await?.ok()?;
    host.client().turn(&session, "hi").await.ok();
    assert_eq!(opened(&host)[1], json!(["session/load", [other]]), "what they are started with is on no disk of ours");
    Ok(())
}

#[tokio::test]
async fn a_session_whose_agent_was_lost_keeps_its_servers() -> anyhow::Result<()> {
    let host = Host::start(remembering(vec![vec![Step::Exit(3)], vec![Step::Text("back".into())]])).await?;
    let client = host.client();
    let own = create(&client, &json!([stdio()])).await?;
    let session = own["sessionId"].as_str().expect("an id");
    let mut stream = client.events(session).open().await?;
    client.prompt(session, "go").await?;
    stream.rest().await?;
    assert_eq!(message_text(&client.turn(session, "again").await?), "back");
    assert_eq!(opened(&host)[1], json!(["session/load", [stdio()]]));
    Ok(())
}

#[tokio::test]
async fn a_list_that_is_none_is_refused_by_the_place_that_is_wrong_and_starts_nothing() -> anyhow::Result<()> {
    let host = Host::start(remembering(vec![])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    for (servers, field) in [
        (json!({}), "mcpServers"),
        (json!("x"), "mcpServers"),
        (json!([1]), "mcpServers[0]"),
        (json!([{"command": "x"}]), "mcpServers[0].name"),
        (json!([{"name": "", "command": "x"}]), "mcpServers[0].name"),
        (json!([{"name": "a"}]), "mcpServers[0].command"),
        (json!([stdio(), {"name": "a", "command": "x", "args": [1]}]), "mcpServers[1].args"),
        (json!([{"name": "a", "command": "x", "env": {"A": "secret"}}]), "mcpServers[0].env"),
        (json!([{"name": "a", "command": "x", "env": [{"name": "A", "value": 1}]}]), "mcpServers[0].env[0]"),
        (json!([{"type": "tcp", "name": "a"}]), "mcpServers[0].type"),
        (json!([{"type": "http", "name": "a", "url": "file:///x"}]), "mcpServers[0].url"),
        (json!([{"type": "sse", "name": "a", "url": "https://a", "headers": [[]]}]), "mcpServers[0].headers[0]"),
        (json!([stdio(), stdio()]), "mcpServers[1].name"),
    ] {
        for path in ["/session".to_owned(), format!("/session/{session}/load"), format!("/session/{session}/resume")] {
            let refused = client.post(&path, &json!({"mcpServers": servers})).await?;
            assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_mcp_servers")), "{servers}");
            assert_eq!(refused.json()["field"], field, "{servers}");
            assert!(!refused.text().contains("secret"), "{}", refused.text());
        }
    }
    assert_eq!(opened(&host), [json!(["session/new", []])]);
    Ok(())
}

#[tokio::test]
async fn an_agent_gets_only_servers_it_has_said_it_can_reach() -> anyhow::Result<()> {
    let server = |kind: &str| json!({"type": kind, "name": kind, "url": "https://mcp.example/", "headers": []});
    let capabilities = json!({"mcpCapabilities": {"http": true}}).as_object().cloned().unwrap_or_default();
    let host = Host::start(AgentScript { capabilities, ..remembering(vec![]) }).await?;
    let client = host.client();
    let own = create(&client, &json!([server("http")])).await?;
    let path = format!("/session/{}/load", own["sessionId"].as_str().unwrap_or_default());
    for path in ["/session", &path] {
        let refused = client.post(path, &json!({"mcpServers": [server("http"), server("sse")]})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("mcp_transport_not_supported")), "{path}");
        assert_eq!((&refused.json()["serverName"], &refused.json()["transport"]), (&json!("sse"), &json!("sse")));
    }
    assert_eq!(opened(&host), [json!(["session/new", [server("http")]])]);
    Ok(())
}

#[tokio::test]
async fn without_a_token_nobody_has_programs_started() -> anyhow::Result<()> {
    let host = Host::start_with(remembering(vec![]), |config| config.token = TokenSource::Off).await?;
    let client = host.client().without_token();
    let refused = client.post("/session", &json!({"mcpServers": [stdio()]})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (401, Some("token_required")));
    client.post("/session", &json!({"mcpServers": []})).await?.ok()?;
    assert_eq!(opened(&host), [json!(["session/new", []])]);
    Ok(())
}
