//! ACP itself: what is answered to whom, in order and out of it.

use std::{process::Stdio, time::Duration};

use roost_tests::{
    deadline::{pass, within},
    fake_model::{FakeModel, Script, Step},
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::support::{Scene, agent_program, eventually, gone};

#[tokio::test]
async fn a_new_session_tells_its_choices() {
    let scene = Scene::talkative().await;
    let peer = scene.start().await;
    let state = peer.call("session/new", json!({"cwd": scene.workspace(), "mcpServers": []})).await.expect("opens");
    assert_eq!(state["models"]["currentModelId"], "fake-model(openai)");
    assert_eq!(state["modes"]["currentModeId"], "default");
    let modes: Vec<_> =
        state["modes"]["availableModes"].as_array().expect("modes").iter().map(|mode| &mode["id"]).collect();
    assert_eq!(modes, ["plan", "default", "auto-edit", "yolo"]);
    let options: Vec<_> =
        state["configOptions"].as_array().expect("options").iter().map(|option| &option["id"]).collect();
    assert_eq!(options, ["mode", "model"]);
}

#[tokio::test]
async fn modes_and_models_are_set_and_wrong_ones_refused() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.call("session/set_mode", json!({"sessionId": session, "modeId": "plan"})).await.expect("switches");
    let error =
        peer.call("session/set_mode", json!({"sessionId": session, "modeId": "auto"})).await.expect_err("refused");
    assert_eq!(error.code.value(), -32602);
    for id in ["fake-model", "fake-model(openai)", "$runtime|openai|fake-model(openai)"] {
        let switched =
            peer.call("session/set_model", json!({"sessionId": session, "modelId": id})).await.expect("switches");
        assert_eq!(switched["_meta"]["qwenModelSwitch"]["modelId"], "fake-model");
    }
    let error =
        peer.call("session/set_model", json!({"sessionId": session, "modelId": "gpt-0"})).await.expect_err("refused");
    assert!(error.message.contains("gpt-0") && error.message.contains("fake-model(openai)"), "{}", error.message);
    assert_eq!((error.code.value(), error.data), (-32603, Some(json!({"details": error.message}))));
    let set = json!({"sessionId": session, "configId": "mode", "value": "yolo"});
    let options = peer.call("session/set_config_option", set).await.expect("sets");
    assert_eq!(options["configOptions"][0]["currentValue"], "yolo");
    let context = peer.call("qwen/status/session/context", json!({"sessionId": session})).await.expect("answers");
    assert_eq!(context["state"]["modes"]["currentModeId"], "yolo");
}

#[tokio::test]
async fn wrong_calls_get_the_right_codes() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    for (method, params, code) in [
        ("no/such/method", json!({}), -32601),
        ("qwen/status/nothing", json!({"sessionId": session}), -32601),
        ("session/prompt", json!({"sessionId": "nobody", "prompt": []}), -32602),
        ("session/prompt", json!({"prompt": []}), -32602),
        ("session/set_model", json!({"sessionId": session, "modelId": ""}), -32602),
        ("session/new", json!({"cwd": "relative", "mcpServers": []}), -32602),
        ("session/new", json!({"cwd": "/no/such/folder", "mcpServers": []}), -32602),
        ("session/list", json!({"cwd": scene.workspace(), "cursor": "x"}), -32602),
    ] {
        let error = peer.call(method, params).await.expect_err(method);
        assert_eq!(error.code.value(), code, "{method}: {error:?}");
    }
    peer.turn(&session, "still there").await.0.expect("ends");
}

#[tokio::test]
async fn a_client_may_choose_the_id_of_a_session_once() {
    let scene = Scene::talkative().await;
    let peer = scene.start().await;
    let id = "11111111-2222-4333-8444-555555555555";
    let new = json!({"cwd": scene.workspace(), "mcpServers": [], "_meta": {"sessionId": id}});
    assert_eq!(peer.call("session/new", new.clone()).await.expect("opens")["sessionId"], id);
    assert_eq!(peer.call("session/new", new).await.expect_err("taken").code.value(), -32602);
}

#[tokio::test]
async fn a_closed_session_is_gone_and_its_records_stay() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "hello").await.0.expect("ends");
    let closed = peer.call("qwen/control/session/close", json!({"sessionId": session})).await.expect("closes");
    assert_eq!(closed, json!({"sessionId": session, "closed": true}));
    assert_eq!(peer.turn(&session, "hello?").await.0.expect_err("gone").code.value(), -32602);
    assert!(scene.records(&session).exists());
}

