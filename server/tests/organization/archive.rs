use std::fs;

use roost_core::{Envelope, SessionId};
use roost_tests::{client::events::message_text, scripted_agent::AgentScript};
use serde_json::json;

use crate::{
    host::{Host, saying},
    names,
};

#[tokio::test]
async fn a2_a_live_session_is_closed_and_archived_and_comes_back_whole() -> anyhow::Result<()> {
    let host = Host::start(AgentScript { load_session: true, ..saying(&["hello", "again"]) }).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    let mut stream = client.events(&session).open().await?;
    let ids = json!({"sessionIds": [session, session, "nobody", "../x", ""]});
    let archived = client.post("/sessions/archive", &ids).await?.ok()?;
    let expected = json!({
        "archived": [session], "alreadyArchived": [], "resolvedConflicts": [],
        "notFound": ["nobody", "../x", ""], "errors": [],
    });
    assert_eq!(archived, expected);
    while stream.next_frame().await?.is_some() {}
    assert!(!host.record(&session).exists());

    for (path, body) in [("load", json!({})), ("resume", json!({}))] {
        let refused = client.post(&format!("/session/{session}/{path}"), &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_archived")), "{path}");
    }
    for path in ["transcript", "export", "export?format=md"] {
        let refused = client.get(&format!("/session/{session}/{path}")).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_archived")), "{path}");
    }
    let prompt = json!({"prompt": [{"type": "text", "text": "x"}]});
    assert_eq!(client.post(&format!("/session/{session}/prompt"), &prompt).await?.status, 404);
    let list = format!("/workspace/{}/sessions", host.selector());
    assert!(names(&client.get(&list).await?.ok()?).is_empty());
    let put_away = client.get(&format!("{list}?archiveState=archived")).await?.ok()?;
    assert_eq!(names(&put_away), [session.as_str()]);
    assert_eq!(
        (&put_away["sessions"][0]["isArchived"], &put_away["sessions"][0]["clientCount"]),
        (&json!(true), &json!(0))
    );
    let taken = client.post("/session", &json!({"sessionId": session})).await?;
    assert_eq!((taken.status, taken.code().as_deref()), (409, Some("session_id_conflict")), "its name stays taken");
    let again = client.post("/sessions/archive", &json!({"sessionIds": [session]})).await?.ok()?;
    assert_eq!(again["alreadyArchived"], json!([session]));

    let back = client.post("/sessions/unarchive", &json!({"sessionIds": [session, "nobody"]})).await?.ok()?;
    let expected = json!({
        "unarchived": [session], "alreadyActive": [], "resolvedConflicts": [], "notFound": ["nobody"], "errors": [],
    });
    assert_eq!(back, expected);
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "hello");
    assert_eq!(message_text(&client.turn(&session, "go on").await?), "again");
    Ok(())
}

#[tokio::test]
async fn the_agents_own_records_move_along() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let project = host.record(&session).join("../..").canonicalize()?;
    fs::create_dir_all(project.join("chats"))?;
    for name in [format!("{session}.jsonl"), format!("{session}.ledger.jsonl"), "elsewhere.jsonl".to_owned()] {
        fs::write(project.join("chats").join(&name), format!("{{\"type\":\"system\",\"name\":\"{name}\"}}\n"))?;
    }
    let both = json!({"sessionIds": [session, "elsewhere"]});
    assert_eq!(client.post("/sessions/archive", &both).await?.ok()?["archived"], both["sessionIds"]);
    let archive = project.join("chats/archive");
    for name in [format!("{session}.jsonl"), format!("{session}.ledger.jsonl"), "elsewhere.jsonl".to_owned()] {
        assert!(fs::read_to_string(archive.join(&name))?.contains(&name));
        assert!(!project.join("chats").join(&name).exists());
    }
    assert_eq!(client.post("/sessions/unarchive", &both).await?.ok()?["unarchived"], both["sessionIds"]);
    assert!(project.join("chats/elsewhere.jsonl").exists());
    assert_eq!(client.post("/sessions/delete", &both).await?.ok()?["removed"], both["sessionIds"]);
    assert_eq!(fs::read_dir(project.join("chats"))?.flatten().filter(|entry| entry.path().is_file()).count(), 0);
    assert!(!host.record(&session).exists());
    Ok(())
}

