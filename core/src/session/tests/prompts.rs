//! P1–P16.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn stage() -> Stage {
    Stage::new(SessionConfig::default())
}

/// P1: a prompt is refused by closing first then by its client then by the cap.
#[test]
fn p1_a_prompt_is_refused_by_closing_first_then_by_its_client_then_by_the_cap() {
    let mut stage = Stage::new(SessionConfig { max_pending_prompts: 1, ..SessionConfig::default() });
    stage.send("p1");
    assert_eq!(stage.command(Some("stranger"), ask("p2")), ["reply client stranger is not registered on this session"]);
    assert_eq!(stage.send("p2"), ["reply 1 prompts are pending, the limit is 1"]);
    stage.command(Some("a"), Command::Close);
    assert_eq!(stage.command(Some("stranger"), ask("p3")), ["reply the session is closed"]);
}

/// P2: a full queue refuses and changes nothing.
#[test]
fn p2_a_full_queue_refuses_and_changes_nothing() {
    let mut stage = stage();
    for id in ["p1", "p2", "p3", "p4", "p5"] {
        stage.send(id);
    }
    let before = (stage.published.len(), stage.pending());
    assert_eq!(stage.send("p6"), ["reply 5 prompts are pending, the limit is 5"]);
    assert_eq!((stage.published.len(), stage.pending()), before);
}

/// P2: a cap of zero is no cap.
#[test]
fn p2_a_cap_of_zero_is_no_cap() {
    let mut stage = Stage::new(SessionConfig { max_pending_prompts: 0, ..SessionConfig::default() });
    for number in 0..100 {
        assert!(stage.send(&format!("p{number}")).contains(&format!("reply accepted p{number}")));
    }
}

/// P3: the first prompt starts at once and any other is announced.
#[test]
fn p3_the_first_prompt_starts_at_once_and_any_other_is_announced() {
    let mut stage = stage();
    assert_eq!(
        stage.send("p1"),
        [
            "record accepted p1",
            "reply accepted p1",
            "record started p1",
            "publish session_update p1",
            "call session/prompt",
        ]
    );
    assert_eq!(stage.send("p2"), ["record accepted p2", "publish pending_prompt_added p2", "reply accepted p2"]);
    let added = json!({"sessionId": "s", "promptId": "p2", "text": "say p2", "queuedAt": 1000});
    assert_eq!(stage.data(&EventType::PendingPromptAdded), added);
    assert_eq!(stage.originator(&EventType::PendingPromptAdded), Some("a"));
}

/// P4: the next prompt starts only when the one before has settled.
#[test]
fn p4_the_next_prompt_starts_only_when_the_one_before_has_settled() {
    let mut stage = stage();
    for id in ["p1", "p2", "p3"] {
        stage.send(id);
    }
    let prompts = |stage: &Stage| stage.calls.iter().filter(|(method, _)| *method == "session/prompt").count();
    assert_eq!(prompts(&stage), 1);
    stage.finish("end_turn");
    assert_eq!(prompts(&stage), 2);
    stage.fail();
    assert_eq!(prompts(&stage), 3);
}

/// P5: a queued prompt starts with its news then its echo then the agent.
#[test]
fn p5_a_queued_prompt_starts_with_its_news_then_its_echo_then_the_agent() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    assert_eq!(
        stage.finish("end_turn"),
        [
            "publish turn_complete p1",
            "record settled p1",
            "record started p2",
            "publish pending_prompt_started p2",
            "publish session_update p2",
            "call session/prompt",
        ]
    );
    let started = json!({"sessionId": "s", "promptId": "p2", "text": "say p2"});
    assert_eq!(stage.data(&EventType::PendingPromptStarted), started);
}

#[test]
fn an_accepted_prompt_is_on_disk_before_the_agent_or_the_client_hears_of_it() {
    let lines = stage().send("p1");
    let at = |line: &str| lines.iter().position(|other| other == line).expect("it happens");
    assert!(at("record accepted p1") < at("call session/prompt"));
    assert!(at("record started p1") < at("call session/prompt"));
    assert!(at("record accepted p1") < at("reply accepted p1"));
}

