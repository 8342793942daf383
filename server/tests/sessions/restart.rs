use futures_util::StreamExt;
use roost_core::{Envelope, EventType};
use roost_tests::{
    client::{
        Client,
        events::{Cursor, check_gap_free, ids, message_text},
    },
    deadline::until,
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::Host;

fn remembering(turns: Vec<Vec<Step>>) -> AgentScript {
    AgentScript { load_session: true, ..AgentScript::turns(turns) }
}

fn says(text: &str) -> Vec<Step> {
    vec![Step::Text(text.to_owned())]
}

async fn load(client: &Client, session: &str) -> anyhow::Result<Value> {
    client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()
}

/// R1, B1: a loaded session goes on under its numbering, without a gap.
#[tokio::test]
async fn a_session_is_listed_loaded_and_goes_on_after_a_restart() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let first = client.turn(&session, "the first question").await?;
    let named = client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "Mine"})).await?.ok()?;
    assert_eq!(named["displayName"], "Mine");
    host.restart().await?;

    let client = host.client();
    let list = client.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(list["sessions"][0]["sessionId"], session);
    assert_eq!(list["sessions"][0]["displayName"], "Mine");
    assert_eq!(list["sessions"][0]["hasActivePrompt"], false);
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 404);

    let loaded = load(&client, &session).await?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "one");
    let cursor = Cursor {
        last_event_id: *ids(&first).last().expect("ids"),
        epoch: loaded["eventEpoch"].as_str().map(str::to_owned),
    };
    let mut stream = client.events(&session).from(cursor).open().await?;
    let accepted = client.prompt(&session, "the second").await?;
    let events = stream.until_end_of(&accepted.prompt_id).await?;
    assert!(events.iter().all(|event| event.kind != EventType::StateResyncRequired), "the epoch went on");
    check_gap_free(&ids(first.iter().chain(&events)))?;
    assert_eq!(message_text(&events), "two");
    Ok(())
}

#[tokio::test]
async fn a_session_whose_journal_was_torn_goes_on_under_the_same_epoch() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    let journal = host.record(&session).join("events.jsonl");
    host.restart().await?;
    let mut text = std::fs::read(&journal)?;
    text.extend_from_slice(b"{\"id\":99,\"v\":1,\"type\":\"sess");
    std::fs::write(&journal, &text)?;
    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert!(loaded["compactedReplay"].to_string().contains("one"));
    let events = client.turn(&session, "again").await?;
    assert_eq!(message_text(&events), "two");
    check_gap_free(&ids(&events))
}

#[tokio::test]
async fn damage_in_the_middle_costs_the_epoch_and_nothing_else() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two"), says("three")])).await?;
    let client = host.client();
    let (session, other) = (client.new_session().await?, client.new_session().await?);
    client.turn(&session, "hi").await?;
    let turn = client.turn(&other, "hi").await?;
    let before = load(&client, &session).await?["eventEpoch"].clone();
    host.restart().await?;
    let journal = host.record(&session).join("events.jsonl");
    let text = std::fs::read_to_string(&journal)?;
    let line = text.lines().find(|line| line.contains("agent_message_chunk")).expect("the agent spoke");
    std::fs::write(&journal, text.replace(line, &line.replace("\"type\"", "\"tipe")))?;

    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert_ne!(loaded["eventEpoch"], before);
    assert!(loaded["compactedReplay"].to_string().contains("hi"), "what is readable is there");
    assert_eq!(loaded["partial"], true, "and what is not is told of");
    assert_eq!(loaded["replayError"], "1 lines of the session's record cannot be read");
    let transcript = client.get(&format!("/session/{session}/transcript")).await?.ok()?;
    assert_eq!((&transcript["partial"], transcript["replayError"].is_string()), (&json!(true), true));
    let untouched = load(&client, &other).await?;
    assert!(untouched["compactedReplay"].to_string().contains(&message_text(&turn)));
    assert_eq!(message_text(&client.turn(&session, "go on").await?), "three");
    Ok(())
}

