use roost_core::EventType;
use roost_tests::{
    client::events::message_text,
    deadline::until,
    scripted_agent::{AgentScript, Step},
};
use serde_json::json;

use crate::host::Host;
use crate::place::{agent, code, daemon, listener, next, originator, put, trust, user_file, workspace_file};

const TRUST: &str = "/workspace/trust";
const REQUEST: &str = "/workspace/trust/request";

#[tokio::test]
async fn where_folder_trust_is_off_every_folder_is_trusted() -> anyhow::Result<()> {
    let host = daemon().await?;
    // A project cannot switch it on, to lock its user out, nor off.
    put(&workspace_file(&host), r#"{"security":{"folderTrust":{"enabled":true}}}"#)?;
    let client = host.client();
    let status = client.get(TRUST).await?.ok()?;
    let expected = json!({
        "v": 1, "workspaceCwd": host.config.workspace, "folderTrustEnabled": false,
        "effective": {"state": "trusted", "source": "disabled"}, "explicitTrustLevel": null,
        "requiresDaemonRestartForChanges": true,
    });
    assert_eq!(status, expected);
    assert_eq!(client.get(&format!("{TRUST}?statusVersion=3")).await?.ok()?, expected);
    let v2 = client.get(&format!("{TRUST}?statusVersion=2")).await?.ok()?;
    assert_eq!(v2["effective"], json!({"state": "trusted", "trusted": true}));
    assert_eq!(v2["configured"], json!({"state": "trusted", "source": "disabled", "explicitTrustLevel": null}));
    let asked = client.post(REQUEST, &json!({"desiredState": "trusted"})).await?;
    assert_eq!(code(&asked), (409, "folder_trust_disabled".to_owned()));
    Ok(())
}

#[tokio::test]
async fn the_users_rules_decide_and_changes_of_them_count_at_once() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let mut revisions = Vec::new();
    for (level, state, source) in [
        (None, "unknown", "none"),
        (Some("TRUST_FOLDER"), "trusted", "file"),
        (Some("TRUST_PARENT"), "trusted", "file"),
        (Some("DO_NOT_TRUST"), "untrusted", "file"),
    ] {
        trust(&host, level)?;
        for path in [TRUST.to_owned(), format!("/workspaces/{}/trust", host.selector())] {
            let status = client.get(&path).await?.ok()?;
            assert_eq!(status["effective"], json!({"state": state, "source": source}));
            assert_eq!(status["explicitTrustLevel"], json!(level));
            assert_eq!(status["folderTrustEnabled"], true);
        }
        let v2 = client.get(&format!("{TRUST}?statusVersion=2")).await?.ok()?;
        assert_eq!(v2["effective"]["trusted"], json!(state == "trusted"));
        assert_eq!(v2["reconciliation"]["state"], "stable");
        revisions.push(v2["reconciliation"]["revision"].to_string());
    }
    revisions.dedup();
    assert_eq!(revisions.len(), 4);
    std::fs::write(host.config.home.join("trustedFolders.json"), "[]")?;
    let v2 = client.get(&format!("{TRUST}?statusVersion=2")).await?.ok()?;
    assert_eq!((&v2["configured"]["state"], &v2["effective"]["trusted"]), (&json!("error"), &json!(false)));
    assert_eq!(v2["reconciliation"]["error"]["code"], "trust_policy_invalid");
    Ok(())
}

