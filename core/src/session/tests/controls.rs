//! Model, approval mode, name, and what the agent tells about them.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn stage() -> Stage {
    Stage::new(SessionConfig::default())
}

fn set_mode(stage: &mut Stage, mode: ApprovalMode, persist: bool) -> CallId {
    assert_eq!(stage.command(Some("a"), Command::SetApprovalMode { mode, persist }), ["call session/set_mode"]);
    stage.last_call()
}

fn agree(stage: &mut Stage, call: CallId) -> Vec<String> {
    stage.agent(AgentInput::Reply { call, result: Ok(raw(&json!({}))) })
}

fn update(stage: &mut Stage, update: &Value) -> Vec<String> {
    let kind = UpdateKind::from(update["sessionUpdate"].as_str().expect("a kind"));
    stage.agent(AgentInput::Update { kind, params: raw(&json!({"sessionId": "s", "update": update})) })
}

#[test]
fn a_model_is_set_when_the_agent_agrees() {
    let mut stage = stage();
    assert_eq!(stage.command(Some("a"), Command::SetModel { model_id: "m2".into() }), ["call session/set_model"]);
    assert_eq!(stage.calls[0].1, json!({"sessionId": "s", "modelId": "m2"}));
    let call = stage.last_call();
    let result = Ok(raw(&json!({"_meta": {"x": 1}})));
    assert_eq!(
        stage.agent(AgentInput::Reply { call, result }),
        ["record model m2", "publish model_switched", r#"reply {"_meta":{"x":1}}"#]
    );
    assert_eq!(stage.data(&EventType::ModelSwitched), json!({"sessionId": "s", "modelId": "m2"}));
    assert_eq!(stage.session.status().current_model_id.as_deref(), Some("m2"));
}

#[test]
fn a_model_the_agent_refuses_is_reported_and_changes_nothing() {
    let mut stage = stage();
    stage.command(Some("a"), Command::SetModel { model_id: "nope".into() });
    let call = stage.last_call();
    let data = Some(raw(&json!({"details": "Model 'nope' not found"})));
    let error = RpcError { data, ..RpcError::new(-32603, "Internal error") };
    assert_eq!(
        stage.agent(AgentInput::Reply { call, result: Err(error) }),
        ["publish model_switch_failed", "reply the agent refused: Internal error (-32603)"]
    );
    assert_eq!(
        stage.data(&EventType::ModelSwitchFailed),
        json!({"sessionId": "s", "requestedModelId": "nope", "error": "Model 'nope' not found"})
    );
    assert_eq!(stage.originator(&EventType::ModelSwitchFailed), Some("a"));
    assert_eq!(stage.session.status().current_model_id.as_deref(), Some("m1"));
}

#[test]
fn a_change_of_mode_is_told_with_the_mode_before() {
    let mut stage = stage();
    let call = set_mode(&mut stage, ApprovalMode::Plan, false);
    assert_eq!(agree(&mut stage, call), ["record mode plan", "publish approval_mode_changed", "reply default -> plan"]);
    assert_eq!(
        stage.latest(&EventType::ApprovalModeChanged).data.get(),
        r#"{"sessionId":"s","previous":"default","next":"plan","persisted":false,"planExecutionMode":"default"}"#
    );
    let call = set_mode(&mut stage, ApprovalMode::Yolo, true);
    assert_eq!(
        agree(&mut stage, call),
        ["save yolo", "record mode yolo", "publish approval_mode_changed", "reply plan -> yolo"]
    );
    assert_eq!(
        stage.data(&EventType::ApprovalModeChanged),
        json!({"sessionId": "s", "previous": "plan", "next": "yolo", "persisted": true})
    );
}

#[test]
fn a_mode_the_agent_chose_itself_is_told_once() {
    let mut stage = stage();
    let mode = json!({"sessionUpdate": "current_mode_update", "currentModeId": "auto-edit"});
    assert_eq!(
        update(&mut stage, &mode),
        ["publish session_update", "record mode auto-edit", "publish approval_mode_changed"]
    );
    assert_eq!(update(&mut stage, &mode), ["publish session_update"]);
    assert_eq!(stage.session.status().current_approval_mode.as_deref(), Some("auto-edit"));
}

#[test]
fn the_agents_echo_of_a_wished_mode_is_no_second_change() {
    let mut stage = stage();
    let call = set_mode(&mut stage, ApprovalMode::Yolo, false);
    let echo = json!({"sessionUpdate": "current_mode_update", "currentModeId": "yolo"});
    assert_eq!(update(&mut stage, &echo), ["publish session_update"]);
    assert_eq!(agree(&mut stage, call), ["record mode yolo", "publish approval_mode_changed", "reply default -> yolo"]);
    assert_eq!(update(&mut stage, &echo), ["publish session_update"]);
}

#[test]
fn new_config_options_move_model_and_mode() {
    let mut stage = stage();
    let options = json!([{"id": "model", "currentValue": "m9"}, {"id": "mode", "currentValue": "plan"}]);
    let lines = update(&mut stage, &json!({"sessionUpdate": "config_option_update", "configOptions": options}));
    assert_eq!(
        lines,
        [
            "publish session_update",
            "record model m9",
            "publish model_switched",
            "record mode plan",
            "publish approval_mode_changed"
        ]
    );
    let status = stage.session.status();
    assert_eq!(
        (status.current_model_id.as_deref(), status.current_approval_mode.as_deref()),
        (Some("m9"), Some("plan"))
    );
    assert_eq!(json!(stage.session.agent_state())["configOptions"], options);
}

#[test]
fn notices_of_the_agents_become_the_events_they_are_about() {
    let mut stage = stage();
    let mut notice =
        |name: &str, params: Value| stage.agent(AgentInput::Notice { method: name.into(), params: raw(&params) });
    assert_eq!(
        notice("_qwen/notify/session/model-update", json!({"v": 1, "sessionId": "s", "currentModelId": "m3"})),
        ["record model m3", "publish model_switched"]
    );
    assert_eq!(
        notice("qwen/notify/session/mode-update", json!({"sessionId": "s", "currentModeId": "plan"})),
        ["record mode plan", "publish approval_mode_changed"]
    );
    assert_eq!(
        notice("qwen/notify/session/recording-degraded", json!({"sessionId": "s", "reason": "write_failed"})),
        ["publish session_recording_degraded"]
    );
    let suggestion = json!({"sessionId": "s", "suggestion": "run the tests", "promptId": "s########1"});
    assert_eq!(notice("qwen/notify/session/prompt-suggestion", suggestion.clone()), ["publish followup_suggestion"]);
    assert_eq!(notice("qwen/notify/session/moon-update", json!({})), [""; 0]);
    assert_eq!(notice("qwen/notify/session/mode-update", json!({"currentModeId": 7})), [""; 0]);
    assert_eq!(stage.data(&EventType::FollowupSuggestion), suggestion);
    assert_eq!(stage.latest(&EventType::FollowupSuggestion).prompt_id, None);
}

#[test]
fn the_latest_commands_are_kept() {
    let mut stage = stage();
    assert!(stage.session.available_commands().is_none());
    for name in ["old", "new"] {
        update(
            &mut stage,
            &json!({"sessionUpdate": "available_commands_update", "availableCommands": [{"name": name}]}),
        );
    }
    let kept = stage.session.available_commands().expect("the agent told them");
    assert!(kept.get().contains("new"));
}

#[test]
fn a_name_is_on_disk_before_anybody_sees_it() {
    let mut stage = stage();
    let display_name = DisplayName::parse("Fix the build").expect("a name");
    let lines = stage.command(Some("a"), Command::Rename { display_name });
    assert_eq!(lines, ["record metadata", "publish session_metadata_updated", "reply Fix the build"]);
    assert_eq!(
        stage.data(&EventType::SessionMetadataUpdated),
        json!({"sessionId": "s", "displayName": "Fix the build", "titleSource": "manual"})
    );
}

#[test]
fn a_title_of_the_agents_never_replaces_a_chosen_name() {
    let mut stage = stage();
    let title = |text: &str| json!({"sessionUpdate": "session_info_update", "title": text});
    assert_eq!(
        update(&mut stage, &title("Auto")),
        ["publish session_update", "record metadata", "publish session_metadata_updated"]
    );
    assert_eq!(stage.data(&EventType::SessionMetadataUpdated)["titleSource"], "auto");
    assert_eq!(update(&mut stage, &title("Auto")), ["publish session_update"]);
    let display_name = DisplayName::parse("Mine").expect("a name");
    stage.command(None, Command::Rename { display_name });
    assert_eq!(update(&mut stage, &title("Other")), ["publish session_update"]);
    assert_eq!(stage.session.status().display_name.as_ref().map(DisplayName::as_str), Some("Mine"));
}

#[test]
fn a_malformed_update_is_passed_on_and_otherwise_ignored() {
    let mut stage = stage();
    for bad in [
        json!({"sessionUpdate": "current_mode_update", "currentModeId": 7}),
        json!({"sessionUpdate": "session_info_update"}),
    ] {
        assert_eq!(update(&mut stage, &bad), ["publish session_update"]);
    }
}

#[test]
fn without_an_agent_nothing_can_be_set() {
    let mut stage = Stage::over(Session::new(Millis(0), "s".into(), SessionConfig::default()), Vec::new());
    assert_eq!(stage.command(None, Command::SetModel { model_id: "m".into() }), ["reply no agent serves the session"]);
    let mode = json!({"sessionUpdate": "current_mode_update", "currentModeId": "yolo"});
    assert_eq!(update(&mut stage, &mode), ["publish session_update"]);
    assert_eq!(stage.send("p1"), ["reply client a is not registered on this session"]);
    assert_eq!(
        stage.command(None, ask("p1")),
        ["record accepted p1", "publish pending_prompt_added p1", "reply accepted p1"],
        "an update does not make an agent ready"
    );
}
