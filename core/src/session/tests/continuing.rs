//! Going on with an interrupted turn (P15).

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn go_on(stage: &mut Stage) -> Vec<String> {
    stage.command(Some("a"), Command::Continue { prompt_id: "p9".into() })
}

fn verdict(stage: &mut Stage, result: Result<Value, RpcError>) -> Vec<String> {
    let call = stage.last_call();
    stage.agent(AgentInput::Reply { call, result: result.map(|result| raw(&result)) })
}

/// P15: a continued prompt has no words of its own and is not echoed.
#[test]
fn p15_a_turn_that_was_cut_off_goes_on_without_new_words() {
    let mut stage = Stage::new(SessionConfig::default());
    assert_eq!(go_on(&mut stage), ["call qwen/control/session/continue"]);
    assert_eq!(
        verdict(&mut stage, Ok(json!({"accepted": true, "interruption": "interrupted_turn"}))),
        ["record accepted p9", "reply interrupted_turn goes on as p9", "record started p9", "call session/prompt"]
    );
    let call = &stage.calls[1].1;
    assert_eq!(*call, json!({"sessionId": "s", "prompt": [], "_meta": {"qwen.daemon.continueLastTurn": true}}));
    assert_eq!(stage.finish("end_turn"), ["publish turn_complete p9", "record settled p9"]);
}

#[test]
fn where_nothing_was_interrupted_nothing_goes_on() {
    let mut stage = Stage::new(SessionConfig::default());
    go_on(&mut stage);
    let lines = verdict(&mut stage, Ok(json!({"accepted": false, "interruption": "none"})));
    assert_eq!(lines, ["reply none stays"]);
    go_on(&mut stage);
    assert_eq!(verdict(&mut stage, Err(RpcError::new(-32601, "no such method"))), ["reply none stays"]);
    go_on(&mut stage);
    let failed = verdict(&mut stage, Err(RpcError::new(-32603, "broken")));
    assert_eq!(failed, ["reply the agent refused: broken (-32603)"]);
    stage.send("p1");
    assert_eq!(go_on(&mut stage), ["reply none stays"], "a turn runs");
}

#[test]
fn whoever_prompts_while_the_agent_looks_goes_first() {
    let mut stage = Stage::new(SessionConfig::default());
    go_on(&mut stage);
    let call = stage.last_call();
    stage.send("p1");
    let result = Ok(raw(&json!({"accepted": true, "interruption": "interrupted_prompt"})));
    assert_eq!(stage.agent(AgentInput::Reply { call, result }), ["reply interrupted_prompt stays"]);
}

#[test]
fn the_agent_is_worth_asking_only_where_a_turn_may_have_been_broken_off() {
    let mut stage = Stage::new(SessionConfig::default());
    assert!(!stage.session.may_be_broken_off(), "nobody prompted yet");
    stage.send("p1");
    assert!(!stage.session.may_be_broken_off(), "a turn runs");
    stage.finish("end_turn");
    assert!(!stage.session.may_be_broken_off(), "it came to its end");
    stage.send("p2");
    stage.fail();
    assert!(stage.session.may_be_broken_off());
    stage.send("p3");
    stage.finish("end_turn");
    assert!(!stage.session.may_be_broken_off(), "what went wrong before is over");
    stage.send("p4");
    stage.cancel();
    stage.finish("cancelled");
    assert!(stage.session.may_be_broken_off());
    assert!(stage.restart().session.may_be_broken_off(), "a restart cannot tell");
}