/// R6: the agent's record becomes the history of a session that only the agent knows.
#[tokio::test]
async fn a_session_that_only_the_agent_knows_is_listed_and_loaded_through_it() -> anyhow::Result<()> {
    let host = Host::start(remembering(vec![says("new")])).await?;
    let session = "4b7d3c1e-0f54-4f8e-8f6a-2f6d8a1b9c0d";
    let record = host.record(session);
    let chats = record.parent().and_then(std::path::Path::parent).expect("a project").join("chats");
    std::fs::create_dir_all(&chats)?;
    let user = json!({"type": "user", "sessionId": session, "cwd": host.config.workspace, "timestamp": "2026-01-02T03:04:05.000Z",
        "message": {"role": "user", "parts": [{"text": "asked elsewhere"}]}});
    std::fs::write(chats.join(format!("{session}.jsonl")), format!("{user}\n"))?;
    // The scripted agent keeps its own kind of record beside its script.
    let told =
        json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "answered elsewhere"}});
    std::fs::write(format!("{}.{session}", host.config.agent.args[0]), format!("{told}\n"))?;

    let client = host.client();
    let list = client.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(list["sessions"][0]["sessionId"], session);
    assert_eq!(list["sessions"][0]["displayName"], "asked elsewhere");
    assert_eq!(list["sessions"][0]["createdAt"], "2026-01-02T03:04:05.000Z");
    let loaded = load(&client, session).await?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "answered elsewhere");
    let mut stream = client.events(session).from(Cursor::START).open().await?;
    let replayed = stream.until_type(EventType::ReplayComplete).await?;
    assert_eq!((replayed[0].id, message_text(&replayed).as_str()), (Some(1), "answered elsewhere"));
    assert_eq!(message_text(&client.turn(session, "go on").await?), "new");
    Ok(())
}

/// P7: every accepted prompt has one end, also over a crash.
#[tokio::test]
async fn what_a_crashed_daemon_owed_is_paid_by_the_next() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![vec![Step::Hang], says("the queued one")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let running = client.prompt(&session, "running").await?;
    let queued = client.prompt(&session, "queued").await?;
    let mut stream = client.events(&session).from(running.cursor()).open().await?;
    stream.until(|event| event.kind == EventType::PendingPromptAdded).await?;
    // What a crash would leave: the journal as it is now.
    let journal = host.record(&session).join("events.jsonl");
    let as_it_was = std::fs::read(&journal)?;
    drop(stream);
    host.stop().await?;
    std::fs::write(&journal, as_it_was)?;
    host.begin().await?;

    let client = host.client();
    let mut stream = until("the session to come back by itself", async || {
        Ok(client.events(&session).from(running.cursor()).try_open().await?.ok())
    })
    .await?;
    let events = stream.until_end_of(&queued.prompt_id).await?;
    let ends: Vec<_> =
        events.iter().filter(|event| matches!(event.kind, EventType::TurnComplete | EventType::TurnError)).collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[0].data["promptId"], running.prompt_id);
    assert_eq!(ends[0].data["code"], "daemon_restarted");
    assert_eq!(ends[1].data["promptId"], queued.prompt_id);
    assert_eq!(message_text(&events), "the queued one");
    check_gap_free(&ids(&events))
}

/// The mode a session was in holds after a restart, whatever its agent starts with.
#[tokio::test]
async fn a_session_comes_back_in_the_mode_it_had() -> anyhow::Result<()> {
    let modes = json!({"modes": {"currentModeId": "default", "availableModes": []}});
    let extensions = [("session/new", modes.clone()), ("session/load", modes), ("session/set_mode", json!({}))];
    let extensions = extensions.map(|(method, answer)| (method.to_owned(), answer)).into();
    let mut host = Host::start(AgentScript { extensions, ..remembering(vec![says("one")]) }).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    client.post(&format!("/session/{session}/approval-mode"), &json!({"mode": "auto-edit"})).await?.ok()?;
    for _ in 0..2 {
        host.restart().await?;
        let client = host.client();
        let loaded = load(&client, &session).await?;
        assert_eq!(loaded["state"]["modes"]["currentModeId"], "auto-edit");
        let context = client.get(&format!("/session/{session}/context")).await?.ok()?;
        assert_eq!(context["state"]["modes"]["currentModeId"], "auto-edit");
    }
    Ok(())
}

