use std::{fs, num::NonZeroUsize, os::unix::fs::PermissionsExt, path::Path};

use roost_server::workspaces::workspace_id;
use roost_tests::{deadline::until, scripted_agent::AgentScript};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    capabilities, folder, has_feature,
    host::{Host, TOKEN},
    register, segment, session_in, spoken,
};

#[tokio::test]
async fn a_folder_becomes_a_workspace_at_once_and_the_capabilities_say_so() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let before = capabilities(&client).await?;
    assert!(!has_feature(&before, "multi_workspace_sessions"));
    for tag in [
        "dynamic_workspace_registration",
        "persistent_workspace_registration",
        "workspace_runtime_removal",
        "workspace_display_name",
    ] {
        assert!(has_feature(&before, tag), "{tag}");
    }
    assert_eq!(before["limits"]["maxRegisteredWorkspaces"], 256);

    let other = folder(&host, "other")?;
    let answer = client.post("/workspaces", &json!({"cwd": other, "displayName": "  The other  "})).await?;
    assert_eq!(answer.status, 201);
    let expected = json!({
        "id": workspace_id(&other), "cwd": other, "displayName": "The other", "primary": false, "trusted": true,
    });
    assert_eq!(answer.json(), expected);

    let after = capabilities(&client).await?;
    assert!(has_feature(&after, "multi_workspace_sessions"));
    assert!(!has_feature(&after, "multi_workspace_session_shell"), "no command lines are run");
    let listed = json!([
        {"id": host.selector(), "cwd": host.config.workspace, "primary": true, "trusted": true, "removable": false},
        {
            "id": workspace_id(&other), "cwd": other, "primary": false, "trusted": true, "removable": true,
            "displayName": "The other",
        },
    ]);
    assert_eq!(after["workspaces"], listed);
    assert_eq!(after["workspaceCwd"], json!(host.config.workspace));
    let health = client.get("/health?deep=1").await?.ok()?;
    assert_eq!(health["workspaceCount"], 2);

    let session = session_in(&client, &other).await?;
    for selector in [workspace_id(&other), segment(&other)] {
        let list = client.get(&format!("/workspace/{selector}/sessions")).await?.ok()?;
        assert_eq!(list["sessions"][0]["sessionId"], json!(session), "{selector}");
    }
    Ok(())
}

#[tokio::test]
async fn a_shell_in_several_workspaces_is_told_of_once_there_are_several() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::spoken(), |config| config.enable_session_shell = true).await?;
    let client = host.client();
    let has = async |tag| anyhow::Ok(has_feature(&capabilities(&client).await?, tag));
    assert!(has("session_shell_command").await? && !has("multi_workspace_session_shell").await?);
    assert_eq!(client.post("/workspaces", &json!({"cwd": folder(&host, "other")?})).await?.status, 201);
    assert!(has("multi_workspace_session_shell").await?);
    Ok(())
}

#[tokio::test]
async fn what_is_no_folder_or_no_good_wish_is_refused_by_name() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let file = other.join("a-file");
    fs::write(&file, "text")?;
    let long = "x".repeat(257);
    for (body, code) in [
        (json!({}), "invalid_path"),
        (json!({"cwd": ""}), "invalid_path"),
        (json!({"cwd": 7}), "invalid_path"),
        (json!({"cwd": null}), "invalid_path"),
        (json!({"cwd": "relative"}), "invalid_path"),
        (json!({"cwd": "/no/such/folder"}), "invalid_path"),
        (json!({"cwd": file}), "invalid_path"),
        (json!({"cwd": format!("/{}", "x".repeat(5_000))}), "invalid_path"),
        (json!({"cwd": "/with\u{0}null"}), "invalid_path"),
        (json!({"cwd": other, "persist": 1}), "invalid_persist_flag"),
        (json!({"cwd": other, "displayName": null}), "invalid_display_name"),
        (json!({"cwd": other, "displayName": 5}), "invalid_display_name"),
        (json!({"cwd": other, "displayName": long}), "invalid_display_name"),
        (json!({"cwd": other, "displayName": "a\u{1}b"}), "invalid_display_name"),
        (json!({"cwd": host.config.workspace, "persist": true}), "invalid_persist_target"),
    ] {
        let refused = client.post("/workspaces", &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some(code)), "{body}");
    }
    let primary = json!({"cwd": host.config.workspace});
    let within = json!({"cwd": folder(&host, "workspace/within")?});
    let around = json!({"cwd": host.config.workspace.parent()});
    for (body, code) in [(primary, "workspace_exists"), (within, "workspace_nested"), (around, "workspace_nested")] {
        let refused = client.post("/workspaces", &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some(code)), "{body}");
    }
    assert_eq!(capabilities(&client).await?["workspaces"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_link_to_a_workspace_is_that_workspace() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    register(&client, &other).await?;
    let link = other.with_file_name("link");
    std::os::unix::fs::symlink(&other, &link)?;
    let refused = client.post("/workspaces", &json!({"cwd": link})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("workspace_exists")));
    Ok(())
}

