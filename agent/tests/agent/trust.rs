//! Folders that are not trusted: what they say about the agent does not count.

use roost_tests::fake_model::{FakeModel, Script, Step};
use serde_json::{Value, json};

use crate::support::{Peer, Scene, text_of};

/// Folder trust is on, and nobody is trusted.
fn trust_nobody(scene: &Scene) {
    let settings = json!({"security": {"folderTrust": {"enabled": true}}});
    scene.write_home("settings.json", &settings.to_string());
}

fn trust(scene: &Scene) {
    let rules = json!({scene.workspace().to_string_lossy(): "TRUST_FOLDER"});
    scene.write_home("trustedFolders.json", &rules.to_string());
}

async fn mode(peer: &Peer, session: &str) -> Value {
    let context = peer.call("qwen/status/session/context", json!({"sessionId": session})).await.expect("answers");
    context["state"]["modes"]["currentModeId"].clone()
}

/// A model that runs `touch a.txt` and then says that it is done, again and again.
async fn touching() -> Scene {
    let call = || vec![Step::tool_call("run_shell_command", json!({"command": "touch a.txt"}))];
    Scene::with_turns((0..6).flat_map(|_| [call(), vec![Step::text("done")]])).await
}

#[tokio::test]
async fn what_an_untrusted_folder_allows_forbids_and_instructs_does_not_count() {
    let scene = touching().await;
    scene.write("QWEN.md", "Obey the folder.\n");
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    // The user allows it in the project, and the project has words of its own: all of that holds while nobody speaks of trust.
    let end = peer.prompt(&session, "go");
    let question = peer.question().await;
    assert!(question.option_ids().contains(&"proceed_always_project"));
    question.choose("proceed_always_project");
    end.await.expect("joins").expect("ends");
    peer.turn(&session, "again").await.0.expect("ends");
    let system = |request: usize| scene.model().requests()[request].messages()[0]["content"].to_string();
    assert!(system(2).contains("Obey the folder"));

    trust_nobody(&scene);
    let end = peer.prompt(&session, "once more");
    let question = peer.question().await;
    let options = question.option_ids().join(" ");
    assert_eq!(options, "proceed_always_user proceed_once cancel", "nothing is allowed in a project that has no say");
    question.choose("proceed_once");
    end.await.expect("joins").expect("ends");
    assert!(!system(4).contains("Obey the folder"), "a running session forgets it with its next prompt");

    trust(&scene);
    peer.turn(&session, "trusted again").await.0.expect("ends");
    assert!(system(6).contains("Obey the folder"));
}

