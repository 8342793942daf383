//! A restart of the daemon: every accepted prompt still gets exactly one terminal.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::Envelope;

fn ready(stage: &mut Stage) -> Vec<String> {
    stage.agent(AgentInput::Ready(AgentState::default()))
}

fn lines(stage: &Stage) -> Vec<&str> {
    stage.published.iter().map(|draft| draft.kind.as_str()).collect()
}

#[test]
fn a_prompt_that_was_with_the_agent_is_settled_and_the_waiting_ones_run() {
    let mut before = Stage::new(SessionConfig::default());
    for id in ["p1", "p2", "p3"] {
        before.send(id);
    }
    before.remove("p3");
    let mut after = before.restart();
    assert_eq!(lines(&after), ["turn_error"]);
    assert_eq!(after.data(&EventType::TurnError)["code"], "daemon_restarted");
    assert_eq!(after.latest(&EventType::TurnError).prompt_id, Some("p1".into()));
    assert_eq!(after.session.status().turn_error.and_then(|failure| failure.code).as_deref(), Some("daemon_restarted"));
    assert_eq!(after.pending()[0]["promptId"], "p2");
    assert_eq!(
        ready(&mut after),
        ["record started p2", "publish pending_prompt_started p2", "publish session_update p2", "call session/prompt",]
    );
    assert_eq!(
        after.finish("end_turn"),
        ["publish turn_complete p2", "record settled p2", "publish pending_prompt_completed p2"]
    );
    assert_eq!(lines(&after.restart()), [""; 0], "nothing is owed any more");
}

#[test]
fn a_second_restart_settles_nothing_twice() {
    let mut before = Stage::new(SessionConfig::default());
    before.send("p1");
    let after = before.restart();
    assert_eq!(lines(&after), ["turn_error"]);
    assert_eq!(lines(&after.restart()), [""; 0]);
}

#[test]
fn a_terminal_in_the_journal_settles_a_prompt_whose_record_was_lost() {
    let mut before = Stage::new(SessionConfig::default());
    before.send("p1");
    let json = r#"{"id":3,"v":1,"type":"turn_complete","promptId":"p1","data":{}}"#;
    let event: Envelope = serde_json::from_str(json).expect("an envelope");
    before.ledger.extend(LedgerEntry::from_event(&event));
    assert_eq!(lines(&before.restart()), [""; 0]);
}

#[test]
fn a_queued_prompt_keeps_its_deadline_over_a_restart() {
    let mut before = Stage::new(SessionConfig { prompt_deadline: Some(Millis(100)), ..SessionConfig::default() });
    before.send("p1");
    before.send("p2");
    let mut after = before.restart();
    assert_eq!(after.session.next_wake(), Some(Millis(1_100)));
    assert_eq!(after.pass(100), ["publish turn_error p2", "record settled p2", "publish pending_prompt_completed p2"]);
    assert_eq!(ready(&mut after), [""; 0]);
}

#[test]
fn a_decision_and_a_name_are_remembered() {
    let mut before = Stage::new(SessionConfig::default());
    before.send("p1");
    before.ask("r1");
    before.vote(Some("a"), "r1", "yes");
    let display_name = DisplayName::parse("Mine").expect("a name");
    before.command(None, Command::Rename { display_name });
    let mut after = before.restart();
    assert_eq!(after.vote(None, "r1", "yes").len(), 2, "a late vote learns the outcome");
    let status = after.session.status();
    assert_eq!(status.display_name.as_ref().map(DisplayName::as_str), Some("Mine"));
    assert_eq!(status.title_source, Some(TitleSource::Manual));
}

#[test]
fn a_ledger_entry_survives_json() {
    let mut stage = Stage::new(SessionConfig { prompt_deadline: Some(Millis(100)), ..SessionConfig::default() });
    stage.send("p1");
    stage.ask("r1");
    stage.vote(Some("a"), "r1", "yes");
    stage.vote_cancelled(None, "r1");
    stage.finish("end_turn");
    for entry in &stage.ledger {
        let line = serde_json::to_string(entry).expect("an entry is JSON");
        assert!(!line.contains('\n'));
        let read: LedgerEntry = serde_json::from_str(&line).expect("what was written");
        assert_eq!(serde_json::to_string(&read).expect("an entry is JSON"), line);
    }
}

#[test]
fn prompts_accepted_while_no_agent_serves_run_in_order_once_one_does() {
    let mut stage = Stage::new(SessionConfig::default()).restart();
    stage.command(None, ask("p1"));
    stage.command(None, ask("p2"));
    assert_eq!(stage.calls, []);
    ready(&mut stage);
    stage.finish("end_turn");
    stage.finish("end_turn");
    assert_eq!(lines(&stage).iter().filter(|kind| **kind == "turn_complete").count(), 2);
}

/// V16: a request that was open when the daemon went down is closed before its prompt is, as an acknowledged vote decided it.
#[test]
fn a_request_nobody_is_left_to_answer_is_closed_as_its_vote_decided_or_cancelled() {
    let event = |json: &str| {
        let event: Envelope = serde_json::from_str(json).expect("an envelope");
        LedgerEntry::from_event(&event).expect("it concerns the ledger")
    };
    let asked = r#"{"id":3,"v":1,"type":"permission_request","promptId":"p1","data":{"requestId":"r1"}}"#;
    let resolved = r#"{"id":4,"v":1,"type":"permission_resolved","promptId":"p1","data":{"requestId":"r1","outcome":{"outcome":"selected","optionId":"yes"}}}"#;
    let voted = LedgerEntry::VoteRecorded {
        request_id: "r1".into(),
        voter: None,
        outcome: Outcome::Selected { option_id: "yes".into() },
        decided: true,
        at: Millis(1),
    };
    let restarted = |entries: Vec<LedgerEntry>| {
        let mut before = Stage::new(SessionConfig::default());
        before.send("p1");
        before.ledger.extend(entries);
        before.restart()
    };
    let cancelled = restarted(vec![event(asked)]);
    assert_eq!(lines(&cancelled), ["permission_resolved", "turn_error"]);
    assert_eq!(cancelled.data(&EventType::PermissionResolved)["outcome"]["outcome"], "cancelled");
    assert_eq!(cancelled.latest(&EventType::PermissionResolved).prompt_id, Some("p1".into()));
    let decided = restarted(vec![event(asked), voted]);
    assert_eq!(decided.data(&EventType::PermissionResolved)["outcome"]["optionId"], "yes");
    assert_eq!(lines(&restarted(vec![event(asked), event(resolved)])), ["turn_error"], "it is not closed twice");
}
