//! What is chosen for a session or for all of them: mode, language, tools, models.

use roost_tests::fake_model::Step;
use serde_json::{Value, json};

use crate::support::{Peer, Scene};

fn write_settings(scene: &Scene, settings: &Value) {
    scene.write_home("settings.json", &settings.to_string());
}

async fn mode(peer: &Peer, session: &str) -> Value {
    let context = peer.call("qwen/status/session/context", json!({"sessionId": session})).await.expect("answers");
    context["state"]["modes"]["currentModeId"].clone()
}

#[tokio::test]
async fn a_chosen_mode_holds_again_after_the_session_was_loaded() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    peer.call("qwen/control/session/approval_mode", json!({"sessionId": session, "mode": "auto-edit"}))
        .await
        .expect("switches");
    peer.turn(&session, "go").await.0.expect("ends");
    peer.turn(&session, "/clear").await.0.expect("ends");
    peer.stop().await;
    let peer = scene.start().await;
    let state = peer.load(&scene, &session).await;
    assert_eq!(state["modes"]["currentModeId"], "auto-edit");
    assert_eq!(mode(&peer, &session).await, "auto-edit");
}

#[tokio::test]
async fn a_session_begins_in_the_mode_of_the_settings() {
    let scene = Scene::talkative().await;
    write_settings(&scene, &json!({"tools": {"approvalMode": "plan"}}));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    assert_eq!(mode(&peer, &session).await, "plan");
}

#[tokio::test]
async fn a_disabled_tool_is_neither_offered_nor_run() {
    let scene = Scene::with_turns([]).await;
    scene.write("a.txt", "one\n");
    let call = Step::tool_call("read_file", json!({"file_path": scene.path("a.txt")}));
    let turns = [vec![call], vec![Step::text("so be it")], vec![Step::text("ok")]];
    let model = roost_tests::fake_model::FakeModel::start(roost_tests::fake_model::Script::turns(turns)).await;
    let scene = scene.behind(model.expect("the model starts"));
    write_settings(&scene, &json!({"tools": {"disabled": ["read_file"]}}));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "go").await.0.expect("ends");
    let requests = scene.model().requests();
    assert!(!requests[0].tool_names().contains(&"read_file") && requests[0].tool_names().contains(&"edit"));
    assert!(requests[1].tool_results()[0].contains("not found"), "{:?}", requests[1].tool_results());
    let listed = peer.call("qwen/status/workspace/tools", json!({"cwd": scene.workspace()})).await.expect("lists");
    let enabled = |name: &str| {
        listed["tools"].as_array().expect("tools").iter().find(|tool| tool["name"] == name).expect("listed")["enabled"]
            == json!(true)
    };
    assert_eq!((enabled("read_file"), enabled("edit")), (false, true));

    write_settings(&scene, &json!({"tools": {"disabled": []}}));
    let reload = json!({"cwd": scene.workspace()});
    let reloaded = peer.call("qwen/control/workspace/reload", reload).await.expect("reloads");
    assert_eq!((&reloaded["changedKeys"], &reloaded["sessionsRefreshed"]), (&json!(["tools"]), &json!([session])));
    peer.turn(&session, "again").await.0.expect("ends");
    assert!(scene.model().requests()[2].tool_names().contains(&"read_file"));
}

#[tokio::test]
async fn a_language_is_told_to_the_model_of_every_session_from_then_on() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let (one, other) = (peer.open(&scene).await, peer.open(&scene).await);
    let choose =
        |language: &str, sync: bool| json!({"sessionId": one, "language": language, "syncOutputLanguage": sync});
    let chosen = peer.call("qwen/control/session/language", choose("fr", false)).await.expect("chosen");
    assert_eq!(chosen, json!({"language": "fr", "outputLanguage": null, "refreshed": false}));
    let chosen = peer.call("qwen/control/session/language", choose("ja", true)).await.expect("chosen");
    assert_eq!(chosen, json!({"language": "ja", "outputLanguage": "Japanese", "refreshed": true}));
    peer.turn(&other, "hello").await.0.expect("ends");
    let system = scene.model().requests()[0].messages()[0]["content"].to_string();
    assert!(system.contains("Answer in Japanese"), "{system}");
    let error = peer.call("qwen/control/session/language", choose("klingon", true)).await.expect_err("unknown");
    assert_eq!(error.code.value(), -32602);
    assert!(error.message.contains("klingon") && error.message.contains("zh-TW"), "{}", error.message);
}

