//! What is on disk when a turn has ended, and what comes back of it.

use std::io::Write;

use roost_tests::fake_model::Step;
use serde_json::{Value, json};

use crate::support::{Scene, text_of, tool_updates};

#[tokio::test]
async fn a_turn_is_on_disk_when_it_is_answered() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    scene.write("a.txt", "hello\n");
    scene.say(vec![
        Step::Think("hm".into()),
        Step::text("I read. "),
        Step::tool_call("read_file", json!({"file_path": "a.txt"})),
    ]);
    peer.turn(&session, "read a.txt").await.0.expect("ends");
    let records = scene.record_lines(&session);
    let kinds: Vec<(&str, Option<&str>)> =
        records.iter().map(|r| (r["type"].as_str().expect("a type"), r["subtype"].as_str())).collect();
    let expected = [
        ("system", Some("session_source")),
        ("user", None),
        ("assistant", None),
        ("tool_result", None),
        ("assistant", None),
        ("system", Some("turn_result")),
    ];
    assert_eq!(kinds, expected);
    for pair in records.windows(2) {
        assert_eq!(pair[1]["parentUuid"], pair[0]["uuid"], "the records are a chain");
    }
    assert_eq!(records[0]["parentUuid"], Value::Null);
    assert_eq!(records[1]["message"], json!({"role": "user", "parts": [{"text": "read a.txt"}]}));
    assert_eq!(records[1]["cwd"], json!(scene.workspace()));
    let parts = &records[2]["message"]["parts"];
    assert_eq!((&parts[0], &parts[1]), (&json!({"text": "hm", "thought": true}), &json!({"text": "I read. "})));
    assert_eq!(parts[2]["functionCall"]["args"], json!({"file_path": "a.txt"}));
    assert_eq!(records[2]["model"], "fake-model");
    assert_eq!(records[3]["message"]["parts"][0]["functionResponse"]["response"], json!({"output": "hello\n"}));
    assert_eq!(records[3]["toolCallResult"]["status"], "success");
    let result = &records[5]["systemPayload"];
    assert_eq!((&result["state"], &result["stopReason"]), (&json!("completed"), &json!("end_turn")));
    assert_eq!(result["promptId"], json!(format!("{session}########1")));
}

#[tokio::test]
async fn a_loaded_session_shows_itself_again_and_goes_on() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    scene.say(vec![
        Step::text("Writing. "),
        Step::tool_call("write_file", json!({"file_path": "b.txt", "content": "b\n"})),
    ]);
    peer.turn(&session, "write b").await.0.expect("ends");
    peer.turn(&session, "/stats").await.0.expect("ends");
    peer.stop().await;

    let mut peer = scene.start().await;
    let load = json!({"sessionId": session, "cwd": scene.workspace(), "mcpServers": []});
    let state = peer.call("session/load", load).await.expect("loads");
    assert_eq!(state["modes"]["currentModeId"], "yolo");
    let updates = peer.updates_so_far();
    assert_eq!(text_of(&updates, "user_message_chunk"), "write b/stats");
    assert!(text_of(&updates, "agent_message_chunk").starts_with("Writing. ok"));
    assert!(text_of(&updates, "agent_message_chunk").contains("Prompts: 2"));
    let [card, done] = tool_updates(&updates)[..] else { panic!("two updates, got {updates:?}") };
    assert_eq!((&card["sessionUpdate"], &card["title"]), (&json!("tool_call"), &json!("WriteFile: Writing to b.txt")));
    assert_eq!(done["content"][0]["newText"], "b\n");
    assert_eq!((&done["status"], &done["rawOutput"]["fileName"]), (&json!("completed"), &json!("b.txt")));
    assert!(card["_meta"]["timestamp"].is_string() && card["_meta"]["qwenTranscript"]["sourceRecordIds"].is_array());

    peer.turn(&session, "go on").await.0.expect("ends");
    let requests = scene.model().requests();
    let roles: Vec<_> = requests.last().expect("a request").messages().iter().map(|m| m["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "user"]);
}

#[tokio::test]
async fn a_list_of_steps_that_was_none_has_its_card_again() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    scene.say(vec![Step::tool_call("todo_write", json!({"todos": [{"content": "bake", "status": "burnt"}]}))]);
    peer.turn(&session, "bake").await.0.expect("ends");
    peer.stop().await;

    let mut peer = scene.start().await;
    peer.load(&scene, &session).await;
    let updates = peer.updates_so_far();
    let [card, done] = tool_updates(&updates)[..] else { panic!("two updates, got {updates:?}") };
    assert_eq!((&card["sessionUpdate"], &card["title"]), (&json!("tool_call"), &json!("TodoWrite")));
    assert_eq!((&done["status"], &done["toolCallId"]), (&json!("failed"), &card["toolCallId"]));
}