#[test]
fn the_echo_is_one_frame_a_block_and_at_most_256() {
    let mut stage = stage();
    let blocks = (0..300).map(|number| raw(&json!({"type": "text", "text": number.to_string()}))).collect();
    let lines = stage.command(Some("a"), Command::SendPrompt(SendPrompt { blocks, ..prompt("p1") }));
    assert_eq!(lines.iter().filter(|line| *line == "publish session_update p1").count(), 256);
    assert_eq!(
        stage.latest(&EventType::SessionUpdate).data.get(),
        r#"{"sessionId":"s","update":{"sessionUpdate":"user_message_chunk","content":{"type":"text","text":"255"},"_meta":{"serverTimestamp":1000,"source":"bridge-echo"}}}"#
    );
    assert_eq!(stage.calls[0].1["prompt"].as_array().map(Vec::len), Some(300));
}

/// P7: a turn ends with the agents stop reason or end turn.
#[test]
fn p7_a_turn_ends_with_the_agents_stop_reason_or_end_turn() {
    let mut stage = stage();
    stage.send("p1");
    stage.finish("max_tokens");
    assert_eq!(
        stage.data(&EventType::TurnComplete),
        json!({"sessionId": "s", "stopReason": "max_tokens", "promptId": "p1"})
    );
    stage.send("p2");
    let call = stage.call.expect("it runs");
    stage.agent(AgentInput::Reply { call, result: Ok(raw(&json!({}))) });
    assert_eq!(stage.data(&EventType::TurnComplete)["stopReason"], "end_turn");
    stage.send("p3");
    let call = stage.call.expect("it runs");
    stage.agent(AgentInput::Reply { call, result: Ok(raw(&json!("nonsense"))) });
    assert_eq!(stage.data(&EventType::TurnComplete)["stopReason"], "end_turn");
}

/// P7: a second reply to the same call publishes nothing.
#[test]
fn p7_a_second_reply_to_the_same_call_publishes_nothing() {
    let mut stage = stage();
    stage.send("p1");
    stage.finish("end_turn");
    assert_eq!(stage.finish("end_turn"), [""; 0]);
    assert_eq!(stage.fail(), [""; 0]);
}

/// P8: a prompt that was queued is completed after its terminal.
#[test]
fn p8_a_prompt_that_was_queued_is_completed_after_its_terminal() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    stage.finish("end_turn");
    assert_eq!(
        stage.finish("end_turn"),
        ["publish turn_complete p2", "record settled p2", "publish pending_prompt_completed p2"]
    );
    assert_eq!(
        stage.data(&EventType::PendingPromptCompleted),
        json!({"sessionId": "s", "promptId": "p2", "state": "completed"})
    );
}

/// P9: a removed queued prompt never reaches the agent.
#[test]
fn p9_a_removed_queued_prompt_never_reaches_the_agent() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    assert_eq!(
        stage.remove("p2"),
        ["publish pending_prompt_completed p2", "publish turn_complete p2", "record settled p2", "reply removed true",]
    );
    assert_eq!(stage.data(&EventType::PendingPromptCompleted)["state"], "removed");
    assert_eq!(stage.data(&EventType::TurnComplete)["stopReason"], "cancelled");
    assert_eq!(stage.pending().as_array().map(Vec::len), Some(1));
    assert_eq!(stage.finish("end_turn"), ["publish turn_complete p1", "record settled p1"]);
    assert_eq!(stage.calls.len(), 1);
}

/// P9: the slot of a removed prompt is free when its turn comes.
#[test]
fn p9_the_slot_of_a_removed_prompt_is_free_when_its_turn_comes() {
    let mut stage = Stage::new(SessionConfig { max_pending_prompts: 2, ..SessionConfig::default() });
    stage.send("p1");
    stage.send("p2");
    stage.remove("p2");
    assert_eq!(stage.send("p3"), ["reply 2 prompts are pending, the limit is 2"]);
    stage.finish("end_turn");
    assert!(stage.send("p3").contains(&"reply accepted p3".to_owned()));
}