/// An agent that does not know a session any more is reported: in the load, and to whoever prompts next.
#[tokio::test]
async fn an_agent_that_forgot_the_session_is_reported() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("afresh"), says("again")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    host.stop().await?;
    std::fs::remove_file(format!("{}.{session}", host.config.agent.args[0]))?;
    host.begin().await?;
    let client = host.client();
    let loaded = load(&client, &session).await?;
    assert_eq!(loaded["replayDegraded"], true);
    assert!(loaded["replayError"].as_str().is_some_and(|why| why.contains("remembers nothing")), "{loaded}");
    assert!(loaded["compactedReplay"].to_string().contains("one"), "the history is the daemon's and still there");
    let events = client.turn(&session, "do you remember?").await?;
    let text = message_text(&events);
    assert!(text.starts_with("The agent remembers nothing") && text.ends_with("afresh"), "{text}");
    assert_eq!(message_text(&client.turn(&session, "and now?").await?), "again");
    Ok(())
}

/// R1: a load may ask for the newest records only, and gets the anchor for what is before them.
#[tokio::test]
async fn a_load_gives_one_page_and_the_transcript_the_pages_before_it() -> anyhow::Result<()> {
    let turns: Vec<String> = (1..=6).map(|number| format!("answer {number}")).collect();
    let host = Host::start(remembering(turns.iter().map(|text| says(text)).collect())).await?;
    let client = host.client();
    let session = client.new_session().await?;
    for number in 1..=6 {
        client.turn(&session, &format!("question {number}")).await?;
    }
    let path = format!("/session/{session}/load");
    let page = client.post(&path, &json!({"historyPageSize": 4})).await?.ok()?;
    let replay: Vec<Envelope> = serde_json::from_value(page["compactedReplay"].clone())?;
    assert_eq!(message_text(&replay), "answer 5answer 6");
    assert_eq!(page["historyHasMore"], true);
    let anchor = page["historyAnchorRecordId"].as_str().expect("an anchor").to_owned();
    let before = format!("/session/{session}/transcript?limit=4&beforeRecordId={anchor}");
    let before = client.get(&before).await?.ok()?;
    let texts: Vec<&str> = before["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|event| event["data"]["content"]["text"].as_str())
        .collect();
    assert_eq!(texts, ["question 3", "answer 3", "question 4", "answer 4"]);
    let whole = load(&client, &session).await?;
    assert_eq!((&whole["historyHasMore"], &whole["historyAnchorRecordId"]), (&Value::Null, &Value::Null));
    for wrong in [json!(0), json!(501), json!("4"), json!(1.5), json!(null)] {
        let refused = client.post(&path, &json!({"historyPageSize": wrong})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_transcript_limit")), "{wrong}");
    }
    Ok(())
}

/// B11: a history that outgrows its window is cut from its oldest turn on, and says so first.
#[tokio::test]
async fn a_history_beyond_its_window_says_what_is_missing() -> anyhow::Result<()> {
    let script = AgentScript { afterwards: Some(says(&"x".repeat(500))), ..remembering(Vec::new()) };
    let host = Host::start_with(script, |config| {
        config.limits.compacted_replay_max_bytes = std::num::NonZeroU64::new(4_096).expect("it is not zero");
    })
    .await?;
    let client = host.client();
    let session = client.new_session().await?;
    for number in 0..10 {
        client.turn(&session, &format!("question {number}")).await?;
    }
    let loaded = load(&client, &session).await?;
    let replay: Vec<Envelope> = serde_json::from_value(loaded["compactedReplay"].clone())?;
    assert_eq!((replay[0].id, &replay[0].kind), (None, &EventType::HistoryTruncated));
    assert_eq!(replay[0].data["maxBytes"], 4_096);
    assert!(!loaded["compactedReplay"].to_string().contains("question 0"));
    assert!(loaded["compactedReplay"].to_string().contains("question 9"));
    Ok(())
}

/// R2: a session that two clients load at once is loaded once; one who wants it otherwise is told to wait.
#[tokio::test]
async fn loads_at_the_same_moment_share_one() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    host.restart().await?;
    let client = host.client();
    let path = format!("/session/{session}/load");
    let body = json!({});
    let answers = futures_util::future::try_join_all((0..8).map(|_| client.post(&path, &body))).await?;
    let made = answers.iter().filter(|answer| answer.json()["attached"] == false).count();
    assert_eq!(made, 1);
    let clients: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.json()["clientId"].to_string()).collect();
    assert_eq!(clients.len(), 8);
    Ok(())
}

