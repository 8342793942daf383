use roost_core::EventType;
use roost_tests::{
    deadline::until,
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::{capabilities, delete, folder, host::Host, processes_in, register, session_in, spoken, spoken_prompt};

#[tokio::test]
async fn an_idle_workspace_goes_and_its_sessions_stay_on_disk() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    client.post("/workspaces", &json!({"cwd": other, "persist": true})).await?.ok()?;
    let id = roost_server::workspaces::workspace_id(&other);
    let session = session_in(&client, &other).await?;
    client.turn(&session, &spoken_prompt("one", vec![Step::Text("hello".to_owned())])?).await?;
    client.delete(&format!("/session/{session}")).await?;

    let removed = client.delete(&format!("/workspaces/{id}")).await?.ok()?;
    let nothing = json!({
        "sessions": 0, "activePrompts": 0, "pendingSessionStarts": 0, "acpConnections": 0, "memoryTasks": 0,
        "channelWorkers": 0, "voiceSessions": 0,
    });
    let expected = json!({
        "removed": true, "workspaceId": id, "workspaceCwd": other, "forced": false,
        "persistedRegistrationRemoved": true, "activity": nothing,
    });
    assert_eq!(removed, expected);
    assert_eq!(capabilities(&client).await?["workspaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(client.get("/workspace-registrations").await?.ok()?["entries"], json!([]));
    let gone = client.post("/session", &json!({"cwd": other})).await?;
    assert_eq!((gone.status, gone.code().as_deref()), (400, Some("workspace_mismatch")));
    let nobodys = client.post(&format!("/session/{session}/load"), &json!({})).await?;
    assert_eq!((nobodys.status, nobodys.code().as_deref()), (404, Some("session_not_found")));

    register(&client, &other).await?;
    let back = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(back["workspaceCwd"], json!(other));
    Ok(())
}

/// P14: what is asked in a workspace that goes gets its end before its session does.
#[tokio::test]
async fn a_workspace_in_use_stays_unless_forced() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let (idle, busy) = (session_in(&client, &other).await?, session_in(&client, &other).await?);
    let running = client.prompt(&busy, &spoken_prompt("hang", vec![Step::Hang])?).await?;
    let path = format!("/workspaces/{id}");
    for body in [json!({}), json!({"force": false})] {
        let refused = delete(&client, &path, &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("workspace_busy")));
        let activity = &refused.json()["activity"];
        assert_eq!((&activity["sessions"], &activity["activePrompts"]), (&json!(2), &json!(1)));
    }
    session_in(&client, &other).await?;
    let wrong = delete(&client, &path, &json!({"force": "yes"})).await?;
    assert_eq!((wrong.status, wrong.code().as_deref()), (400, Some("invalid_force_flag")));

    let mut stream = client.events(&busy).from(running.cursor()).open().await?;
    let mut quiet = client.events(&idle).open().await?;
    let removed = delete(&client, &path, &json!({"force": true})).await?.ok()?;
    assert_eq!((&removed["forced"], &removed["activity"]["sessions"]), (&json!(true), &json!(3)));
    let mut events = Vec::new();
    while let Some(event) = stream.next().await? {
        events.push(event);
    }
    let ends: Vec<(&EventType, &Value)> = events.iter().map(|event| (&event.kind, &event.data)).collect();
    let [.., (turn, error), (died, end)] = ends.as_slice() else { anyhow::bail!("too little was said: {ends:?}") };
    assert_eq!((turn, &error["code"]), (&&EventType::TurnError, &json!("session_killed")));
    assert_eq!((died, &end["reason"]), (&&EventType::SessionDied, &json!("workspace_removed")));
    let mut last = None;
    while let Some(event) = quiet.next().await? {
        last = Some(event);
    }
    assert_eq!(last.map(|event| event.data["reason"].clone()), Some(json!("workspace_removed")));
    assert_eq!(client.get(&format!("/session/{busy}/status")).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn the_agent_of_a_removed_workspace_ends_with_all_it_started() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let own = client.new_session().await?;
    let session = session_in(&client, &other).await?;
    let turn = vec![Step::Grandchild { seconds: 600 }, Step::Hang];
    client.prompt(&session, &spoken_prompt("child", turn)?).await?;
    let inside = || processes_in(&other);
    until("the agent and its child to run", async || Ok((inside().len() >= 2).then_some(()))).await?;
    delete(&client, &format!("/workspaces/{id}"), &json!({"force": true})).await?.ok()?;
    until("all of it to end", async || Ok(inside().is_empty().then_some(()))).await?;
    client.turn(&own, &spoken_prompt("still", vec![Step::Text("here".to_owned())])?).await?;
    Ok(())
}

#[tokio::test]
async fn the_primary_workspace_and_those_given_at_start_stay() -> anyhow::Result<()> {
    let given = tempfile::tempdir()?;
    let cwd = given.path().canonicalize()?;
    let host = Host::start_with(AgentScript::spoken(), |config| config.further_workspaces = vec![cwd.clone()]).await?;
    let client = host.client();
    let id = roost_server::workspaces::workspace_id(&cwd);
    for (id, code) in
        [(host.selector(), "primary_workspace_removal_forbidden"), (id, "static_workspace_removal_forbidden")]
    {
        let refused = delete(&client, &format!("/workspaces/{id}"), &json!({"force": true})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some(code)));
    }
    let unknown = client.delete("/workspaces/nobody").await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (400, Some("workspace_mismatch")));
    let keep = client.post("/workspaces", &json!({"cwd": cwd, "persist": true})).await?;
    assert_eq!((keep.status, keep.code().as_deref()), (400, Some("invalid_persist_target")));
    Ok(())
}