#[tokio::test]
async fn closing_a_session_ends_its_turn_first() {
    let scene = Scene::with_turns([vec![Step::text("one "), Step::Hang], vec![Step::text("two")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    peer.update_where(|update| update["content"]["text"] == "one ").await;
    let closed = peer.call("qwen/control/session/close", json!({"sessionId": session})).await.expect("closes");
    assert_eq!(closed["closed"], true);
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    peer.load(&scene, &session).await;
    assert_eq!(peer.turn(&session, "again").await.0.expect("ends")["stopReason"], "end_turn");
}

#[tokio::test]
async fn hanging_up_ends_the_agent_and_its_commands() {
    let scene = Scene::with_turns([vec![Step::tool_call(
        "run_shell_command",
        json!({"command": "echo $$ > leader; sleep 300"}),
    )]])
    .await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    let _end = peer.prompt(&session, "run");
    let leader = || scene.read("leader").and_then(|text| text.trim().parse().ok());
    eventually("the command starts", || leader().is_some()).await;
    let leader = leader().expect("a process");
    peer.stop().await;
    gone(&[leader]).await;
}

/// One agent, spoken to in raw lines.
async fn raw_lines(scene: &Scene, lines: &[&[u8]], answers: usize) -> Vec<Value> {
    let mut command = tokio::process::Command::new(agent_program());
    command.env_clear().env("QWEN_HOME", scene.home.path()).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    for line in lines {
        stdin.write_all(line).await.expect("writes");
        stdin.write_all(b"\n").await.expect("writes");
    }
    let mut stdout = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut values = Vec::new();
    while values.len() < answers {
        let line = within("a line", stdout.next_line()).await.expect("in time");
        let line = line.expect("reads").expect("the agent is there");
        values.push(serde_json::from_str(&line).expect("stdout is protocol only"));
    }
    values
}

#[tokio::test]
async fn malformed_lines_are_answered_and_survived() {
    let scene = Scene::with_environment::<&str>([]);
    let initialize = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}"#;
    let answers = raw_lines(&scene, &[b"{ not json", b"\xff\xfe{}", b"[]", b"17", initialize], 5).await;
    let codes: Vec<_> = answers[..4].iter().map(|answer| answer["error"]["code"].clone()).collect();
    assert_eq!(codes, [-32700, -32700, -32600, -32600]);
    assert_eq!(answers[4]["result"]["agentInfo"]["name"], "roost-agent");
    assert_eq!(answers[4]["result"]["agentCapabilities"]["loadSession"], true);
}

#[tokio::test]
async fn a_client_that_stops_reading_holds_the_model_back() {
    let script =
        Script::always(vec![Step::paced_words(1, 0), Step::Words { count: 60_000, chunks_per_packet: 1, pace_ms: 0 }]);
    let scene = Scene::with_model(FakeModel::start(script).await.expect("starts"));
    let mut command = tokio::process::Command::new(agent_program());
    command.env_clear().env("QWEN_HOME", scene.home.path()).kill_on_drop(true);
    command.env("OPENAI_BASE_URL", scene.model().base_url()).env("OPENAI_MODEL", "m");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let mut stdout = BufReader::new(stdout).lines();
    let mut line = async || -> Value {
        let line = within("a line", stdout.next_line()).await.expect("in time");
        serde_json::from_str(&line.expect("reads").expect("the agent is there")).expect("JSON")
    };
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 1}});
    stdin.write_all(format!("{initialize}\n").as_bytes()).await.expect("writes");
    line().await;
    let params = json!({"cwd": scene.workspace(), "mcpServers": []});
    let open = json!({"jsonrpc": "2.0", "id": 2, "method": "session/new", "params": params});
    stdin.write_all(format!("{open}\n").as_bytes()).await.expect("writes");
    let opened = line().await;
    let prompt = json!({"jsonrpc": "2.0", "id": 3, "method": "session/prompt", "params": {
        "sessionId": opened["result"]["sessionId"], "prompt": [{"type": "text", "text": "go"}],
    }});
    stdin.write_all(format!("{prompt}\n").as_bytes()).await.expect("writes");
    scene.model().requested(1).await;
    // Nobody reads: whatever the model still says must wait outside of the agent's memory.
    let pid = child.id().expect("runs");
    let memory = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size").to_owned();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number")
    };
    pass(Duration::from_millis(1500)).await;
    assert!(memory() < 100_000, "{} KiB", memory());
    let mut words = 0;
    loop {
        let message = line().await;
        if message["id"] == 3 {
            break;
        }
        let text = message["params"]["update"]["content"]["text"].as_str().unwrap_or_default();
        words += text.split_whitespace().count();
    }
    assert_eq!(words, 60_001, "and nothing is lost");
}