#[tokio::test]
async fn a3_two_copies_are_reported_and_touched_only_when_told_to() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let chats = host.record(&session).join("../..").canonicalize()?.join("chats");
    fs::create_dir_all(chats.join("archive"))?;
    fs::write(chats.join("twice.jsonl"), "new\n")?;
    fs::write(chats.join("archive/twice.jsonl"), "old\n")?;
    let old = fs::File::options().append(true).open(chats.join("archive/twice.jsonl"))?;
    old.set_modified(std::time::SystemTime::UNIX_EPOCH)?;

    let body = json!({"sessionIds": ["twice"]});
    for route in ["archive", "unarchive"] {
        let answer = client.post(&format!("/sessions/{route}"), &body).await?.ok()?;
        assert_eq!(answer["errors"][0]["sessionId"], "twice");
    }
    let load = client.post("/session/twice/load", &json!({})).await?;
    assert_eq!((load.status, load.code().as_deref()), (409, Some("session_conflict")));
    assert_eq!(client.get("/session/twice/export").await?.code().as_deref(), Some("session_conflict"));
    assert_eq!(fs::read_to_string(chats.join("archive/twice.jsonl"))?, "old\n");

    let both = json!({"sessionIds": ["twice", session]});
    let answer = client.post("/sessions/archive", &both).await?.ok()?;
    assert_eq!((&answer["archived"], &answer["errors"][0]["sessionId"]), (&json!([session]), &json!("twice")), "A2");
    client.post("/sessions/unarchive", &json!({"sessionIds": [session]})).await?.ok()?;

    let resolve = json!({"sessionIds": ["twice"], "resolveConflicts": true});
    let answer = client.post("/sessions/archive", &resolve).await?.ok()?;
    assert_eq!((&answer["archived"], &answer["resolvedConflicts"]), (&json!(["twice"]), &json!(["twice"])));
    assert_eq!(fs::read_to_string(chats.join("archive/twice.jsonl"))?, "new\n");
    assert!(!chats.join("twice.jsonl").exists());
    Ok(())
}

#[tokio::test]
async fn a1_what_is_in_use_is_not_moved_and_what_moves_is_not_used() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let (busy, free) = (client.new_session().await?, client.new_session().await?);
    let id = SessionId::from(busy.as_str());
    let locks = host.daemon().app().workspaces.locks();

    let share = locks.share(&id)?;
    for route in ["archive", "unarchive", "delete"] {
        let refused = client.post(&format!("/sessions/{route}"), &json!({"sessionIds": [free, busy]})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_archiving")), "{route}");
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert_eq!(refused.json()["sessionId"], busy);
    }
    assert_eq!(client.delete(&format!("/session/{busy}")).await?.code().as_deref(), Some("session_archiving"));
    let status = client.get(&format!("/session/{free}/status")).await?;
    assert_eq!(status.status, 200, "A4: a refused batch has done nothing");
    drop(share);

    let claim = locks.claim(vec![id])?;
    let prompt = json!({"prompt": [{"type": "text", "text": "x"}]});
    for (path, body) in [("prompt", prompt), ("load", json!({})), ("resume", json!({}))] {
        let refused = client.post(&format!("/session/{busy}/{path}"), &body).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_archiving")), "{path}");
    }
    for path in ["export", "transcript"] {
        assert_eq!(client.get(&format!("/session/{busy}/{path}")).await?.status, 409);
    }
    drop(claim);
    client.turn(&busy, "hi").await?;
    assert_eq!(client.post("/sessions/delete", &json!({"sessionIds": [busy]})).await?.ok()?["removed"], json!([busy]));
    Ok(())
}

#[tokio::test]
async fn a_batch_must_be_a_list_of_names() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let too_many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    for route in ["archive", "unarchive", "delete"] {
        for body in [
            json!({}),
            json!({"sessionIds": []}),
            json!({"sessionIds": "x"}),
            json!({"sessionIds": ["x", 5]}),
            json!({"sessionIds": too_many}),
        ] {
            let refused = client.post(&format!("/sessions/{route}"), &body).await?;
            assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_request")), "{route} {body}");
        }
    }
    let flag = client.post("/sessions/archive", &json!({"sessionIds": ["x"], "resolveConflicts": 3})).await?;
    assert_eq!((flag.status, flag.code().as_deref()), (400, Some("invalid_request")));
    Ok(())
}

#[tokio::test]
async fn a_running_prompt_gets_its_end_before_its_session_is_put_away() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![roost_tests::scripted_agent::Step::Hang]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let running = client.prompt(&session, "for ever").await?;
    let mut stream = client.events(&session).from(running.cursor()).open().await?;
    let archived = client.post("/sessions/archive", &json!({"sessionIds": [session]})).await?.ok()?;
    assert_eq!(archived["archived"], json!([session]));
    let events = stream.until_end_of(&running.prompt_id).await?;
    assert_eq!(events.last().map(|event| event.data["code"].clone()), Some(json!("session_closed")));
    Ok(())
}
