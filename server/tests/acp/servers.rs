use std::path::Path;

use roost_tests::scripted_agent::{AgentScript, ScriptFile};
use serde_json::json;

use crate::{editor::Editor, host::Host};

#[tokio::test]
async fn servers_that_an_editor_brings_along_reach_the_agent() -> anyhow::Result<()> {
    let host = Host::start(AgentScript { load_session: true, ..AgentScript::default() }).await?;
    let (editor, client) = (Editor::connect(&host.client()).await?, host.client());
    let mut stream = editor.stream().await?;
    let server = json!({"name": "files", "command": "/bin/files", "args": ["-v"], "env": []});
    editor.ask(1, "session/new", &json!({"cwd": host.config.workspace, "mcpServers": [server]})).await?;
    let session = stream.result(1).await?["sessionId"].as_str().expect("an id").to_owned();
    client.delete(&format!("/session/{session}")).await?;
    let other = json!({"name": "other", "command": "other", "args": [], "env": []});
    let params = json!({"sessionId": session, "cwd": host.config.workspace, "mcpServers": [other]});
    editor.ask(2, "session/load", &params).await?;
    stream.result(2).await?;
    client.get(&format!("/session/{session}/status")).await?.ok()?;
    let opened = ScriptFile::servers(Path::new(&host.config.agent.args[0]));
    assert_eq!(opened, [json!(["session/new", [server]]), json!(["session/load", [other]])]);
    Ok(())
}

#[tokio::test]
async fn an_editors_list_of_servers_that_is_none_is_refused() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let mut stream = editor.stream().await?;
    editor.ask(1, "session/new", &json!({"mcpServers": [{"name": "files"}]})).await?;
    let answer = stream.next().await?.expect("an answer").message;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|said| said.contains("mcpServers[0].command")), "{answer}");
    Ok(())
}
