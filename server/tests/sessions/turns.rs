use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use roost_core::{Envelope, EventType, bus::Subscribe};
use roost_tests::{
    client::{
        Client,
        events::{self, Cursor, check_gap_free, ids, message_text},
    },
    deadline::until_true,
    scripted_agent::{AgentScript, Step, script::ScriptFile},
};
use serde_json::json;

use crate::host::{Host, saying, words};

/// P5, P7: the echo, the answer, the end, in this order.
#[tokio::test]
async fn a_prompt_is_echoed_answered_and_ended_in_that_order() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let events = client.turn(&session, "hi").await?;
    let numbered: Vec<&str> =
        events.iter().filter(|event| event.id.is_some()).map(|event| event.kind.as_str()).collect();
    assert_eq!(numbered, ["session_update", "session_update", "turn_complete"]);
    assert_eq!(events[0].data["update"]["sessionUpdate"], "user_message_chunk");
    assert_eq!(message_text(&events), "hello");
    Ok(())
}

/// P6, B3: the cursor of the 202 is before everything the prompt publishes.
#[tokio::test]
async fn the_202_names_a_cursor_from_which_the_whole_turn_is_replayed() -> anyhow::Result<()> {
    let host = Host::start(saying(&["one", "two"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "first").await?;
    let accepted = client.prompt(&session, "second").await?;
    let mut live = client.events(&session).from(Cursor::START).open().await?;
    live.until_end_of(&accepted.prompt_id).await?;

    let mut later = client.events(&session).from(accepted.cursor()).open().await?;
    let turn = later.until_type(EventType::ReplayComplete).await?;
    assert_eq!(message_text(&turn), "two");
    check_gap_free(&ids(&turn))?;
    let complete = turn.last().expect("it was waited for");
    assert_eq!(complete.data["replayedCount"], turn.len() - 1);
    Ok(())
}

/// B3: a cursor of another numbering is answered with a resync and the whole ring.
#[tokio::test]
async fn a_cursor_of_another_epoch_gets_a_resync_and_the_whole_ring() -> anyhow::Result<()> {
    let host = Host::start(saying(&["one"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "first").await?;
    let cursor = Cursor { last_event_id: 1, epoch: Some("of-another-life".to_owned()) };
    let mut stream = client.events(&session).from(cursor).open().await?;
    let replayed = stream.until_type(EventType::ReplayComplete).await?;
    assert_eq!(replayed[0].kind, EventType::StateResyncRequired);
    assert_eq!(
        replayed[0].data,
        json!({
            "reason": "epoch_reset", "detail": "epoch_mismatch", "lastDeliveredId": 1, "earliestAvailableId": 1,
        })
    );
    assert_eq!(message_text(&replayed), "one");
    Ok(())
}

/// B2, B3: what the ring has lost is told, and the rest replayed.
#[tokio::test]
async fn a_ring_that_has_moved_on_says_so() -> anyhow::Result<()> {
    let script = AgentScript::turns([words(100)]);
    let host = Host::start_with(script, |config| {
        config.limits.event_ring_size = std::num::NonZeroUsize::new(16).expect("16 is not zero");
    })
    .await?;
    let client = host.client();
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    client.events(&session).from(accepted.cursor()).open().await?.until_end_of(&accepted.prompt_id).await?;
    let mut late = client.events(&session).from(accepted.cursor()).open().await?;
    let replayed = late.until_type(EventType::ReplayComplete).await?;
    assert_eq!(replayed[0].kind, EventType::StateResyncRequired);
    assert_eq!(replayed[0].data["reason"], "ring_evicted");
    assert_eq!(replayed.iter().filter(|event| event.id.is_some()).count(), 16);
    Ok(())
}

#[tokio::test]
async fn ten_thousand_unpaced_words_reach_every_reader_whole_and_alike() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([words(10_000)])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(client.events(&session).from(Cursor::START).open().await?);
    }
    let accepted = client.prompt(&session, "go").await?;
    let readers = streams.iter_mut().map(|stream| stream.until_end_of(&accepted.prompt_id));
    let histories = try_join_all(readers).await?;
    let numbered: Vec<Vec<&Envelope>> =
        histories.iter().map(|events| events.iter().filter(|event| event.id.is_some()).collect()).collect();
    check_gap_free(&ids(numbered[0].iter().copied()))?;
    assert_eq!(events::updates(numbered[0].iter().copied(), "agent_message_chunk").count(), 10_000);
    for other in &numbered[1..] {
        assert_eq!(other, &numbered[0]);
    }
    assert!(histories.iter().flatten().all(|event| event.kind != EventType::ClientEvicted));
    Ok(())
}

/// B6: a reader that takes a little now and then is waited for, but not by the other sessions of its agent: with their turns it falls behind
/// the ring, and is told.
#[tokio::test]
async fn a_reader_that_creeps_holds_up_no_other_session() -> anyhow::Result<()> {
    let script = AgentScript::turns([words(40_000), vec![Step::Text("in time".into())]]);
    let host = Host::start_with(script, |config| {
        config.limits.event_ring_size = std::num::NonZeroUsize::new(16).expect("16 is not zero");
    })
    .await?;
    let client = host.client();
    let (slow, other) = (client.new_session().await?, client.new_session().await?);
    let live = host.daemon().app().workspaces.primary().sessions.get(&slow).expect("it is live");
    let subscription = live.stream.subscribe(Subscribe::default())?;
    let creeping = tokio::spawn(async move {
        let mut last = Bytes::new();
        while let Some(mut frames) = subscription.frames(1).await {
            last = frames.pop().unwrap_or_default();
            // It makes progress, so that it does not count as one that has stopped.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        last
    });
    client.prompt(&slow, "go").await?;
    assert_eq!(message_text(&client.turn(&other, "go").await?), "in time");
    let last = creeping.await?;
    assert!(last.starts_with(b"event: client_evicted\n"), "{}", String::from_utf8_lossy(&last));
    Ok(())
}

/// P3, P4, P11: one prompt runs, the next waits and is shown; a cancel ends the running one only.
#[tokio::test]
async fn a_second_prompt_waits_and_the_queue_shows_it() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang], vec![Step::Text("second".into())]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let first = client.prompt(&session, "first").await?;
    let second = client.prompt(&session, "second").await?;
    let queue = client.get(&format!("/session/{session}/pending-prompts")).await?.ok()?;
    let states: Vec<_> =
        queue["pendingPrompts"].as_array().into_iter().flatten().map(|prompt| &prompt["state"]).collect();
    assert_eq!(states, ["running", "queued"]);

    let cancelled = client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    assert_eq!(cancelled.status, 204);
    let ended = stream.until_end_of(&first.prompt_id).await?;
    assert_eq!(ended.last().expect("it was waited for").data["stopReason"], "cancelled");
    let events = stream.until_end_of(&second.prompt_id).await?;
    assert_eq!(message_text(&events), "second");
    Ok(())
}

/// P7, P13: a failed turn is an error on the stream and in the status.
#[tokio::test]
async fn status_follows_the_turn() -> anyhow::Result<()> {
    let fail = vec![Step::Fail { code: -32000, message: "no credit".into() }];
    let host = Host::start(AgentScript::turns([fail])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let events = client.turn(&session, "go").await?;
    let error = events.last().expect("a turn has an end");
    assert_eq!(error.kind, EventType::TurnError);
    assert_eq!(error.data["message"], "no credit");
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["hasTurnError"], true);
    assert_eq!(status["turnError"]["message"], "no credit");
    assert_eq!(status["hasActivePrompt"], false);
    Ok(())
}

/// X1: closing tells the streams, ends them, and the session is gone; the agent is told, so that it need not keep it.
#[tokio::test]
async fn closing_ends_the_streams_and_the_session() -> anyhow::Result<()> {
    let closing = "qwen/control/session/close";
    let script = AgentScript { extensions: [(closing.to_owned(), json!({}))].into(), ..saying(&[]) };
    let host = Host::start(script).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    assert_eq!(client.delete(&format!("/session/{session}")).await?.status, 204);
    let rest = stream.rest().await?;
    let last = rest.last().expect("a farewell");
    assert_eq!(last.kind, EventType::SessionClosed);
    assert_eq!(last.data["reason"], "client_close");
    let gone = client.get(&format!("/session/{session}/status")).await?;
    assert_eq!((gone.status, gone.code().as_deref()), (404, Some("session_not_found")));
    let script = host.config.agent.args[0].as_ref();
    until_true("the agent to be told", || ScriptFile::heard(script) == [closing]).await?;
    Ok(())
}

/// R1: a session that has come back is not told of as one that has ended.
#[tokio::test]
async fn a_load_tells_nothing_of_the_ends_a_session_had_before() -> anyhow::Result<()> {
    let script = AgentScript { load_session: true, ..saying(&["one", "two"]) };
    let mut host = Host::start(script).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "first").await?;
    assert_eq!(client.delete(&format!("/session/{session}")).await?.status, 204);
    let kinds = async |client: &Client| {
        let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
        let replay = [&loaded["compactedReplay"], &loaded["liveJournal"]].map(|part| part.as_array().cloned());
        let events = replay.into_iter().flatten().flatten();
        anyhow::Ok(events.map(|event| event["type"].to_string()).collect::<Vec<_>>())
    };
    let after_a_close = kinds(&client).await?;
    assert!(after_a_close.contains(&"\"turn_complete\"".to_owned()), "{after_a_close:?}");
    assert!(!after_a_close.iter().any(|kind| kind.contains("session_closed")), "{after_a_close:?}");
    host.restart().await?;
    let after_a_restart = kinds(&host.client()).await?;
    assert!(!after_a_restart.iter().any(|kind| kind.contains("session_died")), "{after_a_restart:?}");
    Ok(())
}

