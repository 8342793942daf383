//! C6, C9, C10.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn attach(stage: &mut Stage, client: Option<&str>, fresh: &str) -> Vec<String> {
    stage.command(client, Command::Attach { fresh: fresh.into() })
}

fn detach(stage: &mut Stage, client: &str) -> Vec<String> {
    stage.command(Some(client), Command::Detach)
}

/// C6: a registered id is counted again and any other is replaced.
#[test]
fn c6_a_registered_id_is_counted_again_and_any_other_is_replaced() {
    let mut stage = Stage::new(SessionConfig::default());
    assert_eq!(attach(&mut stage, Some("a"), "x"), ["reply attached a"]);
    assert_eq!(attach(&mut stage, Some("stranger"), "y"), ["reply attached y"]);
    let status = stage.session.status();
    assert_eq!((status.client_count, status.attach_count), (3, 4));
    detach(&mut stage, "a");
    assert!(stage.session.is_registered(&"a".into()), "it had attached twice");
    detach(&mut stage, "a");
    assert!(!stage.session.is_registered(&"a".into()));
}

#[test]
fn an_attaching_client_learns_whether_a_prompt_runs() {
    let mut stage = Stage::new(SessionConfig::default());
    let active = |stage: &mut Stage| {
        let command = Command::Attach { fresh: "x".into() };
        let effects = stage.session.handle(stage.now, Input::Command { ticket: Ticket(1), client: None, command });
        matches!(&effects[..], [Effect::Reply { answer: Answer::Attach(Ok(attached)), .. }] if attached.has_active_prompt)
    };
    assert!(!active(&mut stage));
    stage.send("p1");
    assert!(active(&mut stage));
}

/// C9: the last client to leave an unused session closes it.
#[test]
fn c9_the_last_client_to_leave_an_unused_session_closes_it() {
    let mut stage = Stage::new(SessionConfig::default());
    assert_eq!(detach(&mut stage, "a"), ["reply ok"]);
    assert_eq!(detach(&mut stage, "b"), ["reply ok", "publish session_closed", "end streams", "retire"]);
    assert_eq!(stage.data(&EventType::SessionClosed), json!({"sessionId": "s", "reason": "last_client_detached"}));
}

/// C9: an open stream keeps the session and its end does not close it.
#[test]
fn c9_an_open_stream_keeps_the_session_and_its_end_does_not_close_it() {
    let mut stage = Stage::new(SessionConfig::default());
    stage.input(Input::Subscribers(1));
    detach(&mut stage, "a");
    assert_eq!(detach(&mut stage, "b"), ["reply ok"]);
    assert_eq!(stage.input(Input::Subscribers(0)), [""; 0]);
    assert!(!stage.session.is_closed());
}

/// C9: the check runs again when the last prompt settles.
#[test]
fn c9_the_check_runs_again_when_the_last_prompt_settles() {
    let mut stage = Stage::new(SessionConfig::default());
    stage.send("p1");
    detach(&mut stage, "a");
    assert_eq!(detach(&mut stage, "b"), ["reply ok"]);
    assert_eq!(
        stage.finish("end_turn"),
        ["publish turn_complete p1", "record settled p1", "publish session_closed", "end streams", "retire"]
    );
}

/// C9: a client that came back keeps the session.
#[test]
fn c9_a_client_that_came_back_keeps_the_session() {
    let mut stage = Stage::new(SessionConfig::default());
    stage.send("p1");
    detach(&mut stage, "a");
    detach(&mut stage, "b");
    attach(&mut stage, None, "c");
    stage.finish("end_turn");
    assert!(!stage.session.is_closed());
}

/// C10: a heartbeat is for the session and for the client that names itself.
#[test]
fn c10_a_heartbeat_is_for_the_session_and_for_the_client_that_names_itself() {
    let mut stage = Stage::new(SessionConfig::default());
    stage.now = Millis(2_000);
    assert_eq!(stage.command(None, Command::Heartbeat), ["reply seen at 2000"]);
    assert_eq!(stage.session.client_last_seen_at(&"a".into()), None);
    stage.now = Millis(3_000);
    stage.command(Some("a"), Command::Heartbeat);
    assert_eq!(stage.session.client_last_seen_at(&"a".into()), Some(Millis(3_000)));
    assert_eq!(stage.session.client_last_seen_at(&"b".into()), None);
    assert_eq!(stage.session.status().last_seen_at, Some(Millis(3_000)));
}
