use std::{fs, os::unix::fs::symlink};

use roost_core::EventType;
use serde_json::json;

use crate::place::{code, daemon, listener, next, originator, put, trust, user_file};

const INIT: &str = "/workspace/init";

#[tokio::test]
async fn a_context_file_is_begun_once_and_emptied_only_when_that_is_meant() -> anyhow::Result<()> {
    let host = daemon().await?;
    let (client, id, mut events) = listener(&host).await?;
    let file = host.config.workspace.join("QWEN.md");
    for (before, body, action, after) in [
        (None, json!({}), "created", ""),
        (None, json!({}), "noop", ""),
        (Some(" \n\t\n"), json!({"force": true}), "noop", " \n\t\n"),
        (Some("words"), json!({"force": true}), "overwrote", ""),
    ] {
        if let Some(text) = before {
            fs::write(&file, text)?;
        }
        let begun = client.post(INIT, &body).await?.ok()?;
        assert_eq!(begun, json!({"path": file, "action": action}));
        let event = next(&mut events, &EventType::WorkspaceInitialized).await?;
        assert_eq!(event.data, begun);
        assert_eq!(originator(&event), Some(id.as_str()));
        assert_eq!(fs::read_to_string(&file)?, after);
    }
    fs::write(&file, "words")?;
    let refused = client.post(&format!("/workspaces/{}/init", host.selector()), &json!({})).await?;
    assert_eq!(code(&refused), (409, "workspace_init_conflict".to_owned()));
    assert_eq!((&refused.json()["path"], &refused.json()["existingSize"]), (&json!(file), &json!(5)));
    assert_eq!(fs::read_to_string(&file)?, "words");
    let refused = client.post(INIT, &json!({"force": "yes"})).await?;
    assert_eq!(code(&refused), (400, "invalid_force_flag".to_owned()));
    Ok(())
}

#[tokio::test]
async fn nothing_that_a_symlink_names_is_emptied_or_made() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let outside = tempfile::tempdir()?;
    let (victim, absent) = (outside.path().join("victim"), outside.path().join("absent"));
    fs::write(&victim, "precious")?;
    let file = host.config.workspace.join("QWEN.md");
    for target in [&victim, &absent, &host.config.workspace.join("inside")] {
        symlink(target, &file)?;
        let refused = client.post(INIT, &json!({"force": true})).await?;
        assert_eq!(code(&refused), (400, "workspace_init_symlink".to_owned()));
        assert_eq!((&refused.json()["target"], &refused.json()["kind"]), (&json!(file), &json!("symlink")));
        fs::remove_file(&file)?;
    }
    assert_eq!(fs::read_to_string(&victim)?, "precious");
    assert!(!absent.exists() && !host.config.workspace.join("inside").exists());
    fs::create_dir(&file)?;
    let refused = client.post(INIT, &json!({"force": true})).await?;
    assert_eq!((code(&refused).1.as_str(), &refused.json()["kind"]), ("workspace_init_symlink", &json!("not_a_file")));
    Ok(())
}

#[tokio::test]
async fn the_context_file_the_settings_name_stays_in_the_workspace() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    put(&user_file(&host), r#"{"context":{"fileName":["NOTES.md","QWEN.md"]}}"#)?;
    let begun = client.post(INIT, &json!({})).await?.ok()?;
    assert_eq!(begun["path"], json!(host.config.workspace.join("NOTES.md")));
    let outside = tempfile::tempdir()?;
    symlink(outside.path(), host.config.workspace.join("away"))?;
    for name in ["../QWEN.md", "/etc/QWEN.md", "away/QWEN.md", "."] {
        put(&user_file(&host), &json!({"context": {"fileName": name}}).to_string())?;
        let refused = client.post(INIT, &json!({})).await?;
        assert_eq!(code(&refused), (400, "workspace_init_path_escape".to_owned()), "{name}");
        assert_eq!(refused.json()["filename"], name);
        assert_eq!(refused.json()["boundWorkspace"], json!(host.config.workspace));
    }
    assert_eq!(fs::read_dir(outside.path())?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn an_untrusted_folder_is_left_as_it_is() -> anyhow::Result<()> {
    let host = daemon().await?;
    trust(&host, None)?;
    assert_eq!(code(&host.client().post(INIT, &json!({})).await?), (403, "untrusted_workspace".to_owned()));
    assert!(!host.config.workspace.join("QWEN.md").exists());
    Ok(())
}
