//! X1–X3.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn stage() -> Stage {
    Stage::new(SessionConfig::default())
}

/// X1: closing resolves settles publishes and ends in this order.
#[test]
fn x1_closing_resolves_settles_publishes_and_ends_in_this_order() {
    let mut stage = stage();
    stage.send("p1");
    stage.ask("r1");
    assert_eq!(
        stage.command(Some("b"), Command::Close),
        [
            "publish permission_resolved p1",
            r#"answer 1 {"outcome":{"outcome":"cancelled"}}"#,
            "notify session/cancel",
            "publish turn_error p1",
            "record settled p1",
            "publish session_closed",
            "end streams",
            "reply ok",
            "retire",
        ]
    );
    let closed = json!({"sessionId": "s", "reason": "client_close", "closedBy": "b"});
    assert_eq!(stage.data(&EventType::SessionClosed), closed);
    assert_eq!(stage.originator(&EventType::SessionClosed), Some("b"));
}

/// X1: a closed session refuses every command, hears nothing, and leaves no question of the agent's open.
#[test]
fn x1_a_closed_session_refuses_every_command_and_hears_nothing() {
    let mut stage = stage();
    stage.command(None, Command::Close);
    let commands = [
        ask("p"),
        Command::Cancel,
        Command::RemovePrompt { prompt_id: "p".into() },
        Command::Attach { fresh: "x".into() },
        Command::Detach,
        Command::Heartbeat,
        Command::SetModel { model_id: "m".into() },
        Command::SetApprovalMode { mode: ApprovalMode::Plan, persist: false },
        Command::Close,
    ];
    for command in commands {
        assert_eq!(stage.command(None, command), ["reply the session is closed"]);
    }
    assert_eq!(stage.ask("r1"), [r#"answer 1 {"outcome":{"outcome":"cancelled"}}"#]);
    assert_eq!(stage.pass(1), [""; 0]);
    assert_eq!(stage.input(Input::Reap), [""; 0]);
    assert_eq!(stage.input(Input::Kill { reason: "again".into() }), [""; 0]);
}

/// X1, C9, X2: what is not on disk yet keeps the session open, also if nobody is there; what is thrown away does not.
#[test]
fn x1_a_session_that_is_not_recorded_stays_open() {
    let mut stage = Stage::new(SessionConfig { idle_timeout: Millis(100), ..SessionConfig::default() });
    stage.command(Some("a"), Command::Attach { fresh: "a".into() });
    stage.session.set_recorded(false);
    let unrecorded = "reply the last of what was said in the session could not be written to disk";
    assert_eq!(stage.command(Some("a"), Command::Close), [unrecorded]);
    assert_eq!(stage.command(Some("a"), Command::Detach), ["reply ok"]);
    stage.now = Millis(100_000);
    assert_eq!(stage.input(Input::Reap), [""; 0]);
    stage.session.set_recorded(true);
    assert_eq!(stage.input(Input::Reap), ["publish session_closed", "end streams", "retire"]);

    let mut stage = self::stage();
    stage.session.set_recorded(false);
    assert_eq!(stage.command(None, Command::Discard), ["publish session_closed", "end streams", "reply ok", "retire"]);
}

/// X1: whoever waits for the agent is answered when the session closes.
#[test]
fn x1_whoever_waits_for_the_agent_is_answered_when_the_session_closes() {
    let mut stage = stage();
    stage.command(Some("a"), Command::SetModel { model_id: "m".into() });
    let lines = stage.command(Some("b"), Command::Close);
    assert_eq!(lines, ["publish session_closed", "reply the session is closed", "end streams", "reply ok", "retire"]);
}

/// X2: an unused session is reaped after its idle time.
#[test]
fn x2_an_unused_session_is_reaped_after_its_idle_time() {
    let mut stage = Stage::new(SessionConfig { idle_timeout: Millis(100), ..SessionConfig::default() });
    stage.now = Millis(1_099);
    assert_eq!(stage.input(Input::Reap), [""; 0]);
    stage.now = Millis(1_100);
    assert_eq!(stage.input(Input::Reap), ["publish session_closed", "end streams", "retire"]);
    assert_eq!(stage.data(&EventType::SessionClosed)["reason"], "idle_timeout");
}

/// X2: a session that comes back after days has its whole idle time again.
#[test]
fn x2_a_session_that_was_brought_back_is_as_fresh_as_a_new_one() {
    let mut stage = Stage::new(SessionConfig { idle_timeout: Millis(100), ..SessionConfig::default() });
    stage.now = Millis(90_000);
    let mut stage = stage.restart();
    stage.now = Millis(90_099);
    assert_eq!(stage.input(Input::Reap), [""; 0]);
    stage.now = Millis(90_100);
    assert_eq!(stage.input(Input::Reap), ["publish session_closed", "end streams", "retire"]);
}

/// X2: heartbeats prompts streams and a zero timeout keep a session.
#[test]
fn x2_heartbeats_prompts_streams_and_a_zero_timeout_keep_a_session() {
    let config = || SessionConfig { idle_timeout: Millis(100), ..SessionConfig::default() };
    let reaped_at = |stage: &mut Stage, at: u64| {
        stage.now = Millis(at);
        !stage.input(Input::Reap).is_empty()
    };
    let mut stage = Stage::new(config());
    stage.now = Millis(1_050);
    stage.command(None, Command::Heartbeat);
    assert!(!reaped_at(&mut stage, 1_149));
    stage.send("p1");
    assert!(!reaped_at(&mut stage, 9_000), "a prompt is pending");
    stage.finish("end_turn");
    assert!(!reaped_at(&mut stage, 9_099), "its end was a sign of life");
    stage.input(Input::Subscribers(1));
    assert!(!reaped_at(&mut stage, 99_000));
    stage.input(Input::Subscribers(0));
    assert!(reaped_at(&mut stage, 99_000));

    let mut kept = Stage::new(SessionConfig { idle_timeout: Millis(0), ..SessionConfig::default() });
    assert!(!reaped_at(&mut kept, u64::MAX));
}

/// X3: a lost agent ends prompts first and the session then.
#[test]
fn x3_a_lost_agent_ends_prompts_first_and_the_session_then() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    stage.ask("r1");
    stage.command(Some("a"), Command::SetModel { model_id: "m".into() });
    let lost = AgentInput::Lost { reason: "the agent exited".into(), exit_code: Some(9), signal: None };
    assert_eq!(
        stage.agent(lost),
        [
            "publish permission_resolved p1",
            "publish turn_error p1",
            "record settled p1",
            "publish turn_error p2",
            "record settled p2",
            "publish pending_prompt_completed p2",
            "publish session_died",
            "reply no agent serves the session",
            "end streams",
            "retire",
        ]
    );
    assert_eq!(
        stage.data(&EventType::TurnError),
        json!({"sessionId": "s", "message": "the agent exited", "promptId": "p2"})
    );
    assert_eq!(
        stage.data(&EventType::SessionDied),
        json!({"sessionId": "s", "reason": "the agent exited", "exitCode": 9})
    );
}

/// X3: an agent that was ended by a signal is reported with it.
#[test]
fn x3_a_signal_is_named() {
    let mut stage = stage();
    stage.agent(AgentInput::Lost { reason: "killed".into(), exit_code: None, signal: Some("SIGKILL".into()) });
    assert_eq!(
        stage.data(&EventType::SessionDied),
        json!({"sessionId": "s", "reason": "killed", "signalCode": "SIGKILL"})
    );
}

#[test]
fn a_killed_session_says_so() {
    let mut stage = stage();
    stage.send("p1");
    assert_eq!(
        stage.input(Input::Kill { reason: "daemon_shutdown".into() }),
        [
            "notify session/cancel",
            "publish turn_error p1",
            "record settled p1",
            "publish session_died",
            "end streams",
            "retire",
        ]
    );
    assert_eq!(stage.data(&EventType::TurnError)["code"], "session_killed");
    assert_eq!(stage.data(&EventType::SessionDied), json!({"sessionId": "s", "reason": "daemon_shutdown"}));
}
