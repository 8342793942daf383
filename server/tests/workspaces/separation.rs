use std::num::NonZeroUsize;

use roost_core::Envelope;
use roost_server::config::TotalSessions;
use roost_tests::{
    client::events::message_text,
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::{folder, host::Host, register, session_in, spoken, spoken_prompt};

fn ids(list: &Value) -> Vec<&str> {
    let sessions = list["sessions"].as_array().map_or(&[][..], Vec::as_slice);
    sessions.iter().filter_map(|session| session["sessionId"].as_str()).collect()
}

/// Two folders whose sessions are kept in one place, since their names differ in what is written as `-`.
#[tokio::test]
async fn folders_of_names_alike_do_not_mix_their_sessions() -> anyhow::Result<()> {
    let mut host = spoken().await?;
    let client = host.client();
    let (dashed, nested) = (folder(&host, "a-b")?, folder(&host, "a/b")?);
    let mut sessions = Vec::new();
    for cwd in [&dashed, &nested] {
        let answer = client.post("/workspaces", &json!({"cwd": cwd, "persist": true})).await?.ok()?;
        let id = answer["id"].as_str().unwrap_or_default().to_owned();
        let session = session_in(&client, cwd).await?;
        let text = cwd.display().to_string();
        client.turn(&session, &spoken_prompt("where", vec![Step::Text(text)])?).await?;
        sessions.push((id, session, cwd.clone()));
    }
    let projects = std::fs::read_dir(host.config.home.join("projects"))?.count();
    assert_eq!(projects, 2, "the primary one, and one for both");

    for lives in [true, false] {
        let client = host.client();
        for (at, (id, session, cwd)) in sessions.iter().enumerate() {
            let list = client.get(&format!("/workspace/{id}/sessions")).await?.ok()?;
            assert_eq!(ids(&list), [session.as_str()], "lives: {lives}");
            let counts = client.get(&format!("/workspace/{id}/session-info")).await?.ok()?;
            assert_eq!(counts["total"], 1);
            let export = client.get(&format!("/session/{session}/export?format=json")).await?;
            assert_eq!(export.status, 200, "{}", export.text());
            let (stranger, ..) = &sessions[1 - at];
            for path in ["transcript", "export"] {
                let found = client.get(&format!("/workspaces/{id}/session/{session}/{path}")).await?;
                assert_eq!(found.status, 200, "{path}");
                let refused = client.get(&format!("/workspaces/{stranger}/session/{session}/{path}")).await?;
                assert_eq!((refused.status, refused.code().as_deref()), (404, Some("session_not_found")), "{path}");
            }
            let batch = json!({"sessionIds": [session]});
            let none = client.post(&format!("/workspaces/{stranger}/sessions/delete"), &batch).await?.ok()?;
            assert_eq!(none["notFound"], json!([session]));
            let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
            assert_eq!(loaded["workspaceCwd"], json!(cwd));
            let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
            assert_eq!(message_text(&replay), cwd.display().to_string());
            if !lives {
                client.delete(&format!("/session/{session}")).await?;
                let other = sessions[1 - at].2.clone();
                let refused = client.post(&format!("/session/{session}/load"), &json!({"cwd": other})).await?;
                assert_eq!((refused.status, refused.code().as_deref()), (404, Some("session_not_found")));
            }
        }
        if lives {
            host.restart().await?;
        }
    }
    Ok(())
}

/// A2, A3, A4: a batch that names no workspace finds each session where it lies.
#[tokio::test]
async fn batches_without_a_workspace_reach_every_workspace() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let (one, two) = (folder(&host, "one")?, folder(&host, "two")?);
    let (first, second) = (register(&client, &one).await?, register(&client, &two).await?);
    let own = client.new_session().await?;
    let (in_one, in_two) = (session_in(&client, &one).await?, session_in(&client, &two).await?);
    let all = json!({"sessionIds": [in_two, own, in_one, "nobody"]});

    let archived = client.post("/sessions/archive", &all).await?.ok()?;
    assert_eq!(archived["archived"], json!([in_two, own, in_one]));
    assert_eq!(archived["notFound"], json!(["nobody"]));
    for (id, session) in [(host.selector(), &own), (first.clone(), &in_one), (second.clone(), &in_two)] {
        let list = client.get(&format!("/workspace/{id}/sessions?archiveState=archived")).await?.ok()?;
        assert_eq!(ids(&list), [session.as_str()]);
        let export = client.get(&format!("/workspaces/{id}/session/{session}/archive/export?format=jsonl")).await?;
        assert_eq!(export.status, 200);
    }
    let back = client.post("/sessions/unarchive", &all).await?.ok()?;
    assert_eq!(back["unarchived"], json!([in_two, own, in_one]));

    let elsewhere = client.post(&format!("/workspaces/{first}/sessions/delete"), &all).await?.ok()?;
    assert_eq!((&elsewhere["removed"], &elsewhere["notFound"]), (&json!([in_one]), &json!([in_two, own, "nobody"])));
    let gone = client.post("/sessions/delete", &all).await?.ok()?;
    assert_eq!((&gone["removed"], &gone["notFound"]), (&json!([in_two, own]), &json!([in_one, "nobody"])));
    Ok(())
}