#[tokio::test]
async fn no_more_workspaces_than_the_limit() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::spoken(), |config| {
        config.limits.max_workspaces = NonZeroUsize::MIN.saturating_add(1);
    })
    .await?;
    let client = host.client();
    assert_eq!(capabilities(&client).await?["limits"]["maxRegisteredWorkspaces"], 2);
    register(&client, &folder(&host, "second")?).await?;
    let refused = client.post("/workspaces", &json!({"cwd": folder(&host, "third")?})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("workspace_limit_reached")));
    Ok(())
}

#[tokio::test]
async fn of_many_that_register_one_folder_at_once_one_does() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let body = json!({"cwd": folder(&host, "other")?, "persist": true});
    let answers = futures_util::future::join_all((0..16).map(|_| client.post("/workspaces", &body))).await;
    let mut statuses = answers.into_iter().map(|answer| Ok(answer?.status)).collect::<anyhow::Result<Vec<_>>>()?;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
    let kept = client.get("/workspace-registrations").await?.ok()?;
    assert_eq!(kept["entries"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn what_was_registered_to_stay_is_there_after_a_restart_with_its_name_and_sessions() -> anyhow::Result<()> {
    let mut host = spoken().await?;
    let client = host.client();
    let (kept, fleeting) = (folder(&host, "kept")?, folder(&host, "fleeting")?);
    let answer = client.post("/workspaces", &json!({"cwd": kept, "persist": true, "displayName": "Sea"})).await?;
    assert_eq!((answer.status, &answer.json()["persisted"]), (201, &json!(true)));
    register(&client, &fleeting).await?;
    let session = session_in(&client, &kept).await?;
    let rename = json!({"displayName": "Main"});
    client.patch(&format!("/workspaces/{}", host.selector()), &rename).await?.ok()?;

    let entry =
        json!({"id": workspace_id(&kept), "cwd": kept, "displayName": "Sea", "active": true, "persisted": true});
    let expected = json!({"schemaVersion": 1, "primaryWorkspace": host.config.workspace, "entries": [entry]});
    assert_eq!(client.get("/workspace-registrations").await?.ok()?, expected);
    let files = host.config.state_dir().join("workspaces");
    for entry in fs::read_dir(files)? {
        assert_eq!(entry?.metadata()?.permissions().mode() & 0o777, 0o600);
    }

    host.restart().await?;
    let client = host.client();
    let workspaces = capabilities(&client).await?["workspaces"].clone();
    let names: Vec<_> = workspaces.as_array().into_iter().flatten().map(|one| one["displayName"].clone()).collect();
    assert_eq!(names, [json!("Main"), json!("Sea")]);
    assert_eq!(workspaces[1]["removable"], true);
    assert_eq!(client.get("/workspace-registrations").await?.ok()?, expected);
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["workspaceCwd"], json!(kept));
    Ok(())
}

#[tokio::test]
async fn a_registration_whose_folder_is_gone_is_left_out_and_kept_for_when_it_is_back() -> anyhow::Result<()> {
    let mut host = spoken().await?;
    let away = folder(&host, "away")?;
    host.client().post("/workspaces", &json!({"cwd": away, "persist": true})).await?.ok()?;
    host.stop().await?;
    fs::rename(&away, away.with_extension("elsewhere"))?;
    host.begin().await?;
    let client = host.client();
    assert_eq!(capabilities(&client).await?["workspaces"].as_array().map(Vec::len), Some(1));
    let kept = client.get("/workspace-registrations").await?.ok()?;
    assert_eq!((&kept["entries"][0]["cwd"], &kept["entries"][0]["active"]), (&json!(away), &json!(false)));
    fs::rename(away.with_extension("elsewhere"), &away)?;
    host.restart().await?;
    assert_eq!(capabilities(&host.client()).await?["workspaces"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn a_workspace_that_is_there_can_be_kept_later_and_let_go_again() -> anyhow::Result<()> {
    let mut host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let keep = json!({"cwd": other, "persist": true, "displayName": "Kept"});
    let promoted = client.post("/workspaces", &keep).await?;
    let expected = json!({
        "id": id, "cwd": other, "displayName": "Kept", "primary": false, "trusted": true, "persisted": true,
    });
    assert_eq!((promoted.status, promoted.json()), (200, expected));
    let again = client.post("/workspaces", &keep).await?;
    assert_eq!((again.status, again.code().as_deref()), (409, Some("workspace_exists")));

    let path = format!("/workspace-registrations/{id}");
    let forgotten = client.delete(&path).await?.ok()?;
    assert_eq!(forgotten, json!({"removed": true, "active": true, "restartRequired": true}));
    let unknown = client.delete(&path).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("workspace_registration_not_found")));
    session_in(&client, &other).await?;
    host.restart().await?;
    assert_eq!(capabilities(&host.client()).await?["workspaces"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_of_registrations_is_reported_and_never_written_over() -> anyhow::Result<()> {
    let mut host = spoken().await?;
    host.stop().await?;
    let dir = host.config.state_dir().join("workspaces");
    fs::create_dir_all(&dir)?;
    let file = dir.join(format!("{}.json", host.selector()));
    for damaged in ["{\"schemaVersion\":1,", r#"{"schemaVersion":9,"primaryWorkspace":"/","entries":[]}"#] {
        fs::write(&file, damaged)?;
        host.begin().await?;
        let client = host.client();
        let other = folder(&host, "other")?;
        let list = client.get("/workspace-registrations").await?;
        let store_error = (500, Some("workspace_registration_store_error".to_owned()));
        assert_eq!((list.status, list.code()), store_error);
        let refused = client.post("/workspaces", &json!({"cwd": other, "persist": true})).await?;
        assert_eq!((refused.status, refused.code()), store_error);
        assert_eq!(capabilities(&client).await?["workspaces"].as_array().map(Vec::len), Some(1));
        assert_eq!(client.post("/workspaces", &json!({"cwd": other})).await?.status, 201, "one that is not kept");
        assert_eq!(fs::read_to_string(&file)?, damaged);
        host.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_workspace_is_named_and_loses_its_name() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let path = format!("/workspaces/{id}");
    for (body, code) in [
        (json!({}), "empty_patch"),
        (json!({"foo": 1}), "unsupported_field"),
        (json!({"displayName": "x", "foo": 2}), "unsupported_field"),
        (json!({"displayName": 5}), "invalid_display_name"),
        (json!({"displayName": "a\u{7f}"}), "invalid_display_name"),
        (json!({"displayName": "x".repeat(257)}), "invalid_display_name"),
    ] {
        let refused = client.patch(&path, &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some(code)), "{body}");
    }
    for stranger in ["nobody", "%2Fno%2Fsuch"] {
        let refused = client.patch(&format!("/workspaces/{stranger}"), &json!({"displayName": "x"})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("workspace_mismatch")), "{stranger}");
    }
    let named =
        client.patch(&format!("/workspaces/{}", segment(&other)), &json!({"displayName": "Hive"})).await?.ok()?;
    let expected = json!({
        "id": id, "cwd": other, "displayName": "Hive", "primary": false, "trusted": true, "removable": true,
    });
    assert_eq!(named, expected);
    assert_eq!(capabilities(&client).await?["workspaces"][1]["displayName"], "Hive");
    let unnamed = client.patch(&path, &json!({"displayName": null})).await?.ok()?;
    assert!(unnamed.get("displayName").is_none());
    assert!(capabilities(&client).await?["workspaces"][1].get("displayName").is_none());
    let primary =
        client.patch(&format!("/workspaces/{}", host.selector()), &json!({"displayName": "P"})).await?.ok()?;
    assert_eq!((&primary["primary"], &primary["removable"]), (&json!(true), &json!(false)));
    Ok(())
}

/// Whoever registers a workspace may hang up before the answer: the workspace is there all the same, and kept once.
#[tokio::test]
async fn a_workspace_whose_registrar_hangs_up_is_registered() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    // Another daemon that holds the file of registrations keeps the registration waiting.
    let lock = host.config.state_dir().join("workspaces").join(format!("{}.lock", host.selector()));
    fs::create_dir_all(lock.parent().unwrap_or(&lock))?;
    let held = fs::File::create(&lock)?;
    held.lock()?;
    let body = json!({"cwd": other, "persist": true}).to_string();
    let mut hasty = TcpStream::connect(client.address()).await?;
    let head = format!(
        "POST /workspaces HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n",
        client.address()
    );
    hasty.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    // Its request is under way once the daemon, which runs in this process, has opened the lock as well.
    until("the registration to be under way", async || Ok((opened(&lock)? > 1).then_some(()))).await?;
    drop(hasty);
    drop(held);
    until("the workspace", async || {
        let told = capabilities(&client).await?;
        let there = told["workspaces"].as_array().is_some_and(|all| all.iter().any(|one| one["cwd"] == json!(other)));
        Ok(there.then_some(()))
    })
    .await?;
    let kept = client.get("/workspace-registrations").await?.ok()?;
    assert_eq!(kept["entries"].as_array().map(Vec::len), Some(1), "{kept}");
    Ok(())
}

/// How often this process has a file open.
fn opened(path: &Path) -> anyhow::Result<usize> {
    let files = fs::read_dir("/proc/self/fd")?.flatten();
    Ok(files.filter(|file| fs::read_link(file.path()).is_ok_and(|target| target == path)).count())
}