/// P10: removing the running prompt cancels it and its terminal comes from the agent.
#[test]
fn p10_removing_the_running_prompt_cancels_it_and_its_terminal_comes_from_the_agent() {
    let mut stage = stage();
    stage.send("p1");
    assert_eq!(
        stage.remove("p1"),
        [
            "publish prompt_cancelled p1",
            "publish pending_prompt_completed p1",
            "notify session/cancel",
            "reply removed true",
        ]
    );
    assert_eq!(stage.originator(&EventType::PromptCancelled), Some("b"));
    assert_eq!(stage.pending(), json!([]));
    assert_eq!(stage.remove("p1"), ["reply removed false"]);
    assert_eq!(stage.finish("cancelled"), ["publish turn_complete p1", "record settled p1"]);
    assert_eq!(stage.remove("p1"), ["reply removed false"]);
    assert_eq!(stage.remove("never"), ["reply removed false"]);
}

/// P10: a removed running prompt that fails was cancelled.
#[test]
fn p10_a_removed_running_prompt_that_fails_was_cancelled() {
    let mut stage = stage();
    stage.send("p1");
    stage.remove("p1");
    assert_eq!(stage.fail(), ["publish turn_complete p1", "record settled p1"]);
    assert_eq!(stage.data(&EventType::TurnComplete)["stopReason"], "cancelled");
    assert_eq!(stage.session.status().turn_error, None);
}

/// P10: one that had waited is completed once, by its removal.
#[test]
fn p10_a_removed_running_prompt_that_had_waited_is_completed_once() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    stage.finish("end_turn");
    assert!(stage.remove("p2").contains(&"publish pending_prompt_completed p2".to_owned()));
    assert_eq!(stage.finish("cancelled"), ["publish turn_complete p2", "record settled p2"]);
}

/// P10, P11: whichever comes second, cancel or removal, announces no second cancellation.
#[test]
fn p10_a_cancel_and_a_removal_announce_one_cancellation() {
    let mut cancelled_first = stage();
    cancelled_first.send("p1");
    cancelled_first.cancel();
    assert_eq!(
        cancelled_first.remove("p1"),
        ["publish pending_prompt_completed p1", "notify session/cancel", "reply removed true"]
    );
    let mut removed_first = stage();
    removed_first.send("p1");
    removed_first.remove("p1");
    assert_eq!(removed_first.cancel(), ["notify session/cancel", "reply ok"]);
}

/// P11: cancel tells everybody once closes permissions and leaves the queue alone.
#[test]
fn p11_cancel_tells_everybody_once_closes_permissions_and_leaves_the_queue_alone() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    stage.ask("r1");
    stage.now = Millis(1_500);
    assert_eq!(
        stage.cancel(),
        [
            "publish prompt_cancelled p1",
            "notify session/cancel",
            "publish permission_resolved p1",
            r#"answer 1 {"outcome":{"outcome":"cancelled"}}"#,
            "reply ok",
        ]
    );
    assert_eq!(stage.data(&EventType::PromptCancelled), json!({"sessionId": "s"}));
    assert_eq!(stage.originator(&EventType::PromptCancelled), Some("b"));
    assert_eq!(stage.cancel(), ["notify session/cancel", "reply ok"]);
    stage.now = Millis(1_700);
    stage.finish("cancelled");
    assert_eq!(
        stage.data(&EventType::TurnComplete),
        json!({"sessionId": "s", "stopReason": "cancelled", "promptId": "p1", "promptCancelled": {"cancelledAt": 1500, "elapsedMs": 500}})
    );
    assert_eq!(stage.pending()[0]["state"], "running");
    assert_eq!(stage.pending()[0]["promptId"], "p2");
    assert_eq!(stage.cancel()[0], "publish prompt_cancelled p2", "the latch is per run");
}

/// P11: cancelling an idle session does nothing.
#[test]
fn p11_cancelling_an_idle_session_does_nothing() {
    assert_eq!(stage().cancel(), ["reply ok"]);
}

