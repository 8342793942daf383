//! Turns over real pipes, before a real HTTP model server.

use roost_tests::{
    fake_model::{FakeModel, Script, Step, script::words},
    processes::is_alive,
};
use serde_json::json;

use crate::support::{Scene, eventually, gone, result_text, text_of, tool_updates};

#[tokio::test]
async fn words_thoughts_and_usage_stream_in_order() {
    let turn = vec![
        Step::Think("hm, ".into()),
        Step::Think("yes".into()),
        Step::words(100),
        Step::Usage { prompt_tokens: 10, completion_tokens: 100 },
    ];
    let scene = Scene::with_turns([turn]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "go").await;
    assert_eq!(end.expect("ends")["stopReason"], "end_turn");
    assert_eq!(text_of(&updates, "agent_thought_chunk"), "hm, yes");
    assert_eq!(text_of(&updates, "agent_message_chunk"), words(100));
    let usage = updates.last().expect("updates");
    assert_eq!(
        usage["_meta"]["usage"],
        json!({"inputTokens": 10, "outputTokens": 100, "totalTokens": 110, "thoughtTokens": 0, "cachedReadTokens": 0})
    );
    assert!(usage["_meta"]["durationMs"].is_u64());
    let request = &scene.model().requests()[0];
    assert_eq!(request.authorization.as_deref(), Some("Bearer sk-test"));
    assert_eq!((request.model(), request.user_text().as_str()), ("fake-model", "go"));
    assert!(request.tool_names().contains(&"write_file"));
}

#[tokio::test]
async fn what_arrives_together_goes_out_together_and_the_first_word_does_not_wait() {
    let turn = vec![Step::text("first "), Step::Gate("rest".into()), Step::words(6400)];
    let scene = Scene::with_turns([turn]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    let first = peer.update().await;
    assert_eq!(first["content"]["text"], "first ");
    scene.model().open("rest");
    end.await.expect("joins").expect("ends");
    let updates = peer.updates_so_far();
    assert_eq!(text_of(&updates, "agent_message_chunk"), words(6400));
    assert!(updates.len() < 1000, "{} updates for 100 packets of 64 words", updates.len());
}

#[tokio::test]
async fn an_allowed_write_is_shown_asked_and_done() {
    let scene = Scene::with_turns([]).await;
    let path = scene.path("new/rec.txt");
    let call = Step::tool_call("write_file", json!({"file_path": path, "content": "one\ntwo\n"}));
    let script = Script::turns([vec![call], vec![Step::text("done")]]);
    let scene = scene.behind(FakeModel::start(script).await.expect("starts"));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "write it");

    let card = peer.update().await;
    assert_eq!((card["sessionUpdate"].as_str(), card["title"].as_str()), (Some("tool_call"), Some("WriteFile")));
    assert_eq!(card["_meta"], json!({"toolName": "write_file", "provenance": "builtin", "phase": "preparing"}));
    let question = peer.question().await;
    let diff = json!([{"type": "diff", "path": path, "oldText": "", "newText": "one\ntwo\n"}]);
    let asked = &question.params["toolCall"];
    assert_eq!(asked["toolCallId"], card["toolCallId"]);
    assert_eq!((asked["title"].as_str(), asked["kind"].as_str()), (Some("Writing to new/rec.txt"), Some("edit")));
    assert_eq!((&asked["content"], &asked["locations"]), (&diff, &json!([{"path": path}])));
    assert_eq!(question.option_ids(), ["proceed_always", "proceed_once", "cancel"]);
    assert!(!path.exists());
    question.choose("proceed_once");

    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "end_turn");
    assert_eq!(std::fs::read_to_string(&path).expect("written"), "one\ntwo\n");
    let updates = peer.updates_so_far();
    let done = *tool_updates(&updates).last().expect("a result");
    assert_eq!((done["status"].as_str(), &done["content"]), (Some("completed"), &diff));
    assert_eq!(done["rawOutput"]["diffStat"]["model_added_lines"], 2);
    assert_eq!(text_of(&updates, "agent_message_chunk"), "done");
    assert!(scene.model().requests()[1].tool_results()[0].contains("Created"));
}

#[tokio::test]
async fn a_rejected_call_is_not_made_and_ends_the_turn() {
    let calls = vec![
        Step::tool_call("run_shell_command", json!({"command": "touch never.txt"})),
        Step::tool_call("run_shell_command", json!({"command": "touch never2.txt"})),
    ];
    let scene = Scene::with_turns([calls, vec![Step::text("go on")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "touch");
    let question = peer.question().await;
    let ids = ["proceed_always_project", "proceed_always_user", "proceed_once", "cancel"];
    assert_eq!(question.option_ids(), ids);
    assert_eq!(question.params["options"][0]["name"], "Always Allow in project: touch *");
    question.dismiss();
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "end_turn");
    let updates = peer.updates_so_far();
    let failed: Vec<_> = tool_updates(&updates).into_iter().filter(|update| update["status"] == "failed").collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(result_text(failed[0]), "Tool \"run_shell_command\" was canceled by the user.");
    assert_eq!((scene.read("never.txt"), scene.read("never2.txt")), (None, None));
    assert_eq!(scene.model().requests().len(), 1);

    // The history stays valid: both calls have their answers.
    peer.turn(&session, "go on").await.0.expect("ends");
    assert_eq!(scene.model().requests()[1].tool_results().len(), 2);
}

#[tokio::test]
async fn allowing_all_edits_switches_the_mode() {
    let scene = Scene::with_turns([]).await;
    let write =
        |name: &str| vec![Step::tool_call("write_file", json!({"file_path": scene.path(name), "content": "x"}))];
    let script = Script::turns([write("a"), write("b"), vec![Step::text("done")]]);
    let scene = scene.behind(FakeModel::start(script).await.expect("starts"));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "write");
    peer.question().await.choose("proceed_always");
    end.await.expect("joins").expect("ends");
    let updates = peer.updates_so_far();
    let mode = updates.iter().find(|update| update["sessionUpdate"] == "current_mode_update").expect("a new mode");
    assert_eq!(mode["currentModeId"], "auto-edit");
    assert_eq!((scene.read("a").as_deref(), scene.read("b").as_deref()), (Some("x"), Some("x")));
}