#[tokio::test]
async fn while_a_workspace_goes_no_session_comes_and_it_goes_once() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let asleep = session_in(&client, &other).await?;
    client.turn(&asleep, &spoken_prompt("one", vec![Step::Text("hello".to_owned())])?).await?;
    client.delete(&format!("/session/{asleep}")).await?;
    session_in(&client, &other).await?;

    // Another daemon that holds the file of registrations keeps the removal waiting.
    let lock = host.config.state_dir().join("workspaces").join(format!("{}.lock", host.selector()));
    std::fs::create_dir_all(lock.parent().unwrap_or(&lock))?;
    let held = std::fs::File::create(lock)?;
    held.lock()?;
    let path = format!("/workspaces/{id}");
    let removing = tokio::spawn({
        let (client, path) = (client.clone(), path.clone());
        async move { delete(&client, &path, &json!({"force": true})).await }
    });
    let refused = until("the workspace to drain", async || {
        let answer = client.post("/session", &json!({"sessionScope": "thread", "cwd": other})).await?;
        Ok((answer.code().as_deref() == Some("workspace_draining")).then_some(answer))
    })
    .await?;
    let load = client.post(&format!("/session/{asleep}/load"), &json!({})).await?;
    for refused in [refused, load] {
        assert_eq!((refused.status, refused.code().as_deref()), (503, Some("workspace_draining")));
        assert_eq!((refused.header("retry-after"), &refused.json()["workspaceCwd"]), (Some("5"), &json!(other)));
    }
    let again = delete(&client, &path, &json!({"force": true})).await?;
    assert_eq!((again.status, again.code().as_deref()), (409, Some("workspace_removal_in_progress")));
    drop(held);
    assert_eq!(removing.await??.status, 200);
    assert_eq!(delete(&client, &path, &json!({})).await?.code().as_deref(), Some("workspace_mismatch"));
    Ok(())
}

#[tokio::test]
async fn a_removal_that_cannot_be_recorded_leaves_the_workspace_as_it_was() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let file = host.config.state_dir().join("workspaces").join(format!("{}.json", host.selector()));
    std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
    std::fs::write(&file, "damaged")?;
    let refused = delete(&client, &format!("/workspaces/{id}"), &json!({"force": true})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (500, Some("workspace_registration_store_error")));
    session_in(&client, &other).await?;
    Ok(())
}
