//! Each tool, called by the model and seen by the client.

use roost_tests::fake_model::{FakeModel, Script, Step, Turn};
use serde_json::{Value, json};

use crate::support::{Peer, Scene, result_text, tool_updates};

/// Runs one call in yolo mode, and answers its last update.
async fn call(scene: &Scene, peer: &mut Peer, session: &str, tool: &str, arguments: Value) -> Value {
    let (end, updates) = {
        scene.say(vec![Step::tool_call(tool, arguments)]);
        peer.turn(session, "go").await
    };
    end.expect("ends");
    (*tool_updates(&updates).last().expect("a result")).clone()
}

async fn ready() -> (Scene, Peer, String) {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    (scene, peer, session)
}

#[tokio::test]
async fn read_file_answers_the_text_or_a_window_of_it() {
    let (scene, mut peer, session) = ready().await;
    scene.write("a.txt", "1\n2\n3\n4\n");
    let whole = call(&scene, &mut peer, &session, "read_file", json!({"file_path": scene.path("a.txt")})).await;
    assert_eq!((result_text(&whole), &whole["rawOutput"]), ("1\n2\n3\n4\n", &json!("")));
    let window =
        call(&scene, &mut peer, &session, "read_file", json!({"file_path": "a.txt", "offset": 1, "limit": 2})).await;
    assert_eq!(result_text(&window), "2\n3\n\n[lines 2-3 of 4; go on with offset 3]");
    assert_eq!(window["rawOutput"], "Read lines 2-3 of 4 from a.txt");
    let missing = scene.path("none.txt");
    let none = call(&scene, &mut peer, &session, "read_file", json!({"file_path": missing})).await;
    assert_eq!(result_text(&none), format!("File not found: {}", missing.display()));
    assert_eq!((&none["status"], &none["rawOutput"]), (&json!("failed"), &json!("File not found.")));
}

#[tokio::test]
async fn a_running_call_shows_its_title_and_place_first() {
    let (scene, mut peer, session) = ready().await;
    scene.write("a.txt", "x");
    let path = scene.path("a.txt");
    scene.say(vec![Step::tool_call("read_file", json!({"file_path": path}))]);
    let (end, updates) = peer.turn(&session, "go").await;
    end.expect("ends");
    let [_, started, _] = tool_updates(&updates)[..] else { panic!("three updates, got {updates:?}") };
    assert_eq!(
        *started,
        json!({
            "sessionUpdate": "tool_call_update", "toolCallId": started["toolCallId"], "status": "in_progress",
            "title": "ReadFile: a.txt", "kind": "read", "content": [], "locations": [{"path": path, "line": null}],
            "rawInput": {"file_path": path}, "_meta": {"toolName": "read_file", "provenance": "builtin"},
        })
    );
}

#[tokio::test]
async fn edit_wants_the_file_read_and_unchanged() {
    let (scene, mut peer, session) = ready().await;
    scene.write("a.txt", "one\ntwo\n");
    let path = scene.path("a.txt");
    let edit = json!({"file_path": path, "old_string": "two", "new_string": "2"});
    let unread = call(&scene, &mut peer, &session, "edit", edit.clone()).await;
    assert!(result_text(&unread).contains("has not been read"), "{unread}");
    call(&scene, &mut peer, &session, "read_file", json!({"file_path": path})).await;
    scene.write("a.txt", "one\ntwo\nthree\n");
    let changed = call(&scene, &mut peer, &session, "edit", edit.clone()).await;
    assert!(result_text(&changed).contains("has changed"), "{changed}");
    call(&scene, &mut peer, &session, "read_file", json!({"file_path": path})).await;
    let done = call(&scene, &mut peer, &session, "edit", edit.clone()).await;
    let diff = json!({"type": "diff", "path": path, "oldText": "one\ntwo\nthree\n", "newText": "one\n2\nthree\n"});
    assert_eq!((&done["status"], &done["content"][0]), (&json!("completed"), &diff));
    let again = call(&scene, &mut peer, &session, "edit", edit).await;
    assert!(result_text(&again).contains("not found"), "{again}");
    assert_eq!(scene.read("a.txt").as_deref(), Some("one\n2\nthree\n"));
}