/// What happens to the workspace, and the end of a session, put no session above one that was active later.
#[tokio::test]
async fn a_list_is_in_the_order_of_what_was_asked_last() -> anyhow::Result<()> {
    let host = Host::start(AgentScript { afterwards: Some(vec![Step::Text("done".into())]), ..saying(&[]) }).await?;
    let client = host.client();
    let list = async || {
        let listed = client.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
        let rows = listed["sessions"].as_array().cloned().unwrap_or_default();
        let row = |row: &serde_json::Value| (row["sessionId"].to_string(), row["updatedAt"].to_string());
        anyhow::Ok(rows.iter().map(row).collect::<Vec<_>>())
    };
    let (first, second) = (client.new_session().await?, client.new_session().await?);
    client.turn(&second, "go").await?;
    client.turn(&first, "go").await?;
    let before = list().await?;
    assert_eq!(before[0].0, format!("\"{first}\""));
    client.post("/workspace/tools/edit/enable", &json!({"enabled": false})).await?.ok()?;
    client.events(&second).from(Cursor::START).open().await?.until_type(EventType::ToolToggled).await?;
    client.delete(&format!("/session/{second}")).await?;
    assert_eq!(list().await?, before);
    client.post(&format!("/session/{second}/load"), &json!({})).await?.ok()?;
    client.turn(&second, "go on").await?;
    assert_eq!(list().await?[0].0, format!("\"{second}\""));
    Ok(())
}

