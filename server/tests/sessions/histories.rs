//! How much of the past a load answers, and what a session is said to be made for.

use roost_core::Envelope;
use roost_tests::scripted_agent::{AgentScript, Spoken, Step};
use serde_json::{Value, json};

use crate::host::Host;

fn update(session: &str, update: &Value) -> Step {
    let params = json!({"sessionId": session, "update": update});
    Step::RawLine(json!({"jsonrpc": "2.0", "method": "session/update", "params": params}).to_string())
}

/// A sub-agent that writes something and tells of it; then `end`.
fn sub_agent(session: &str, end: Step) -> anyhow::Result<String> {
    let of_it = json!({"parentToolCallId": "task-1"});
    let card = json!({
        "sessionUpdate": "tool_call", "toolCallId": "task-1", "title": "Look around", "kind": "other", "status": "pending",
        "rawInput": {"description": "look", "prompt": "a long brief"}, "_meta": {"toolName": "task"},
    });
    let call = json!({
        "sessionUpdate": "tool_call", "toolCallId": "inner-1", "title": "ReadFile", "kind": "read", "status": "completed",
        "_meta": of_it,
    });
    let words = json!({
        "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "from within"}, "_meta": of_it,
    });
    let turn =
        vec![update(session, &card), update(session, &call), update(session, &words), Step::Text("ours".into()), end];
    Ok(serde_json::to_string(&Spoken { name: "turn".to_owned(), turn })?)
}

/// Calls by name, and texts.
fn shown(events: &Value) -> Vec<String> {
    let updates = events.as_array().into_iter().flatten().map(|event| {
        let inner = &event["data"]["update"];
        if inner.is_object() { inner } else { &event["data"] }
    });
    let told = updates.filter_map(|update| match update["sessionUpdate"].as_str()? {
        "tool_call" | "tool_call_update" => update["toolCallId"].as_str(),
        "agent_message_chunk" => update["content"]["text"].as_str(),
        _ => None,
    });
    told.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_summary_is_without_what_sub_agents_did_in_ended_and_in_running_turns() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::spoken()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, &sub_agent(&session, Step::Text(" and over".into()))?).await?;
    let mut stream = client.events(&session).open().await?;
    client.prompt(&session, &sub_agent(&session, Step::Hang)?).await?;
    stream.until(|event: &Envelope| event.data["update"]["content"]["text"] == "ours").await?;
    let load = async |body: Value| client.post(&format!("/session/{session}/load"), &body).await;

    let full = load(json!({})).await?.ok()?;
    assert!(shown(&full["compactedReplay"]).contains(&"inner-1".to_owned()), "{full}");
    let explicit = json!({"compactedReplayMode": "full", "liveReplayMode": "full"});
    let explicit = load(explicit).await?.ok()?;
    assert_eq!(shown(&explicit["liveJournal"]), ["task-1", "inner-1", "from within", "ours"]);

    let ended = load(json!({"compactedReplayMode": "summary"})).await?.ok()?;
    assert_eq!(shown(&ended["liveJournal"]), shown(&full["liveJournal"]));
    assert_eq!(shown(&ended["compactedReplay"]), ["task-1", "ours and over"]);
    let card = |events: &Value| {
        let updates = events.as_array().into_iter().flatten().map(|event| event["data"]["update"].clone());
        updates.into_iter().find(|update| update["toolCallId"] == "task-1").unwrap_or_default()
    };
    assert_eq!(card(&full["compactedReplay"])["rawInput"]["prompt"], "a long brief");
    assert_eq!(card(&ended["compactedReplay"])["rawInput"], json!({"description": "look"}));
    let running = load(json!({"liveReplayMode": "summary"})).await?.ok()?;
    assert_eq!(shown(&running["compactedReplay"]), shown(&full["compactedReplay"]));
    assert_eq!(shown(&running["liveJournal"]), ["task-1", "ours"]);
    assert_eq!(running["lastEventId"], full["lastEventId"], "whoever reads on misses nothing");

    let page = client.get(&format!("/session/{session}/transcript?compactedReplayMode=summary")).await?.ok()?;
    assert!(!shown(&page["events"]).contains(&"inner-1".to_owned()), "{page}");
    assert!(shown(&page["events"]).contains(&"task-1".to_owned()), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_detail_there_is_not_is_refused() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::spoken()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    for (member, code) in
        [("compactedReplayMode", "invalid_compacted_replay_mode"), ("liveReplayMode", "invalid_live_replay_mode")]
    {
        for (way, wrong) in [("load", json!("brief")), ("load", json!(null)), ("resume", json!(7))] {
            let refused = client.post(&format!("/session/{session}/{way}"), &json!({member: wrong})).await?;
            assert_eq!((refused.status, refused.code().as_deref()), (400, Some(code)), "{way} {wrong}");
        }
    }
    let refused = client.get(&format!("/session/{session}/transcript?compactedReplayMode=brief")).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_compacted_replay_mode")));
    Ok(())
}