#[tokio::test]
async fn searches_find_what_git_would_show() {
    let (scene, mut peer, session) = ready().await;
    scene.write(".gitignore", "target\n");
    scene.write("new.txt", "one\n");
    scene.write("src/rec.txt", "zero\none\n");
    scene.write("target/out.txt", "one\n");
    let grep = call(&scene, &mut peer, &session, "grep_search", json!({"pattern": "one"})).await;
    assert_eq!(
        result_text(&grep),
        "Found 2 matches for pattern \"one\" in the workspace directory:\n---\nFile: new.txt\nL1: one\n---\nFile: src/rec.txt\nL2: one\n---"
    );
    assert_eq!(grep["rawOutput"], "Found 2 matches");
    let glob = call(&scene, &mut peer, &session, "glob", json!({"pattern": "**/*.txt"})).await;
    assert_eq!(glob["rawOutput"], "Found 2 matching file(s)");
    assert!(result_text(&glob).contains(&scene.path("src/rec.txt").display().to_string()));
    let list =
        call(&scene, &mut peer, &session, "list_directory", json!({"path": scene.workspace(), "ignore": ["*.txt"]}))
            .await;
    let lines: Vec<&str> = result_text(&list).lines().skip(2).collect();
    assert_eq!(lines, ["[DIR] src", "[DIR] target", ".gitignore"]);
}

#[tokio::test]
async fn a_command_answers_its_output_and_how_it_ended() {
    let (scene, mut peer, session) = ready().await;
    let ok = call(&scene, &mut peer, &session, "run_shell_command", json!({"command": "echo out; echo err >&2"})).await;
    let raw = &ok["rawOutput"];
    assert_eq!((&ok["status"], &raw["output"], &raw["exitCode"]), (&json!("completed"), &json!("out\nerr"), &json!(0)));
    let text = format!(
        "Command: echo out; echo err >&2\nDirectory: (root)\nOutput: out\nerr\nError: (none)\nExit Code: 0\nSignal: (none)\nProcess Group PGID: {}",
        raw["pid"]
    );
    assert_eq!(result_text(&ok), text);
    let failed = call(&scene, &mut peer, &session, "run_shell_command", json!({"command": "exit 3"})).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        (&failed["rawOutput"]["exitCode"], &failed["rawOutput"]["text"]),
        (&json!(3), &json!("Command exited with code: 3"))
    );
}

#[tokio::test]
async fn a_command_is_bounded_in_time_and_output() {
    let (scene, mut peer, session) = ready().await;
    // Long enough for a shell to begin on a busy machine.
    let slow = json!({"command": "echo begun; sleep 600", "timeout": 3_000});
    let timed_out = call(&scene, &mut peer, &session, "run_shell_command", slow).await;
    assert_eq!((&timed_out["status"], &timed_out["rawOutput"]["output"]), (&json!("failed"), &json!("begun")));
    assert!(timed_out["rawOutput"]["error"].as_str().expect("an error").contains("timed out after 3000 ms"));
    let loud = json!({"command": "seq 1 200000"});
    let cut = call(&scene, &mut peer, &session, "run_shell_command", loud).await;
    let output = cut["rawOutput"]["output"].as_str().expect("output");
    assert_eq!((&cut["status"], &cut["rawOutput"]["truncated"]), (&json!("completed"), &json!(true)));
    assert!(output.len() < 26_000 && output.starts_with("1\n2\n") && output.ends_with("\n200000"), "{}", output.len());
}

#[tokio::test]
async fn a_command_that_leaves_something_behind_does_not_hold_the_turn() {
    let (scene, mut peer, session) = ready().await;
    let left =
        call(&scene, &mut peer, &session, "run_shell_command", json!({"command": "sleep 300 & echo done"})).await;
    assert_eq!((&left["status"], &left["rawOutput"]["output"]), (&json!("completed"), &json!("done")));
    let waited =
        call(&scene, &mut peer, &session, "run_shell_command", json!({"command": "true & wait; echo waited"})).await;
    assert_eq!(waited["rawOutput"]["output"], "waited");
}