#[tokio::test]
async fn an_always_answer_holds_at_once_and_is_kept() {
    let touch = |name: &str| vec![Step::tool_call("run_shell_command", json!({"command": format!("touch {name}")}))];
    let scene = Scene::with_turns([touch("a"), touch("b"), vec![Step::text("done")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "touch");
    peer.question().await.choose("proceed_always_project");
    end.await.expect("joins").expect("ends");
    assert!(scene.path("b").exists(), "the second call ran unasked");
    let settings = scene.read(".qwen/settings.json").expect("settings");
    assert!(settings.contains("Bash(touch *)"), "{settings}");
}

#[tokio::test]
async fn a_cancel_kills_the_commands_group_and_whatever_left_it() {
    let command =
        "echo $$ > leader; setsid sleep 300 & echo $! > left; sleep 300 & echo $! > member; trap '' TERM; wait";
    let scene =
        Scene::with_turns([vec![Step::tool_call("run_shell_command", json!({"command": command}))], vec![]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    let end = peer.prompt(&session, "run");
    let pid = |name: &str| scene.read(name).and_then(|text| text.trim().parse::<i32>().ok());
    eventually("the command starts", || pid("member").is_some()).await;
    let processes = ["leader", "left", "member"].map(|name| pid(name).expect("a process"));
    assert!(processes.iter().all(|pid| is_alive(*pid)));

    peer.cancel(&session);
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    gone(&processes).await;
    let updates = peer.updates_so_far();
    assert_eq!(tool_updates(&updates).last().expect("a result")["status"], "failed");
}

#[tokio::test]
async fn commands_die_with_the_agent_even_when_it_is_killed() {
    let command = "echo $$ > leader; sleep 300";
    let scene = Scene::with_turns([vec![Step::tool_call("run_shell_command", json!({"command": command}))]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    let _end = peer.prompt(&session, "run");
    let leader = || scene.read("leader").and_then(|text| text.trim().parse().ok());
    eventually("the command starts", || leader().is_some()).await;
    let leader = leader().expect("a process");
    peer.child.kill().await.expect("kills");
    gone(&[leader]).await;
}

#[tokio::test]
async fn a_cancel_in_the_middle_of_an_answer_keeps_what_was_said() {
    let turns = [vec![Step::text("half "), Step::Hang], vec![Step::text("whole")]];
    let scene = Scene::with_turns(turns).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    peer.update_where(|update| update["content"]["text"] == "half ").await;
    peer.cancel(&session);
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    peer.turn(&session, "again").await.0.expect("ends");
    let messages = scene.model().requests()[1].messages().to_vec();
    let roles: Vec<_> = messages.iter().filter_map(|message| message["role"].as_str()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(messages[2]["content"], "half ");
}

#[tokio::test]
async fn a_cancel_withdraws_an_open_question() {
    let call = Step::tool_call("run_shell_command", json!({"command": "touch x"}));
    let scene = Scene::with_turns([vec![call]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    let _unanswered = peer.question().await;
    peer.cancel(&session);
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    assert_eq!(scene.read("x"), None);
}

#[tokio::test]
async fn a_second_prompt_ends_the_first() {
    let turns = [vec![Step::text("one"), Step::Hang], vec![Step::text("two")]];
    let scene = Scene::with_turns(turns).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let first = peer.prompt(&session, "first");
    peer.update_where(|update| update["content"]["text"] == "one").await;
    let second = peer.prompt(&session, "second");
    assert_eq!(first.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    assert_eq!(second.await.expect("joins").expect("ends")["stopReason"], "end_turn");
}

#[tokio::test]
async fn sessions_of_one_process_run_beside_each_other() {
    let script = Script::answer(|request| {
        if request.user_text() == "slow" {
            vec![Step::Gate("open".into()), Step::text("slow")]
        } else {
            vec![Step::text("quick")]
        }
    });
    let scene = Scene::with_model(FakeModel::start(script).await.expect("starts"));
    let mut peer = scene.start().await;
    let (slow, quick) = (peer.open(&scene).await, peer.open(&scene).await);
    let waiting = peer.prompt(&slow, "slow");
    scene.model().requested(1).await;
    assert_eq!(peer.prompt(&quick, "quick").await.expect("joins").expect("ends")["stopReason"], "end_turn");
    scene.model().open("open");
    assert_eq!(waiting.await.expect("joins").expect("ends")["stopReason"], "end_turn");
}

#[tokio::test]
async fn a_turn_that_only_calls_tools_is_stopped() {
    let script = Script::always(vec![Step::tool_call("glob", json!({"pattern": "*"}))]);
    let scene = Scene::with_model(FakeModel::start(script).await.expect("starts"));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "loop").await;
    assert_eq!(end.expect("ends")["stopReason"], "max_turn_requests");
    assert!(text_of(&updates, "agent_message_chunk").contains("100 tool calls"));
    let mut ids: Vec<_> = tool_updates(&updates)
        .into_iter()
        .filter(|update| update["sessionUpdate"] == "tool_call")
        .map(|update| update["toolCallId"].to_string())
        .collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "no two calls of a session share an id");
}
