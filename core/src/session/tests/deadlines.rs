//! D3–D5. D1 and D2 are decided where a deadline is read.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn stage() -> Stage {
    Stage::new(SessionConfig { prompt_deadline: Some(Millis(100)), ..SessionConfig::default() })
}

/// D1: without a server deadline a request has none.
#[test]
fn d1_without_a_server_deadline_a_request_has_none() {
    let mut stage = Stage::new(SessionConfig::default());
    let lines = stage.command(None, Command::SendPrompt(SendPrompt { deadline: Some(Millis(5)), ..prompt("p1") }));
    assert!(!lines.iter().any(|line| line.starts_with("wake")));
}

/// D3: waiting in the queue counts.
#[test]
fn d3_waiting_in_the_queue_counts() {
    let mut stage = stage();
    assert_eq!(stage.send("p1").last().map(String::as_str), Some("wake 1100"));
    stage.pass(60);
    stage.send("p2");
    stage.finish("end_turn");
    assert_eq!(stage.session.next_wake(), Some(Millis(1_160)), "from admission, not from its start");
}

/// D4: an expired running prompt is reported before it is cancelled, and frees the queue when the agent has come back from it. A late result
/// publishes nothing.
#[test]
fn d4_an_expired_running_prompt_is_reported_before_it_is_cancelled_and_frees_the_queue() {
    let mut stage = stage();
    stage.send("p1");
    stage.ask("r1");
    stage.pass(50);
    stage.send("p2");
    let late = stage.call.expect("p1 runs");
    assert_eq!(
        stage.pass(50),
        [
            "publish turn_error p1",
            "record settled p1",
            "publish prompt_cancelled p1",
            "notify session/cancel",
            "publish permission_resolved p1",
            r#"answer 1 {"outcome":{"outcome":"cancelled"}}"#,
            "wake 1150",
        ]
    );
    let error = json!({"sessionId": "s", "message": "prompt exceeded the 100ms deadline", "code": "prompt_deadline_exceeded", "promptId": "p1"});
    assert_eq!(stage.data(&EventType::TurnError), error);
    assert!(!stage.session.status().has_active_prompt);
    let result = Ok(raw(&json!({"stopReason": "cancelled"})));
    assert_eq!(
        stage.agent(AgentInput::Reply { call: late, result }),
        ["record started p2", "publish pending_prompt_started p2", "publish session_update p2", "call session/prompt"]
    );
    assert_eq!(stage.pending()[0]["promptId"], "p2");
}

/// D4: what the agent says before it has come back from an expired prompt belongs to that one, and what it asks is put to nobody.
#[test]
fn d4_late_words_belong_to_the_prompt_that_has_expired() {
    let mut stage = stage();
    stage.send("p1");
    stage.pass(100);
    assert!(!stage.send("p2").contains(&"call session/prompt".to_owned()), "it waits for the agent");
    assert_eq!(stage.say("late"), ["publish session_update p1"]);
    assert_eq!(stage.ask("r1"), [r#"answer 1 {"outcome":{"outcome":"cancelled"}}"#]);
    stage.finish("cancelled");
    assert_eq!(stage.say("in time"), ["publish session_update p2"]);
}

/// D4: an agent that does not come back is not waited for longer than a second.
#[test]
fn d4_an_agent_that_does_not_come_back_holds_nobody_up() {
    let mut stage = Stage::new(SessionConfig { prompt_deadline: Some(Millis(5_000)), ..SessionConfig::default() });
    stage.send("p1");
    stage.pass(5_000);
    let late = stage.call.expect("p1 ran");
    stage.send("p2");
    assert_eq!(stage.session.next_wake(), Some(Millis(7_000)));
    assert_eq!(stage.pass(999), ["wake 7000"]);
    assert!(stage.pass(1).contains(&"call session/prompt".to_owned()));
    let result = Ok(raw(&json!({"stopReason": "end_turn"})));
    assert_eq!(stage.agent(AgentInput::Reply { call: late, result }), [""; 0], "a late result publishes nothing");
    assert_eq!(stage.say("on"), ["publish session_update p2"]);
}

/// D4: a prompt cancelled before it expired is not cancelled again.
#[test]
fn d4_a_prompt_cancelled_before_it_expired_is_not_cancelled_again() {
    let mut stage = stage();
    stage.send("p1");
    stage.cancel();
    assert_eq!(stage.pass(100), ["publish turn_error p1", "record settled p1", "notify session/cancel", "wake 2100"]);
}

/// D4, D5: prompts that expire together end together, and none of them is handed to the agent on the way.
#[test]
fn d4_what_expires_at_the_same_moment_never_starts() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    assert!(stage.session.status().has_active_prompt);
    let lines = stage.pass(100);
    assert_eq!(lines.iter().filter(|line| line.starts_with("publish turn_error")).count(), 2, "{lines:?}");
    assert_eq!(stage.calls.len(), 1);
    assert!(!stage.session.status().has_active_prompt);
    assert_eq!(stage.pending(), json!([]));
}

/// D4: a prompt that was taken back and never came back from the agent ends with its time, once.
#[test]
fn d4_a_removed_prompt_the_agent_never_ends_expires() {
    let mut stage = stage();
    stage.send("p1");
    stage.remove("p1");
    assert_eq!(stage.pass(100), ["publish turn_error p1", "record settled p1", "notify session/cancel", "wake 2100"]);
    assert_eq!(stage.finish("cancelled"), [""; 0]);
}

/// D5: an expired queued prompt is never dispatched.
#[test]
fn d5_an_expired_queued_prompt_is_never_dispatched() {
    let mut stage = stage();
    let long = SessionConfig { prompt_deadline: Some(Millis(10_000)), ..SessionConfig::default() };
    stage.session.config = long;
    stage.send("p1");
    stage.command(None, Command::SendPrompt(SendPrompt { deadline: Some(Millis(10)), ..prompt("p2") }));
    assert_eq!(
        stage.pass(10),
        ["publish turn_error p2", "record settled p2", "publish pending_prompt_completed p2", "wake 11000",]
    );
    assert_eq!(stage.session.status().turn_error, None, "P13 speaks of running prompts");
    assert_eq!(stage.finish("end_turn"), ["publish turn_complete p1", "record settled p1"]);
    assert_eq!(stage.calls.len(), 1);
}

#[test]
fn a_tick_out_of_season_is_harmless() {
    let mut stage = stage();
    stage.send("p1");
    assert_eq!(stage.pass(99), ["wake 1100"]);
    assert_eq!(stage.finish("end_turn"), ["publish turn_complete p1", "record settled p1"]);
    assert_eq!(stage.pass(1), [""; 0]);
}