/// P12: a failed call cancels then closes permissions then reports.
#[test]
fn p12_a_failed_call_cancels_then_closes_permissions_then_reports() {
    let mut stage = stage();
    stage.send("p1");
    stage.ask("r1");
    assert_eq!(
        stage.fail(),
        [
            "publish prompt_cancelled p1",
            "publish permission_resolved p1",
            r#"answer 1 {"outcome":{"outcome":"cancelled"}}"#,
            "publish turn_error p1",
            "record settled p1",
        ]
    );
    assert_eq!(stage.data(&EventType::PromptCancelled), json!({"sessionId": "s", "reason": "forward_failed"}));
    assert_eq!(stage.originator(&EventType::PromptCancelled), stage.originator(&EventType::TurnError));
    assert_eq!(
        stage.data(&EventType::TurnError),
        json!({"sessionId": "s", "message": "no credit", "code": "-32603", "errorKind": "auth", "promptId": "p1"})
    );
}

/// P12: a failure after a cancel does not cancel again.
#[test]
fn p12_a_failure_after_a_cancel_does_not_cancel_again() {
    let mut stage = stage();
    stage.send("p1");
    stage.cancel();
    assert_eq!(stage.fail(), ["publish turn_error p1", "record settled p1"]);
}

/// P13: the turn error stays until the next prompt starts.
#[test]
fn p13_the_turn_error_stays_until_the_next_prompt_starts() {
    let mut stage = stage();
    stage.send("p1");
    stage.fail();
    let failure = stage.session.status().turn_error.expect("the prompt failed");
    assert_eq!(json!(failure), json!({"message": "no credit", "code": "-32603", "errorKind": "auth"}));
    stage.send("p2");
    assert_eq!(stage.session.status().turn_error, None);
}

/// P13: a running prompt that expires has failed, too.
#[test]
fn p13_a_prompt_that_expired_while_it_ran_is_the_turn_error() {
    let mut stage = Stage::new(SessionConfig { prompt_deadline: Some(Millis(100)), ..SessionConfig::default() });
    stage.send("p1");
    stage.pass(100);
    let code = stage.session.status().turn_error.and_then(|failure| failure.code);
    assert_eq!(code.as_deref(), Some("prompt_deadline_exceeded"));
}

/// P14: every pending prompt ends before the session does.
#[test]
fn p14_every_pending_prompt_ends_before_the_session_does() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    assert_eq!(
        stage.command(Some("a"), Command::Close),
        [
            "notify session/cancel",
            "publish turn_error p1",
            "record settled p1",
            "publish turn_error p2",
            "record settled p2",
            "publish pending_prompt_completed p2",
            "publish session_closed",
            "end streams",
            "reply ok",
            "retire",
        ]
    );
    assert_eq!(stage.data(&EventType::TurnError)["code"], "session_closed");
}

/// P14: killing a session ends its prompts the same way, the queued and the taken back ones too.
#[test]
fn p14_a_killed_session_settles_every_prompt_it_holds() {
    let mut stage = stage();
    stage.send("p1");
    stage.send("p2");
    stage.remove("p1");
    assert_eq!(
        stage.input(Input::Kill { reason: "stop".into() }),
        [
            "notify session/cancel",
            "publish turn_error p1",
            "record settled p1",
            "publish turn_error p2",
            "record settled p2",
            "publish pending_prompt_completed p2",
            "publish session_died",
            "end streams",
            "retire",
        ]
    );
    assert_eq!(stage.data(&EventType::TurnError)["code"], "session_killed");
}

/// P15: a retry is honoured only right after a failure.
#[test]
fn p15_a_retry_is_honoured_only_right_after_a_failure() {
    let mut stage = stage();
    let retry = |id| Command::SendPrompt(SendPrompt { intent: PromptIntent::Retry, ..prompt(id) });
    let lines = stage.command(Some("a"), retry("p1"));
    assert!(lines.contains(&"publish session_update p1".to_owned()), "nothing had failed: an ordinary prompt");
    assert_eq!(stage.calls[0].1.get("_meta"), None);
    stage.fail();
    let lines = stage.command(Some("a"), retry("p2"));
    assert!(!lines.contains(&"publish session_update p2".to_owned()), "a retry is not echoed");
    assert_eq!(stage.calls[1].1["_meta"], json!({"qwen.daemon.retry": true}));
    stage.finish("end_turn");
    stage.command(Some("a"), retry("p3"));
    assert_eq!(stage.calls[2].1.get("_meta"), None);
}