/// A1, A4: one that is in use anywhere refuses the whole batch.
#[tokio::test]
async fn a_batch_over_several_workspaces_is_claimed_as_a_whole() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    register(&client, &other).await?;
    let (own, away) = (client.new_session().await?, session_in(&client, &other).await?);
    let share = host.daemon().app().workspaces.locks().share(&away.as_str().into())?;
    for route in ["archive", "unarchive", "delete"] {
        let refused = client.post(&format!("/sessions/{route}"), &json!({"sessionIds": [own, away]})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_archiving")), "{route}");
    }
    drop(share);
    for session in [own, away] {
        assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 200);
    }
    Ok(())
}

/// The order of things is a workspace's own; a session's place in it is found by the session.
#[tokio::test]
async fn groups_and_pins_are_a_workspaces_own() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let session = session_in(&client, &other).await?;
    let group = json!({"name": "Work", "color": "red"});
    let made = client.post(&format!("/workspaces/{id}/session-groups"), &group).await?.ok()?;
    let arrange = json!({"isPinned": true, "groupId": made["group"]["id"]});
    client.patch(&format!("/session/{session}/organization"), &arrange).await?.ok()?;
    let pinned = client.get(&format!("/workspace/{id}/sessions?view=organized&group=pinned")).await?.ok()?;
    assert_eq!(ids(&pinned), [session.as_str()]);
    let groups = client.get(&format!("/workspace/{}/session-groups", host.selector())).await?.ok()?;
    assert_eq!(groups["groups"], json!([]));
    Ok(())
}

/// C5: each workspace has its places, and all of them together have no more than the total.
#[tokio::test]
async fn the_total_cap_counts_sessions_of_every_workspace() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::spoken(), |config| {
        config.limits.max_sessions = NonZeroUsize::new(2);
        config.limits.max_total_sessions = TotalSessions::AtMost(NonZeroUsize::new(3));
    })
    .await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    register(&client, &other).await?;
    let mut own = Vec::new();
    for _ in 0..2 {
        own.push(client.new_session().await?);
    }
    let full = client.post("/session", &json!({"sessionScope": "thread"})).await?;
    assert_eq!((full.status, full.code().as_deref()), (503, Some("session_limit_exceeded")));
    assert_eq!((&full.json()["limit"], &full.json()["scope"]), (&json!(2), &json!("workspace")));
    assert_eq!(full.header("retry-after"), Some("5"));
    session_in(&client, &other).await?;
    let full = client.post("/session", &json!({"sessionScope": "thread", "cwd": other})).await?;
    assert_eq!((&full.json()["limit"], &full.json()["scope"]), (&json!(3), &json!("total")));
    client.post(&format!("/session/{}/load", own[0]), &json!({})).await?.ok()?;
    let health = client.get("/health?deep=1").await?.ok()?;
    assert_eq!((&health["sessions"], &health["workspaceCount"]), (&json!(3), &json!(2)));
    client.delete(&format!("/session/{}", own[0])).await?;
    session_in(&client, &other).await?;
    let full = client.post(&format!("/session/{}/load", own[0]), &json!({})).await?;
    assert_eq!((full.status, &full.json()["scope"]), (503, &json!("total")), "R5: a restore needs a place, too");
    Ok(())
}

/// C5: without a total of its own the daemon has as many places as its workspaces given at start, computed once.
#[tokio::test]
async fn a_registered_workspace_adds_no_places_to_the_total() -> anyhow::Result<()> {
    let host =
        Host::start_with(AgentScript::spoken(), |config| config.limits.max_sessions = NonZeroUsize::new(1)).await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    register(&client, &other).await?;
    session_in(&client, &other).await?;
    let full = client.post("/session", &json!({"sessionScope": "thread"})).await?;
    assert_eq!((full.status, &full.json()["scope"]), (503, &json!("total")));
    Ok(())
}

/// R3: a session that lives in one workspace is not restored in another.
#[tokio::test]
async fn a_session_lives_in_one_workspace_at_a_time() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    let id = register(&client, &other).await?;
    let session = client.new_session().await?;
    for how in ["load", "resume"] {
        let refused = client.post(&format!("/session/{session}/{how}"), &json!({"cwd": other})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_workspace_conflict")));
        let told = refused.json();
        assert_eq!((&told["workspaceId"], &told["liveWorkspaceId"]), (&json!(id), &json!(host.selector())));
        assert_eq!((&told["workspaceCwd"], &told["liveWorkspaceCwd"]), (&json!(other), &json!(host.config.workspace)));
    }
    Ok(())
}

#[tokio::test]
async fn of_two_workspaces_that_are_asked_for_one_name_at_once_one_gives_it() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    register(&client, &other).await?;
    for round in 0..5 {
        let name = format!("6d0c5a50-3c1f-4f0e-9d7a-0a4f5f6b7c8{round}");
        let (here, there) = (json!({"sessionId": name}), json!({"sessionId": name, "cwd": other}));
        let (one, two) = tokio::join!(client.post("/session", &here), client.post("/session", &there));
        let mut said = [one?.status, two?.status];
        said.sort_unstable();
        assert_eq!(said, [200, 409], "round {round}");
    }
    Ok(())
}

#[tokio::test]
async fn a_sessions_name_is_its_own_in_every_workspace() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let other = folder(&host, "other")?;
    register(&client, &other).await?;
    let session = client.new_session().await?;
    for _ in 0..2 {
        let taken = client.post("/session", &json!({"sessionId": session, "cwd": other})).await?;
        assert_eq!((taken.status, taken.code().as_deref()), (409, Some("session_id_conflict")));
        client.delete(&format!("/session/{session}")).await?;
    }
    Ok(())
}