#[tokio::test]
async fn output_is_shown_while_a_command_runs() {
    let (scene, mut peer, session) = ready().await;
    scene.say(vec![Step::tool_call(
        "run_shell_command",
        json!({"command": "echo early; while [ ! -e go ]; do sleep 0.05; done"}),
    )]);
    let end = peer.prompt(&session, "go");
    let early = peer.update_where(|update| result_text(update) == "early\n").await;
    assert_eq!(early["status"], "in_progress");
    scene.write("go", "");
    end.await.expect("joins").expect("ends");
}

#[tokio::test]
async fn a_list_of_steps_becomes_a_plan() {
    let (scene, mut peer, session) = ready().await;
    let todos = json!([{"id": "1", "content": "bake", "status": "in_progress"}, {"id": "2", "content": "eat", "status": "pending"}]);
    scene.say(vec![Step::tool_call("todo_write", json!({"todos": todos}))]);
    let (end, updates) = peer.turn(&session, "go").await;
    end.expect("ends");
    let plan = updates.iter().find(|update| update["sessionUpdate"] == "plan").expect("a plan");
    assert_eq!(plan["entries"][0], json!({"content": "bake", "priority": "medium", "status": "in_progress"}));
    assert!(
        updates.iter().all(|update| update["toolCallId"].is_null()),
        "the plan is all there is to see: {updates:?}"
    );
}

#[tokio::test]
async fn a_list_of_steps_that_is_none_has_a_card_that_says_so() {
    let (scene, mut peer, session) = ready().await;
    scene.say(vec![Step::tool_call("todo_write", json!({"todos": [{"content": "bake", "status": "burnt"}]}))]);
    let (end, updates) = peer.turn(&session, "go").await;
    end.expect("ends");
    let card: Vec<&Value> = updates.iter().filter(|update| update["toolCallId"].is_string()).collect();
    let kinds: Vec<&Value> = card.iter().map(|update| &update["sessionUpdate"]).collect();
    assert_eq!(kinds, ["tool_call", "tool_call_update"]);
    assert_eq!(card[1]["status"], "failed");
    assert!(result_text(card[1]).contains("must be one of"), "{}", card[1]);
}

#[tokio::test]
async fn nothing_outside_the_workspace_is_touched() {
    let (scene, mut peer, session) = ready().await;
    let outside = tempfile::tempdir().expect("a folder");
    let secret = outside.path().join("secret.txt");
    std::fs::write(&secret, "secret").expect("writes");
    std::os::unix::fs::symlink(outside.path(), scene.path("link")).expect("links");
    std::os::unix::fs::symlink(&secret, scene.path("file-link")).expect("links");
    let dots = format!("../{}/secret.txt", outside.path().file_name().expect("a name").display());
    for path in [secret.display().to_string(), "link/secret.txt".into(), "file-link".into(), dots] {
        for (tool, arguments) in [
            ("read_file", json!({"file_path": path})),
            ("write_file", json!({"file_path": path, "content": "x"})),
            ("edit", json!({"file_path": path, "old_string": "secret", "new_string": "x"})),
            ("grep_search", json!({"pattern": "secret", "path": path})),
        ] {
            let refused = call(&scene, &mut peer, &session, tool, arguments).await;
            assert_eq!(refused["status"], "failed", "{tool} {path}");
            assert!(result_text(&refused).contains("outside the workspace"), "{tool} {path}: {refused}");
        }
    }
    for (tool, arguments) in [
        ("list_directory", json!({"path": "link"})),
        ("glob", json!({"pattern": "*", "path": "/etc"})),
        ("run_shell_command", json!({"command": "ls", "directory": "/"})),
        ("write_file", json!({"file_path": "link/new.txt", "content": "x"})),
    ] {
        let refused = call(&scene, &mut peer, &session, tool, arguments).await;
        assert!(result_text(&refused).contains("outside the workspace"), "{tool}: {refused}");
    }
    assert_eq!(std::fs::read_to_string(&secret).expect("reads"), "secret");
    assert_eq!(std::fs::read_dir(outside.path()).expect("lists").count(), 1);
}

