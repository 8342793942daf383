use std::fs;

use roost_tests::daemon::Setup;
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