#[tokio::test]
async fn a_page_may_ask_for_trust_and_only_ask() -> anyhow::Result<()> {
    let host = daemon().await?;
    trust(&host, None)?;
    let alone = host.client().post(REQUEST, &json!({"desiredState": "trusted"})).await?;
    assert_eq!((alone.status, &alone.json()["accepted"]), (202, &json!(false)), "nobody heard it");
    let (client, id, mut events) = listener(&host).await?;
    let body = json!({"desiredState": "trusted", "reason": "my own project"});
    let asked = client.post(REQUEST, &body).await?;
    let expected = json!({"accepted": true, "desiredState": "trusted", "requiresOperatorAction": true});
    assert_eq!((asked.status, asked.json()), (202, expected));
    let event = next(&mut events, &EventType::TrustChangeRequested).await?;
    let cwd = &host.config.workspace;
    assert_eq!(event.data, json!({"workspaceCwd": cwd, "desiredState": "trusted", "reason": "my own project"}));
    assert_eq!(originator(&event), Some(id.as_str()));
    assert_eq!(client.get(TRUST).await?.ok()?["effective"]["state"], "unknown");

    for (body, expected) in [
        (json!({}), "invalid_desired_state"),
        (json!({"desiredState": "unknown"}), "invalid_desired_state"),
        (json!({"desiredState": "trusted", "reason": 5}), "invalid_reason"),
        (json!({"desiredState": "trusted", "reason": "x".repeat(1_025)}), "invalid_reason"),
    ] {
        assert_eq!(code(&client.post(REQUEST, &body).await?), (400, expected.to_owned()), "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn an_untrusted_folder_gets_no_privileged_mode() -> anyhow::Result<()> {
    let host = Host::start(agent(&[("session/set_mode", json!({}))])).await?;
    trust(&host, None)?;
    let client = host.client();
    let session = client.new_session().await?;
    let path = format!("/session/{session}/approval-mode");
    for mode in ["auto-edit", "auto", "yolo"] {
        let refused = client.post(&path, &json!({"mode": mode, "persist": true})).await?;
        assert_eq!(code(&refused), (403, "trust_gate".to_owned()), "{mode}");
        assert_eq!(refused.json()["errorKind"], "auth_env_error");
    }
    for mode in ["plan", "default"] {
        assert_eq!(client.post(&path, &json!({"mode": mode})).await?.ok()?["mode"], mode);
    }
    assert!(!std::fs::read_to_string(user_file(&host))?.contains("approvalMode"));
    trust(&host, Some("TRUST_FOLDER"))?;
    assert_eq!(client.post(&path, &json!({"mode": "yolo"})).await?.ok()?["mode"], "yolo");
    Ok(())
}

/// What a crash interrupted in a privileged mode is taken up by itself; where the folder is not trusted any more, in the default mode,
/// and everybody hears that before anything runs.
#[tokio::test]
async fn what_is_taken_up_in_a_folder_no_longer_trusted_runs_in_the_default_mode() -> anyhow::Result<()> {
    let modes = json!({"modes": {"currentModeId": "default", "availableModes": []}});
    for (level, mode) in [("TRUST_FOLDER", "yolo"), ("DO_NOT_TRUST", "default")] {
        let answers =
            [("session/new", modes.clone()), ("session/load", modes.clone()), ("session/set_mode", json!({}))];
        let extensions = answers.map(|(method, answer)| (method.to_owned(), answer)).into();
        let turns = [vec![Step::Hang], vec![Step::Text("the queued one".into())]];
        let script = AgentScript { load_session: true, extensions, ..AgentScript::turns(turns) };
        let mut host = Host::start(script).await?;
        trust(&host, Some("TRUST_FOLDER"))?;
        let client = host.client();
        let session = client.new_session().await?;
        client.post(&format!("/session/{session}/approval-mode"), &json!({"mode": "yolo"})).await?.ok()?;
        let running = client.prompt(&session, "running").await?;
        let queued = client.prompt(&session, "queued").await?;
        let journal = host.record(&session).join("events.jsonl");
        let as_a_crash_leaves_it = std::fs::read(&journal)?;
        host.stop().await?;
        std::fs::write(&journal, as_a_crash_leaves_it)?;
        trust(&host, Some(level))?;
        host.begin().await?;

        let client = host.client();
        let mut stream = until("the session to come back by itself", async || {
            Ok(client.events(&session).from(running.cursor()).try_open().await?.ok())
        })
        .await?;
        let events = stream.until_end_of(&queued.prompt_id).await?;
        assert_eq!(message_text(&events), "the queued one");
        let place = |kind: EventType| events.iter().position(|event| event.kind == kind);
        let (changed, started) = (place(EventType::ApprovalModeChanged), place(EventType::PendingPromptStarted));
        if mode == "yolo" {
            assert_eq!(changed, None);
        } else {
            assert!(changed.is_some() && changed < started, "{events:?}");
            let data = &events[changed.unwrap_or_default()].data;
            assert_eq!(
                (&data["previous"], &data["next"], &data["persisted"]),
                (&json!("yolo"), &json!("default"), &json!(false))
            );
        }
        let context = client.get(&format!("/session/{session}/context")).await?.ok()?;
        assert_eq!(context["state"]["modes"]["currentModeId"], mode);
    }
    Ok(())
}

/// An agent that will not leave a mode in which it asks nobody works on no stranger's folder.
#[tokio::test]
async fn nothing_is_asked_of_an_agent_that_stays_in_a_privileged_mode_in_an_untrusted_folder() -> anyhow::Result<()> {
    let modes = json!({"modes": {"currentModeId": "yolo", "availableModes": []}});
    let turns = [vec![Step::Text("in a folder of the user's".into())]];
    let script = AgentScript {
        extensions: [("session/new".to_owned(), modes)].into(),
        refusals: [("session/set_mode".to_owned(), (-32_000, "I like it here".to_owned()))].into(),
        ..AgentScript::turns(turns)
    };
    let host = Host::start(script).await?;
    trust(&host, Some("DO_NOT_TRUST"))?;
    let client = host.client();
    let session = client.new_session().await?;
    let prompt = json!({"prompt": [{"type": "text", "text": "go"}]});
    let refused = client.post(&format!("/session/{session}/prompt"), &prompt).await?;
    assert_eq!(code(&refused), (403, "trust_gate".to_owned()));
    let said = refused.json();
    assert_eq!((&said["mode"], &said["sessionId"]), (&json!("yolo"), &json!(session)));
    assert!(said["error"].as_str().is_some_and(|error| error.contains("Set the mode to default")), "{said}");
    let pending = client.get(&format!("/session/{session}/pending-prompts")).await?.ok()?;
    assert_eq!(pending["pendingPrompts"], json!([]));

    trust(&host, Some("TRUST_FOLDER"))?;
    let session = client.new_session().await?;
    assert_eq!(message_text(&client.turn(&session, "go").await?), "in a folder of the user's");
    Ok(())
}

#[tokio::test]
async fn a_plural_route_of_an_untrusted_folder_tells_nothing_but_how_it_is_trusted() -> anyhow::Result<()> {
    let host = daemon().await?;
    trust(&host, None)?;
    let client = host.client();
    let base = format!("/workspaces/{}", host.selector());
    for path in ["settings", "permissions", "env", "preflight", "providers", "tools", "git", "git/log"] {
        let refused = client.get(&format!("{base}/{path}")).await?;
        assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()), "{path}");
        assert_eq!(refused.json()["workspaceId"], json!(host.selector()));
    }
    for path in ["init", "reload", "tools/x/enable"] {
        let refused = client.post(&format!("{base}/{path}"), &json!({"enabled": false})).await?;
        assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()), "{path}");
    }
    assert_eq!(client.get(&format!("{base}/trust")).await?.status, 200);
    Ok(())
}
