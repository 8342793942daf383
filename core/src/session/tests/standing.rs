//! Mode and model over a restart, language, and questions to the agent.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn agree(stage: &mut Stage) -> Vec<String> {
    let call = stage.last_call();
    stage.agent(AgentInput::Reply { call, result: Ok(raw(&json!({}))) })
}

fn refuse(stage: &mut Stage, call: CallId) -> Vec<String> {
    stage.agent(AgentInput::Reply { call, result: Err(RpcError::new(-32602, "no such thing")) })
}

/// A session in mode yolo with model m2, after a restart, whose agent comes back as it always does.
fn restarted() -> (Stage, Vec<String>) {
    let mut before = Stage::new(SessionConfig::default());
    before.command(None, Command::SetApprovalMode { mode: ApprovalMode::Yolo, persist: false });
    agree(&mut before);
    before.command(None, Command::SetModel { model_id: "m2".into() });
    agree(&mut before);
    let mut after = before.restart();
    let lines = after.agent(AgentInput::Ready(AgentState::read(&raw(&json!({
        "models": {"currentModelId": "m1"},
        "modes": {"currentModeId": "default"},
    })))));
    (after, lines)
}

#[test]
fn a_session_comes_back_in_the_mode_and_with_the_model_it_had() {
    let (mut after, lines) = restarted();
    assert_eq!(lines, ["call session/set_model", "record mode yolo", "call session/set_mode"]);
    assert_eq!(after.calls[1].1, json!({"sessionId": "s", "modeId": "yolo"}));
    let status = after.session.status();
    assert_eq!(status.current_approval_mode.as_deref(), Some("yolo"));
    assert_eq!(status.current_model_id.as_deref(), Some("m2"));
    assert_eq!(agree(&mut after), [""; 0], "nobody saw another mode");
}

#[test]
fn an_agent_that_refuses_the_mode_or_the_model_of_before_is_believed_and_everybody_told() {
    let (mut after, _) = restarted();
    let CallId(last) = after.last_call();
    assert_eq!(refuse(&mut after, CallId(last)), ["record mode default", "publish approval_mode_changed"]);
    assert_eq!(
        refuse(&mut after, CallId(last - 1)),
        ["publish model_switch_failed", "record model m1", "publish model_switched"]
    );
    assert_eq!(after.session.status().current_approval_mode.as_deref(), Some("default"));
}

/// A session in mode yolo, after a restart, in a folder that is not trusted any more.
fn held_back() -> (Stage, Vec<String>) {
    let mut before = Stage::new(SessionConfig::default());
    before.command(None, Command::SetApprovalMode { mode: ApprovalMode::Yolo, persist: false });
    agree(&mut before);
    before.send("p1");
    before.send("p2");
    let mut after = before.restart();
    let lines = after.input(Input::HoldBack);
    (after, lines)
}

fn in_mode(mode: &str) -> AgentInput {
    AgentInput::Ready(AgentState::read(&raw(&json!({"modes": {"currentModeId": mode}}))))
}

#[test]
fn a_privileged_mode_is_given_up_where_the_folder_is_not_trusted_before_anything_runs_in_it() {
    let (mut after, lines) = held_back();
    assert_eq!(lines, ["record mode default", "publish approval_mode_changed"]);
    assert_eq!(
        after.data(&EventType::ApprovalModeChanged),
        json!({"sessionId": "s", "previous": "yolo", "next": "default", "persisted": false})
    );
    let lines = after.agent(in_mode("default"));
    assert_eq!(lines.first().map(String::as_str), Some("record started p2"), "the agent needs no telling: {lines:?}");
    assert_eq!(after.session.status().current_approval_mode.as_deref(), Some("default"));
    let standing = after.restart().session.standing_entries();
    assert!(json!(standing).to_string().contains("default"), "and it stays given up");
}

#[test]
fn an_agent_that_comes_in_a_privileged_mode_is_taken_out_of_it_before_its_first_prompt() {
    let (mut after, _) = held_back();
    let lines = after.agent(in_mode("yolo"));
    assert_eq!(lines, ["record mode default", "call session/set_mode"], "and nothing runs before it has said yes");
    assert_eq!(after.calls[0].1, json!({"sessionId": "s", "modeId": "default"}));
    assert_eq!(agree(&mut after).first().map(String::as_str), Some("record started p2"));

    let mut unused = Stage::over(Session::new(Millis(1_000), "s".into(), SessionConfig::default()), Vec::new());
    assert_eq!(unused.input(Input::HoldBack), [""; 0], "nothing was given up");
    assert_eq!(unused.agent(in_mode("auto")), ["record mode default", "call session/set_mode"]);
}

#[test]
fn nothing_runs_where_the_agent_stays_in_a_privileged_mode_and_the_folder_is_not_trusted() {
    let (mut after, _) = held_back();
    after.agent(in_mode("yolo"));
    let call = after.last_call();
    let lines = refuse(&mut after, call);
    assert_eq!(lines[..3], ["record mode yolo", "publish approval_mode_changed", "publish turn_error p2"]);
    let told = after.data(&EventType::TurnError);
    assert_eq!(told["code"], "trust_gate");
    assert!(told["message"].as_str().is_some_and(|message| message.contains("yolo")), "{told}");
    assert!(after.session.pending_prompts().is_empty() && after.call.is_none(), "the agent was asked nothing");
    let refused = ["reply the agent stays in the approval mode yolo, which needs a trusted folder"];
    assert_eq!(after.command(None, ask("p3")), refused);

    let wish = |mode| Command::SetApprovalMode { mode, persist: false };
    after.command(None, wish(ApprovalMode::Default));
    after.command(None, ask("p4"));
    assert!(after.call.is_none(), "what is asked meanwhile waits");
    assert!(agree(&mut after).contains(&"record started p4".to_owned()));
    after.finish("end_turn");
    after.command(None, wish(ApprovalMode::Yolo));
    agree(&mut after);
    let lines = after.command(None, ask("p5"));
    assert!(
        lines.contains(&"call session/prompt".to_owned()),
        "whoever may choose the mode has found the folder trusted"
    );
}