#[tokio::test]
async fn the_providers_are_those_of_the_settings_and_a_reload_takes_up_new_ones() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let cwd = json!({"cwd": scene.workspace()});
    let providers = peer.call("qwen/status/workspace/providers", cwd.clone()).await.expect("answers");
    let url = scene.model().base_url();
    let current = json!({"authType": "openai", "modelId": "fake-model(openai)", "baseUrl": url});
    assert_eq!((&providers["current"], &providers["approvalMode"]), (&current, &json!("default")));
    let row = &providers["providers"][0];
    assert_eq!(
        (&row["kind"], &row["authType"], &row["current"]),
        (&json!("model_provider"), &json!("openai"), &json!(true))
    );
    assert_eq!(
        (&row["models"][0]["baseModelId"], &row["models"][0]["isCurrent"]),
        (&json!("fake-model"), &json!(true))
    );
    assert!(!providers.to_string().contains("sk-test"));

    write_settings(
        &scene,
        &json!({
            "modelProviders": {"openai": [{"id": "other", "baseUrl": url, "envKey": "OTHER_KEY"}]},
            "env": {"OTHER_KEY": "sk-other"},
        }),
    );
    let reloaded = peer.call("qwen/control/workspace/reload", cwd.clone()).await.expect("reloads");
    assert_eq!(reloaded["env"], json!({"updatedKeys": ["OTHER_KEY"], "removedKeys": []}));
    assert_eq!(reloaded["changedKeys"], json!(["env", "modelProviders"]));
    let providers = peer.call("qwen/status/workspace/providers", cwd).await.expect("answers");
    assert_eq!(providers["providers"][0]["models"].as_array().map(Vec::len), Some(2));
    peer.call("session/set_model", json!({"sessionId": session, "modelId": "other"})).await.expect("switches");
    peer.turn(&session, "hello").await.0.expect("ends");
    let request = &scene.model().requests()[0];
    assert_eq!((request.model(), request.authorization.as_deref()), ("other", Some("Bearer sk-other")));
}

#[tokio::test]
async fn context_and_stats_are_counted_and_detail_is_given_when_asked() {
    let usage = Step::Usage { prompt_tokens: 100, completion_tokens: 20 };
    let scene = Scene::with_turns([vec![Step::words(5), usage]]).await;
    scene.write("QWEN.md", "Be kind.\n");
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "go").await.0.expect("ends");
    let ask = |detail: bool| json!({"sessionId": session, "detail": detail});
    let brief = peer.call("qwen/status/session/context_usage", ask(false)).await.expect("answers");
    assert_eq!((&brief["usage"]["totalTokens"], &brief["usage"]["builtinTools"]), (&json!(120), &json!([])));
    let full = peer.call("qwen/status/session/context_usage", ask(true)).await.expect("answers");
    let breakdown = &full["usage"]["breakdown"];
    let sum: u64 = ["systemPrompt", "builtinTools", "memoryFiles", "messages"]
        .iter()
        .map(|part| breakdown[*part].as_u64().expect("a number"))
        .sum();
    assert!(sum <= 120, "the parts are no more than was measured: {breakdown}");
    assert!(full["usage"]["builtinTools"].as_array().is_some_and(|tools| tools.len() > 5));
    assert!(full["usage"]["memoryFiles"][0]["path"].as_str().is_some_and(|path| path.ends_with("QWEN.md")));
    assert!(full["formattedText"].as_str().is_some_and(|text| text.contains("read_file")));
    assert!(brief["formattedText"].as_str().is_some_and(|text| !text.contains("read_file")));
    let stats = peer.call("qwen/status/session/stats", json!({"sessionId": session})).await.expect("answers");
    assert_eq!(stats["models"]["fake-model"]["tokens"]["prompt"], 100);
    assert_eq!(stats["skills"], json!({"totalCalls": 0, "totalSuccess": 0, "totalFail": 0, "byName": {}}));
}