/// P15: a retry that waited is judged by the turn that ended right before it.
#[test]
fn p15_a_retry_that_waited_is_judged_when_it_starts() {
    for (ends_well, echoed) in [(true, true), (false, false)] {
        let mut stage = stage();
        stage.send("p1");
        stage.command(None, Command::SendPrompt(SendPrompt { intent: PromptIntent::Retry, ..prompt("p2") }));
        let lines = if ends_well { stage.finish("end_turn") } else { stage.fail() };
        assert_eq!(lines.contains(&"publish session_update p2".to_owned()), echoed, "{lines:?}");
    }
}

/// P15: a continued prompt is not echoed.
#[test]
fn p15_a_continued_prompt_is_not_echoed() {
    let mut stage = stage();
    let lines = stage.command(None, Command::SendPrompt(SendPrompt { intent: PromptIntent::Continue, ..prompt("p1") }));
    assert!(!lines.contains(&"publish session_update p1".to_owned()));
    assert_eq!(stage.calls[0].1["_meta"], json!({"qwen.daemon.continueLastTurn": true}));
}

/// P16: the daemons meta keys are stripped and all else is forwarded.
#[test]
fn p16_the_daemons_meta_keys_are_stripped_and_all_else_is_forwarded() {
    let mut stage = stage();
    let object = |value: Value| value.as_object().cloned().expect("an object");
    let meta = object(json!({
        "qwen.daemon.retry": true,
        "qwen.daemon.continueLastTurn": true,
        "qwen-code/invocation": {"trusted": true},
        "mine": 1,
    }));
    let extra = object(json!({"messageId": "x"}));
    stage.command(Some("a"), Command::SendPrompt(SendPrompt { meta, extra, ..prompt("p1") }));
    assert_eq!(
        stage.calls[0].1,
        json!({"sessionId": "s", "prompt": [{"type": "text", "text": "say p1"}], "messageId": "x", "_meta": {"mine": 1}})
    );
}

#[test]
fn the_pending_list_shows_text_state_and_sender_oldest_first() {
    let mut stage = stage();
    let blocks = vec![
        raw(&json!({"type": "text", "text": "look"})),
        raw(&json!({"type": "image", "data": ""})),
        raw(&json!({"type": "text", "text": "here"})),
    ];
    let picture = vec![raw(&json!({"type": "image", "data": ""})), raw(&json!({"type": "text", "text": ""}))];
    stage.command(None, Command::SendPrompt(SendPrompt { blocks, ..prompt("p1") }));
    stage.send("p2");
    stage.command(None, Command::SendPrompt(SendPrompt { blocks: picture, ..prompt("p3") }));
    assert_eq!(
        stage.pending(),
        json!([
            {"promptId": "p1", "text": "look\nhere", "queuedAt": 1000, "state": "running"},
            {"promptId": "p2", "text": "say p2", "queuedAt": 1000, "state": "queued", "originatorClientId": "a"},
            {"promptId": "p3", "text": "[image]", "queuedAt": 1000, "state": "queued"},
        ])
    );
}

#[test]
fn agent_output_carries_the_running_prompt_and_its_sender_and_passes_untouched() {
    let mut stage = stage();
    let chunk = |text: &str| AgentInput::Update {
        kind: UpdateKind::from("agent_message_chunk"),
        params: raw(&json!({"sessionId": "s", "update": {"sessionUpdate": "agent_message_chunk", "content": text}})),
    };
    stage.agent(chunk("before"));
    assert_eq!(
        (&stage.latest(&EventType::SessionUpdate).prompt_id, stage.originator(&EventType::SessionUpdate)),
        (&None, None)
    );
    stage.send("p1");
    assert_eq!(stage.agent(chunk("during")), ["publish session_update p1"]);
    assert_eq!(stage.originator(&EventType::SessionUpdate), Some("a"));
    assert_eq!(stage.data(&EventType::SessionUpdate)["update"]["content"], "during");
}