#[test]
fn an_agent_that_is_there_is_held_back_before_anything_is_run() {
    let mut stage = Stage::over(Session::new(Millis(1_000), "s".into(), SessionConfig::default()), Vec::new());
    stage.agent(in_mode("auto-edit"));
    assert_eq!(stage.command(None, Command::HoldBack), ["call session/set_mode"]);
    assert_eq!(stage.calls[0].1, json!({"sessionId": "s", "modeId": "default"}));
    stage.command(None, ask("p1"));
    assert!(stage.call.is_none());
    let refusing = stage.last_call();
    refuse(&mut stage, refusing);
    assert_eq!(stage.data(&EventType::TurnError)["code"], "trust_gate");
    assert!(stage.call.is_none());
}

#[test]
fn holding_back_leaves_a_mild_or_foreign_mode_alone() {
    for mode in ["plan", "default", "house-rules"] {
        let mut stage = Stage::over(Session::new(Millis(1_000), "s".into(), SessionConfig::default()), Vec::new());
        stage.input(Input::HoldBack);
        assert_eq!(stage.agent(in_mode(mode)), [""; 0], "{mode}");
        assert_eq!(stage.session.status().current_approval_mode.as_deref(), Some(mode));
    }
}

#[test]
fn what_stands_is_enough_to_make_the_same_session() {
    let mut before = Stage::new(SessionConfig::default());
    before.command(None, Command::Rename { display_name: DisplayName::parse("Mine").expect("a name") });
    before.command(None, Command::SetApprovalMode { mode: ApprovalMode::Plan, persist: false });
    agree(&mut before);
    before.command(None, Command::SetModel { model_id: "m2".into() });
    agree(&mut before);
    let meta = json!({"thread": 7}).as_object().cloned().expect("an object");
    before.command(None, Command::Annotate(AnnotationsChange::Replace(meta)));
    let entries = before.session.standing_entries();
    let config = SessionConfig::default();
    let (after, _) = Session::restore(Millis(9), "s".into(), config, Millis(1), entries.clone());
    assert_eq!(json!(after.standing_entries()), json!(entries));
    assert_eq!(entries.len(), 4);
}

#[test]
fn an_agent_that_forgot_the_session_is_exposed_with_the_next_prompt_and_not_again() {
    let mut stage = Stage::new(SessionConfig::default());
    stage.agent(AgentInput::Forgot { why: "no such session".into() });
    assert_eq!(stage.session.forgotten(), Some("no such session"));
    let lines = stage.send("p1");
    assert_eq!(lines.iter().filter(|line| *line == "publish session_update p1").count(), 2, "the echo and the news");
    let update = stage.data(&EventType::SessionUpdate)["update"].clone();
    assert_eq!(update["_meta"]["qwenDiscreteMessage"], true);
    assert!(update["content"]["text"].as_str().is_some_and(|text| text.ends_with("no such session")));
    assert_eq!(stage.session.forgotten(), None);
    stage.finish("end_turn");
    assert_eq!(stage.send("p2").iter().filter(|line| *line == "publish session_update p2").count(), 1);
}

#[test]
fn a_language_is_told_as_the_agent_took_it() {
    let mut stage = Stage::new(SessionConfig::default());
    let command = Command::SetLanguage { language: "de".into(), sync_output_language: Some(true) };
    assert_eq!(stage.command(Some("a"), command), ["call qwen/control/session/language"]);
    assert_eq!(stage.calls[0].1, json!({"sessionId": "s", "language": "de", "syncOutputLanguage": true}));
    let call = stage.last_call();
    let result = Ok(raw(&json!({"language": "de", "outputLanguage": "German", "refreshed": true})));
    assert_eq!(stage.agent(AgentInput::Reply { call, result }), ["publish language_changed", "reply language de"]);
    assert_eq!(
        stage.data(&EventType::LanguageChanged),
        json!({"sessionId": "s", "language": "de", "outputLanguage": "German", "refreshed": true})
    );
    assert_eq!(stage.originator(&EventType::LanguageChanged), Some("a"));
}

#[test]
fn a_question_to_the_agent_is_passed_on_with_the_sessions_name_and_its_answer_back() {
    let mut stage = Stage::new(SessionConfig::default());
    let params = json!({"detail": true}).as_object().cloned().expect("an object");
    let method = "qwen/status/session/context_usage";
    let asked = stage.command(None, Command::Ask { method, params });
    assert_eq!(asked, [format!("call {method}")]);
    assert_eq!(stage.calls[0].1, json!({"sessionId": "s", "detail": true}));
    let call = stage.last_call();
    let result = Ok(raw(&json!({"usage": 1})));
    assert_eq!(stage.agent(AgentInput::Reply { call, result }), [r#"reply {"usage":1}"#]);
}