/// R2, R5, R6: while the agent loads a session that only it knows, another way is refused, a place is taken; all get the error.
#[tokio::test]
async fn a_restore_under_way_takes_a_place_and_its_failure_is_everybodys() -> anyhow::Result<()> {
    let script = AgentScript { unanswered: vec!["session/load".to_owned()], ..remembering(Vec::new()) };
    let host = Host::start_with(script, |config| {
        config.limits.max_sessions = std::num::NonZeroUsize::new(1);
        // The refusals that are due at once come before this, also on a busy machine.
        config.timeouts.session_restore = roost_core::Millis(6_000);
    })
    .await?;
    let session = "4b7d3c1e-0f54-4f8e-8f6a-2f6d8a1b9c0d";
    let chats = host.record(session).parent().and_then(std::path::Path::parent).expect("a project").join("chats");
    std::fs::create_dir_all(&chats)?;
    let user = json!({"type": "user", "sessionId": session, "cwd": host.config.workspace, "message": {"parts": []}});
    std::fs::write(chats.join(format!("{session}.jsonl")), format!("{user}\n"))?;
    let client = host.client();
    let asked = ["load", "load", "resume"].map(|action| {
        let (client, path) = (client.clone(), format!("/session/{session}/{action}"));
        async move { (action, client.post(&path, &json!({})).await) }
    });
    let mut answers: futures_util::stream::FuturesUnordered<_> = asked.into_iter().collect();
    // Whichever came first is under way; who wants it otherwise is refused at once.
    let (action, refused) = answers.next().await.expect("three were asked");
    let refused = refused?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("restore_in_progress")));
    assert_eq!(refused.json()["requestedAction"], action);
    let full = client.post("/session", &json!({})).await?;
    assert_eq!((full.status, full.code().as_deref()), (503, Some("session_limit_exceeded")));
    let mut failed = 0;
    while let Some((action, answer)) = answers.next().await {
        let answer = answer?;
        if answer.status == 504 {
            failed += 1;
            assert_eq!(answer.code().as_deref(), Some("session_restore_timeout"));
            assert_eq!((&answer.json()["retryable"], &answer.json()["action"]), (&json!(true), &json!(action)));
        } else {
            assert_eq!((answer.status, answer.json()["requestedAction"].as_str()), (409, Some(action)));
        }
    }
    assert!(failed > 0, "somebody waited for it");
    Ok(())
}

/// R4, R7: a session that is nowhere is 404; one that is resumed brings no history along.
#[tokio::test]
async fn resuming_brings_no_history_and_an_unknown_session_is_not_found() -> anyhow::Result<()> {
    let mut host = Host::start(remembering(vec![says("one"), says("two")])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    host.restart().await?;
    let client = host.client();
    let resumed = client.post(&format!("/session/{session}/resume"), &json!({})).await?.ok()?;
    assert!(resumed.get("compactedReplay").is_none() && resumed.get("liveJournal").is_none());
    assert!(resumed["lastEventId"].as_u64().is_some_and(|id| id > 0));
    assert_eq!(message_text(&client.turn(&session, "go on").await?), "two");
    let unknown = client.post("/session/nowhere/load", &json!({})).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("session_not_found")));
    Ok(())
}