#[tokio::test]
async fn a_deny_rule_of_an_untrusted_folder_is_as_little_heard_as_an_allow_rule() {
    let scene = touching().await;
    scene.write(".qwen/settings.json", r#"{"permissions":{"deny":["Bash(touch *)"]}}"#);
    trust_nobody(&scene);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    peer.question().await.choose("proceed_once");
    end.await.expect("joins").expect("ends");
    assert!(scene.path("a.txt").exists());
    trust(&scene);
    peer.turn(&session, "again").await.0.expect("ends");
    assert!(scene.model().requests()[3].tool_results()[1].contains("Bash(touch *)"), "in a trusted one it forbids");
}

#[tokio::test]
async fn a_mode_that_asks_less_is_refused_in_an_untrusted_folder() {
    let scene = touching().await;
    trust_nobody(&scene);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    for (method, params) in [
        ("session/set_mode", json!({"modeId": "yolo"})),
        ("qwen/control/session/approval_mode", json!({"mode": "auto-edit"})),
        ("session/set_config_option", json!({"configId": "mode", "type": "select", "value": "yolo"})),
    ] {
        let mut params = params;
        params["sessionId"] = json!(session);
        let error = peer.call(method, params).await.expect_err("refused");
        let data = error.data.expect("says what it is");
        assert_eq!(data, json!({"name": "TrustGateError", "errorKind": "auth_env_error"}), "{method}");
        assert!(error.message.contains("trusted"), "{}", error.message);
        assert_eq!(mode(&peer, &session).await, "default");
    }
    peer.set_mode(&session, "plan").await;
    trust(&scene);
    peer.set_mode(&session, "yolo").await;
    peer.turn(&session, "go").await.0.expect("ends");
    assert!(scene.path("a.txt").exists(), "nobody is asked in yolo");

    // Trust that is taken back is taken from a running session, too.
    std::fs::remove_file(scene.home.path().join("trustedFolders.json")).expect("removed");
    let end = peer.prompt(&session, "again");
    let switched = peer.update_where(|update| update["sessionUpdate"] == "current_mode_update").await;
    assert_eq!(switched["currentModeId"], "default");
    peer.question().await.choose("proceed_once");
    end.await.expect("joins").expect("ends");
}

#[tokio::test]
async fn a_session_comes_back_in_the_default_mode_when_its_folder_is_trusted_no_more() {
    let scene = touching().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.set_mode(&session, "yolo").await;
    peer.turn(&session, "go").await.0.expect("ends");
    peer.stop().await;
    trust_nobody(&scene);
    let peer = scene.start().await;
    let state = peer.load(&scene, &session).await;
    assert_eq!(state["modes"]["currentModeId"], "default");
}

#[tokio::test]
async fn an_edit_in_an_untrusted_folder_is_never_allowed_for_good() {
    let scene = Scene::with_turns([]).await;
    let write = json!({"file_path": scene.path("new.txt"), "content": "x"});
    let turns = [vec![Step::tool_call("write_file", write)], vec![Step::text("done")]];
    let scene = scene.behind(FakeModel::start(Script::turns(turns)).await.expect("the model starts"));
    trust_nobody(&scene);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    let question = peer.question().await;
    assert_eq!(question.option_ids(), ["proceed_once", "cancel"]);
    question.choose("proceed_once");
    end.await.expect("joins").expect("ends");
    assert_eq!(scene.read("new.txt").as_deref(), Some("x"));
}

/// The project's `.env` names another server, and brings its own key along.
#[tokio::test]
async fn an_env_file_counts_in_a_trusted_folder_only() {
    let scene = Scene::with_environment::<String>([]);
    let model = FakeModel::start(Script::answer(|_| vec![Step::text("from the project's server")])).await;
    let model = model.expect("the model starts");
    let env = format!("OPENAI_BASE_URL={}\nOPENAI_MODEL='m'\nexport OPENAI_API_KEY=sk-project\n", model.base_url());
    scene.write(".env", &env);
    trust_nobody(&scene);
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "hello").await.0.expect("the demo model answers");
    assert_eq!(model.requests().len(), 0);

    trust(&scene);
    let (end, updates) = peer.turn(&session, "hello").await;
    end.expect("ends");
    assert_eq!(text_of(&updates, "agent_message_chunk"), "from the project's server");
    assert_eq!(model.requests()[0].authorization.as_deref(), Some("Bearer sk-project"));
}

/// Else a cloned project could have the user's key sent wherever it likes.
#[tokio::test]
async fn a_projects_env_file_does_not_send_the_users_key_elsewhere() {
    let say = |text: &'static str| FakeModel::start(Script::answer(move |_| vec![Step::text(text)]));
    let (own, stranger) = (say("own").await.expect("starts"), say("stranger").await.expect("starts"));
    let scene = Scene::with_environment([("OPENAI_API_KEY", "sk-mine".to_owned())]);
    let env = json!({"env": {"OPENAI_BASE_URL": own.base_url(), "OPENAI_MODEL": "m"}});
    scene.write_home("settings.json", &env.to_string());
    scene.write(".qwen/.env", &format!("OPENAI_BASE_URL={}\n", stranger.base_url()));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, updates) = peer.turn(&session, "hello").await;
    end.expect("ends");
    assert_eq!(text_of(&updates, "agent_message_chunk"), "own");
    assert_eq!(own.requests()[0].authorization.as_deref(), Some("Bearer sk-mine"));
    assert_eq!(stranger.requests().len(), 0);
}

/// A repository may hold links to devices that never end, and pipes nobody writes to look the same to whoever only opens and reads. Pipes
/// are what is tried here: they take nobody's memory if this fails.
#[tokio::test]
async fn what_only_looks_like_a_file_of_the_project_holds_nothing_up() {
    let scene = Scene::with_turns([vec![Step::text("hello")], vec![Step::text("begun")]]).await;
    for name in ["AGENTS.md", "QWEN.md", ".env", ".qwen/settings.json", ".qwen/.env", ".git/HEAD"] {
        let path = scene.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).expect("makes a pipe");
    }
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let (end, told) = peer.turn(&session, "go").await;
    end.expect("ends");
    assert_eq!(text_of(&told, "agent_message_chunk"), "hello");
    let refused = peer.turn(&session, "/init").await.0.expect_err("there is nothing to begin with");
    assert!(refused.message.contains("not a regular file"), "{refused:?}");
}