/// R1, B10: loading a live session attaches; its history and its cursor fit each other.
#[tokio::test]
async fn load_answers_with_history_and_the_cursor_that_follows_it() -> anyhow::Result<()> {
    let host = Host::start(saying(&["one", "two"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "first").await?;
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["attached"], true);
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "one");
    assert_eq!(loaded["liveJournal"], json!([]));
    let cursor = Cursor {
        last_event_id: loaded["lastEventId"].as_u64().expect("a number"),
        epoch: loaded["eventEpoch"].as_str().map(str::to_owned),
    };
    let mut stream = client.events(&session).from(cursor).open().await?;
    let accepted = client.prompt(&session, "second").await?;
    let events = stream.until_end_of(&accepted.prompt_id).await?;
    assert_eq!(message_text(&events), "two");
    Ok(())
}

/// R1: a session that is live is joined, whichever way it is asked for, and tells what its agent said of itself.
#[tokio::test]
async fn resuming_a_live_session_joins_it() -> anyhow::Result<()> {
    let models = json!({"models": {"currentModelId": "m1", "availableModels": []}});
    let extensions = [("session/new".to_owned(), models.clone())].into();
    let host = Host::start(AgentScript { extensions, ..saying(&["one"]) }).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let turn = client.turn(&session, "first").await?;
    let joined = client.post(&format!("/session/{session}/resume"), &json!({})).await?.ok()?;
    assert_eq!((&joined["attached"], &joined["hasActivePrompt"]), (&json!(true), &json!(false)));
    assert_eq!(joined["state"]["models"], models["models"]);
    assert_eq!(joined["lastEventId"].as_u64(), ids(&turn).last().copied());
    assert_eq!(joined.get("compactedReplay"), None);
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!((&loaded["attached"], &loaded["state"]), (&json!(true), &joined["state"]));
    assert_ne!(loaded["clientId"], joined["clientId"]);
    Ok(())
}

/// B9: what is told every session is told those that are left, whatever became of another.
#[tokio::test]
async fn a_session_that_is_gone_keeps_no_news_from_the_others() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let (gone, left) = (client.new_session().await?, client.new_session().await?);
    let mut stream = client.events(&left).from(Cursor::START).open().await?;
    assert_eq!(client.delete(&format!("/session/{gone}")).await?.status, 204);
    let change = json!({"scope": "user", "key": "ui.theme", "value": "b"});
    client.post("/workspace/settings", &change).await?.ok()?;
    let events = stream.until_type(EventType::SettingsChanged).await?;
    assert!(events.last().is_some_and(|event| event.id.is_some()));
    Ok(())
}
