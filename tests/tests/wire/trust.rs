use std::fs;

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, EventStream},
    daemon::Setup,
    fake_model::{FakeModel, Script, Step},
};
use serde_json::json;

/// A mode that its user likes elsewhere is not the one a stranger's folder is worked on in.
#[tokio::test]
async fn a_session_of_an_untrusted_folder_does_not_begin_in_a_privileged_mode() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let client = daemon.client()?;
    let settings = json!({"security": {"folderTrust": {"enabled": true}}, "tools": {"approvalMode": "yolo"}});
    fs::write(daemon.home().join("settings.json"), settings.to_string())?;
    let mode = async || -> anyhow::Result<String> {
        let session = client.new_session().await?;
        let context = client.get(&format!("/session/{session}/context")).await?.ok()?;
        Ok(context["state"]["modes"]["currentModeId"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(mode().await?, "default");
    let trusted = json!({daemon.workspace().to_string_lossy(): "TRUST_FOLDER"});
    fs::write(daemon.home().join("trustedFolders.json"), trusted.to_string())?;
    assert_eq!(mode().await?, "yolo", "the user's own wish, in a folder of the user's");
    Ok(())
}

/// The daemon asks for itself, and so does the agent: what the folder's own settings allow counts in neither.
#[tokio::test]
async fn a_trusted_folders_rules_stop_counting_when_it_is_trusted_no_more() -> anyhow::Result<()> {
    let call = || vec![Step::tool_call("run_shell_command", json!({"command": "touch a.txt"}))];
    let turns = (0..2).flat_map(|_| [call(), vec![Step::text("done")]]);
    let model = FakeModel::start(Script::turns(turns)).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let allow = async |stream: &mut EventStream, option: &str| -> anyhow::Result<Vec<String>> {
        let asked = stream.until_type(EventType::PermissionRequest).await?;
        let request = &asked.last().context("a request")?.data;
        let id = request["requestId"].as_str().context("a request has an id")?;
        client.allow(&session, id, option).await?.ok()?;
        let options = request["options"].as_array().into_iter().flatten();
        Ok(options.filter_map(|option| option["optionId"].as_str().map(str::to_owned)).collect())
    };
    let first = client.prompt(&session, "go").await?;
    let options = allow(&mut stream, "proceed_always_project").await?;
    assert!(options.iter().any(|option| option == "proceed_always_project"));
    stream.until_end_of(&first.prompt_id).await?;

    let settings = json!({"security": {"folderTrust": {"enabled": true}}});
    fs::write(daemon.home().join("settings.json"), settings.to_string())?;
    let second = client.prompt(&session, "again").await?;
    let options = allow(&mut stream, "proceed_once").await?;
    assert_eq!(
        options,
        ["proceed_always_user", "proceed_once", "cancel"],
        "it is asked again, and not for the project"
    );
    stream.until_end_of(&second.prompt_id).await?;
    let refused = client.post(&format!("/session/{session}/approval-mode"), &json!({"mode": "yolo"})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (403, Some("trust_gate")));
    Ok(())
}