#[tokio::test]
async fn who_brings_a_session_back_may_say_what_it_was_made_for_if_nobody_has() -> anyhow::Result<()> {
    let mut host = Host::start(AgentScript::spoken()).await?;
    let source = |kind: &str, id: &str| json!({"sourceType": kind, "sourceId": id});
    let unsaid = host.client().new_session().await?;
    let said = json!({"sessionScope": "thread", "sourceType": "editor", "sourceId": "tab-1"});
    let said = host.client().post("/session", &said).await?.ok()?["sessionId"].as_str().unwrap_or_default().to_owned();
    host.restart().await?;
    for (session, kind, id) in [(&unsaid, "channel", "room-7"), (&said, "editor", "tab-1")] {
        let path = format!("/session/{session}/load");
        let loaded = host.client().post(&path, &source("channel", "room-7")).await?.ok()?;
        assert_eq!((&loaded["sourceType"], &loaded["sourceId"]), (&json!(kind), &json!(id)));
    }
    host.restart().await?;
    let again = host.client().post(&format!("/session/{unsaid}/resume"), &source("late", "too")).await?.ok()?;
    assert_eq!((&again["sourceType"], &again["sourceId"]), (&json!("channel"), &json!("room-7")), "it is kept");
    let path = format!("/workspace/{}/sessions?sourceType=channel", host.selector());
    let listed = host.client().get(&path).await?.ok()?["sessions"][0].clone();
    assert_eq!(listed["sessionId"], unsaid);
    assert_eq!((&listed["sourceType"], &listed["sourceId"]), (&json!("channel"), &json!("room-7")));
    let refused = host.client().post(&format!("/session/{said}/load"), &json!({"sourceId": "alone"})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_session_source")));
    Ok(())
}

/// `/health` says of sessions that something is to be done for them, and that no agent says what else it does.
#[tokio::test]
async fn the_long_answer_about_health_tells_of_work_and_how_much_is_known_of_it() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::spoken()).await?;
    let client = host.client();
    let told = async || {
        let health = client.get("/health?deep=1").await?.ok()?;
        let members = ["activeWork", "activeWorkReporting", "activeWorkStaleMs"];
        anyhow::Ok(json!(members.map(|member| health[member].clone())))
    };
    assert_eq!(told().await?, json!([false, "full", 0]));
    let session = client.new_session().await?;
    assert_eq!(told().await?, json!([false, "none", 0]));
    let mut stream = client.events(&session).open().await?;
    let hang = serde_json::to_string(&Spoken { name: "turn".to_owned(), turn: vec![Step::Hang] })?;
    let accepted = client.prompt(&session, &hang).await?;
    assert_eq!(told().await?, json!([true, "none", 0]));
    client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    stream.until_end_of(&accepted.prompt_id).await?;
    assert_eq!(told().await?, json!([false, "none", 0]));
    Ok(())
}