#[tokio::test]
async fn a_bad_call_is_told_what_is_wrong_with_it() {
    let (scene, mut peer, session) = ready().await;
    for (tool, arguments, problem) in [
        ("no_such_tool", json!({}), "Tool \"no_such_tool\" not found in registry."),
        ("read_file", json!({}), "Invalid arguments: `file_path` is required"),
        ("read_file", json!({"file_path": 7}), "Invalid arguments: `file_path` must be a string, got a number"),
        ("write_file", json!({"file_path": "a"}), "Invalid arguments: `content` is required"),
        (
            "run_shell_command",
            json!({"command": "ls", "timeout": 0}),
            "Invalid arguments: `timeout` must be at least 1",
        ),
        ("glob", json!([]), "Invalid arguments: expected an object, got an array"),
    ] {
        let failed = call(&scene, &mut peer, &session, tool, arguments).await;
        assert_eq!((&failed["status"], result_text(&failed)), (&json!("failed"), problem));
    }
}

#[tokio::test]
async fn invalid_calls_of_one_tool_end_the_turn_at_the_third() {
    let scene = Scene::with_model(
        FakeModel::start(Script::always(vec![Step::tool_call("glob", json!({}))])).await.expect("starts"),
    );
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, _) = peer.turn(&session, "go").await;
    end.expect("ends");
    assert_eq!(scene.model().requests().len(), 3);
}

#[tokio::test]
async fn reads_run_side_by_side_ten_at_a_time_and_answer_in_order() {
    let scene = Scene::talkative().await;
    // Each read waits for an answer, so as many questions stand open as calls run.
    scene.write(".qwen/settings.json", r#"{"permissions": {"ask": ["Read"]}}"#);
    let names: Vec<String> = (0..12).map(|number| format!("{number}.txt")).collect();
    names.iter().for_each(|name| scene.write(name, name));
    let calls: Turn = names.iter().map(|name| Step::tool_call("read_file", json!({"file_path": name}))).collect();
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    scene.say(calls);
    let end = peer.prompt(&session, "go");
    let mut questions = Vec::new();
    for _ in 0..10 {
        questions.push(peer.question().await);
    }
    assert_eq!(
        questions[0].option_ids(),
        ["proceed_once", "cancel"],
        "a rule that demands the question is not set aside"
    );
    assert!(!peer.has_question(), "the eleventh waits");
    // Answered backwards, told to the model in order.
    questions.into_iter().rev().for_each(|question| question.choose("proceed_once"));
    peer.question().await.choose("proceed_once");
    peer.question().await.choose("proceed_once");
    end.await.expect("joins").expect("ends");
    assert_eq!(scene.model().requests().last().expect("a request").tool_results(), names);
}

#[tokio::test]
async fn plan_mode_reads_but_changes_nothing() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "plan").await;
    scene.write("a.txt", "a");
    let read = call(&scene, &mut peer, &session, "read_file", json!({"file_path": "a.txt"})).await;
    assert_eq!(read["status"], "completed");
    let write = call(&scene, &mut peer, &session, "write_file", json!({"file_path": "b.txt", "content": "b"})).await;
    assert!(result_text(&write).contains("Plan mode"), "{write}");
    let shell = call(&scene, &mut peer, &session, "run_shell_command", json!({"command": "touch c"})).await;
    assert!(result_text(&shell).contains("Plan mode"), "{shell}");
    assert_eq!((scene.read("b.txt"), scene.read("c")), (None, None));
}

#[tokio::test]
async fn a_deny_rule_of_the_project_holds_in_yolo_mode() {
    let (scene, mut peer, session) = ready().await;
    scene.write(".qwen/settings.json", r#"{ /* no */ "permissions": {"deny": ["Bash(touch *)"]} }"#);
    let denied = call(&scene, &mut peer, &session, "run_shell_command", json!({"command": "ls; touch x"})).await;
    assert!(result_text(&denied).contains("Bash(touch *)"), "{denied}");
    assert_eq!(scene.read("x"), None);
}