#[tokio::test]
async fn a_resumed_session_goes_on_without_showing_itself() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "first").await.0.expect("ends");
    peer.stop().await;
    let mut peer = scene.start().await;
    let resume = json!({"sessionId": session, "cwd": scene.workspace(), "mcpServers": []});
    peer.call("session/resume", resume).await.expect("resumes");
    assert_eq!(text_of(&peer.updates_so_far(), "user_message_chunk"), "");
    peer.turn(&session, "second").await.0.expect("ends");
    assert_eq!(scene.model().requests().last().expect("a request").messages().len(), 4);
}

#[tokio::test]
async fn a_torn_last_record_and_an_open_call_do_no_harm() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    scene.say(vec![Step::tool_call("run_shell_command", json!({"command": "touch begun; sleep 300"}))]);
    let _end = peer.prompt(&session, "run");
    crate::support::eventually("the command starts", || scene.path("begun").exists()).await;
    peer.child.kill().await.expect("kills");
    let mut file = std::fs::OpenOptions::new().append(true).open(scene.records(&session)).expect("opens");
    file.write_all(br#"{"uuid":"torn","parentUuid":"#).expect("writes");

    let mut peer = scene.start().await;
    let load = json!({"sessionId": session, "cwd": scene.workspace(), "mcpServers": []});
    peer.call("session/load", load.clone()).await.expect("loads");
    peer.turn(&session, "again").await.0.expect("ends");
    let request = scene.model().requests().last().expect("a request").clone();
    assert!(request.tool_results()[0].contains("cancelled"), "the open call is closed");
    peer.stop().await;
    let mut peer = scene.start().await;
    peer.call("session/load", load).await.expect("loads again");
    assert!(
        text_of(&peer.updates_so_far(), "user_message_chunk").ends_with("again"),
        "records after the torn one count"
    );
}

#[tokio::test]
async fn unknown_records_are_kept_and_passed_over() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "first").await.0.expect("ends");
    peer.stop().await;
    let last = scene.record_lines(&session).last().expect("records")["uuid"].clone();
    let strange = json!({
        "uuid": "strange", "parentUuid": last, "sessionId": session, "timestamp": "2026-01-01T00:00:00.000Z",
        "type": "system", "subtype": "from_the_future", "systemPayload": {"x": 1}, "unknown": true,
    });
    let mut file = std::fs::OpenOptions::new().append(true).open(scene.records(&session)).expect("opens");
    writeln!(file, "{strange}").expect("writes");
    let mut peer = scene.start().await;
    let load = json!({"sessionId": session, "cwd": scene.workspace(), "mcpServers": []});
    peer.call("session/load", load).await.expect("loads");
    peer.turn(&session, "second").await.0.expect("ends");
    let records = scene.record_lines(&session);
    assert!(records.contains(&strange));
    assert!(records.iter().any(|record| record["parentUuid"] == "strange"));
}

#[tokio::test]
async fn sessions_are_listed_newest_first_under_their_first_line() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let silent = peer.open(&scene).await;
    let mut spoken = Vec::new();
    for text in ["\n  first   thing\nmore", "second"] {
        let session = peer.open(&scene).await;
        peer.turn(&session, text).await.0.expect("ends");
        spoken.push(session);
    }
    let list = json!({"cwd": scene.workspace(), "_meta": {"size": 1}});
    let first = peer.call("session/list", list.clone()).await.expect("lists");
    assert_eq!(
        (&first["sessions"][0]["sessionId"], &first["sessions"][0]["title"]),
        (&json!(spoken[1]), &json!("second"))
    );
    let mut next = list;
    next["cursor"] = first["nextCursor"].clone();
    let second = peer.call("session/list", next).await.expect("lists");
    assert_eq!(second["sessions"][0]["title"], "first thing");
    assert_eq!(second["nextCursor"], Value::Null);
    assert!(!first.to_string().contains(&silent) && !second.to_string().contains(&silent));
    assert_eq!(
        peer.call("session/load", json!({"sessionId": silent, "cwd": scene.workspace(), "mcpServers": []}))
            .await
            .expect("loads")["sessionId"],
        json!(silent)
    );
}

#[tokio::test]
async fn an_unknown_session_cannot_be_loaded() {
    let scene = Scene::talkative().await;
    let peer = scene.start().await;
    for id in ["00000000-0000-4000-8000-000000000000", "../../etc/passwd"] {
        let load = json!({"sessionId": id, "cwd": scene.workspace(), "mcpServers": []});
        let error = peer.call("session/load", load).await.expect_err("unknown");
        assert_eq!((error.code.value(), error.message), (-32002, format!("session:{id}")));
    }
}

#[tokio::test]
async fn a_retry_sends_the_same_words_once() {
    let scene = Scene::with_turns([vec![Step::status(400)], vec![Step::text("well")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "go").await.0.expect_err("fails");
    let retry = json!({
        "sessionId": session, "prompt": [{"type": "text", "text": "go"}], "_meta": {"qwen.daemon.retry": true},
    });
    peer.call("session/prompt", retry).await.expect("ends");
    assert_eq!(scene.model().requests()[1].messages().len(), 2, "the system prompt and one message");
    let prompts = scene.record_lines(&session).iter().filter(|record| record["type"] == "user").count();
    assert_eq!(prompts, 1);
}
