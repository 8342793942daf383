//! V1–V8, V16, V17.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// A session whose prompt `p1`, sent by `a`, runs.
fn stage() -> Stage {
    let mut stage = Stage::new(SessionConfig::default());
    stage.send("p1");
    stage
}

const CANCELLED: &str = r#"{"outcome":{"outcome":"cancelled"}}"#;

/// V1: a request that offers the sentinel is an error of the agents.
#[test]
fn v1_a_request_that_offers_the_sentinel_is_an_error_of_the_agents() {
    let mut stage = stage();
    let lines = stage.ask_with("r1", &json!([{"optionId": CANCELLED_SENTINEL, "name": "", "kind": "reject_once"}]));
    assert_eq!(lines, ["answer 1 cancel_sentinel_collision (-32602)"]);
    assert_eq!(stage.session.status().pending_interactions, []);
}

/// V1: the 65th open request is cancelled unseen.
#[test]
fn v1_the_65th_open_request_is_cancelled_unseen() {
    let mut stage = stage();
    for number in 0..64 {
        assert_eq!(stage.ask(&format!("r{number}")), ["publish permission_request p1"]);
    }
    assert_eq!(stage.ask("r64"), [format!("answer 65 {CANCELLED}")]);
    assert_eq!(stage.session.status().pending_interactions.len(), 64);
}

#[test]
fn a_request_nobody_could_decide_is_refused() {
    let mut stage = stage();
    for (options, tool_call) in [(json!({}), json!({})), (json!([{"name": "x"}]), json!({})), (json!([]), json!("x"))] {
        let (rpc_id, request_id) = (crate::acp::RpcId::Number(9), RequestId::from("r"));
        let (tool_call, options) = (raw(&tool_call), raw(&options));
        let lines = stage.agent(AgentInput::RequestPermission { rpc_id, request_id, tool_call, options });
        assert!(lines.len() == 1 && lines[0].starts_with("answer 9 ") && lines[0].ends_with("(-32602)"), "{lines:?}");
    }
}

/// V2: a request is published as the agent made it.
#[test]
fn v2_a_request_is_published_as_the_agent_made_it() {
    let mut stage = stage();
    assert_eq!(stage.ask("r1"), ["publish permission_request p1"]);
    assert_eq!(
        stage.data(&EventType::PermissionRequest),
        json!({
            "requestId": "r1",
            "sessionId": "s",
            "toolCall": {"toolCallId": "t", "title": "ls", "kind": "execute", "rawInput": {"command": "ls"}},
            "options": [
                {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
                {"optionId": "no", "name": "No", "kind": "reject_once"},
            ],
        })
    );
    assert_eq!(stage.originator(&EventType::PermissionRequest), Some("a"));
    stage.pass(1_000_000_000);
    assert_eq!(stage.session.status().pending_interactions.len(), 1, "by default a request waits for ever");
}

/// V3: a request that times out is cancelled by nobody.
#[test]
fn v3_a_request_that_times_out_is_cancelled_by_nobody() {
    let mut stage = Stage::new(SessionConfig { permission_timeout: Some(Millis(50)), ..SessionConfig::default() });
    assert_eq!(stage.ask("r1"), ["publish permission_request", "wake 1050"]);
    assert_eq!(stage.pass(50), ["publish permission_resolved".to_owned(), format!("answer 1 {CANCELLED}")]);
    assert_eq!(
        stage.data(&EventType::PermissionResolved),
        json!({"requestId": "r1", "outcome": {"outcome": "cancelled"}})
    );
    assert_eq!(stage.originator(&EventType::PermissionResolved), None);
}

/// V3: a timeout of zero is none.
#[test]
fn v3_a_timeout_of_zero_is_none() {
    let mut stage = Stage::new(SessionConfig { permission_timeout: Some(Millis(0)), ..SessionConfig::default() });
    assert_eq!(stage.ask("r1"), ["publish permission_request"]);
    assert_eq!(stage.pass(1_000), [""; 0]);
}

/// V4: a vote is checked for its session its request its client and its option in this order.
#[test]
fn v4_a_vote_is_checked_for_its_session_its_request_its_client_and_its_option_in_this_order() {
    let mut stage = stage();
    stage.ask("r1");
    assert_eq!(stage.vote(Some("stranger"), "r2", CANCELLED_SENTINEL), ["reply no pending permission request"]);
    assert_eq!(
        stage.vote(Some("stranger"), "r1", CANCELLED_SENTINEL),
        ["reply client stranger is not registered on this session"]
    );
    assert_eq!(stage.vote(None, "r1", CANCELLED_SENTINEL), ["reply option __cancelled__ is not offered"]);
    stage.command(None, Command::Close);
    assert_eq!(stage.vote(Some("stranger"), "r1", "yes"), ["reply the session is closed"]);
}

/// V5: a late vote learns the outcome and everybody that it came.
#[test]
fn v5_a_late_vote_learns_the_outcome_and_everybody_that_it_came() {
    let mut stage = stage();
    stage.ask("r1");
    stage.vote(Some("a"), "r1", "yes");
    assert_eq!(
        stage.vote(Some("b"), "r1", "no"),
        ["publish permission_already_resolved p1", "reply no pending permission request"]
    );
    assert_eq!(
        stage.data(&EventType::PermissionAlreadyResolved),
        json!({"requestId": "r1", "sessionId": "s", "outcome": {"outcome": "selected", "optionId": "yes"}})
    );
}

/// V5: the latest 512 decisions are remembered.
#[test]
fn v5_the_latest_512_decisions_are_remembered() {
    let mut stage = stage();
    for number in 0..513 {
        stage.ask(&format!("r{number}"));
        stage.vote(None, &format!("r{number}"), "yes");
    }
    assert_eq!(stage.vote(None, "r0", "yes"), ["reply no pending permission request"]);
    assert_eq!(stage.vote(None, "r1", "yes").len(), 2);
    assert_eq!(stage.vote(None, "r512", "yes").len(), 2);
}

/// V5: whoever votes late without being registered is told nothing about himself.
#[test]
fn v5_a_late_vote_of_a_stranger_has_no_originator() {
    let mut stage = stage();
    stage.ask("r1");
    stage.vote(Some("a"), "r1", "yes");
    stage.vote(Some("b"), "r1", "no");
    assert_eq!(stage.originator(&EventType::PermissionAlreadyResolved), Some("b"));
    stage.vote(Some("stranger"), "r1", "no");
    assert_eq!(stage.originator(&EventType::PermissionAlreadyResolved), None);
}

/// V6: anybody may cancel under every policy.
#[test]
fn v6_anybody_may_cancel_under_every_policy() {
    for policy in [Policy::FirstResponder, Policy::Designated, Policy::Consensus, Policy::LocalOnly] {
        let mut stage = Stage::new(SessionConfig { policy, ..SessionConfig::default() });
        stage.send("p1");
        stage.ask("r1");
        assert_eq!(
            stage.vote_cancelled(None, "r1"),
            [
                "record vote r1".to_owned(),
                "publish permission_resolved p1".to_owned(),
                format!("answer 1 {CANCELLED}"),
                "reply ok".to_owned(),
            ]
        );
    }
}

/// V7: an option that is not offered leaves the request open.
#[test]
fn v7_an_option_that_is_not_offered_leaves_the_request_open() {
    let mut stage = stage();
    stage.ask("r1");
    assert_eq!(stage.vote(Some("a"), "r1", "maybe"), ["reply option maybe is not offered"]);
    assert_eq!(stage.session.status().pending_interactions.len(), 1);
}

/// V8: the first valid vote wins even an anonymous one.
#[test]
fn v8_the_first_valid_vote_wins_even_an_anonymous_one() {
    let mut stage = stage();
    stage.ask("r1");
    assert_eq!(
        stage.vote(None, "r1", "yes"),
        [
            "record vote r1",
            "publish permission_resolved p1",
            r#"answer 1 {"outcome":{"outcome":"selected","optionId":"yes"}}"#,
            "reply ok",
        ]
    );
    assert_eq!(stage.originator(&EventType::PermissionResolved), None);
    assert_eq!(stage.data(&EventType::PermissionResolved).get("voterClientId"), None);
}

#[test]
fn answers_reach_the_agent_beside_the_outcome() {
    let mut stage = stage();
    stage.ask("r1");
    let answers = json!({"0": "Polling"}).as_object().cloned();
    let outcome = Outcome::Selected { option_id: "yes".into() };
    let vote = Vote { request_id: "r1".into(), outcome, answers, peer_is_loopback: false };
    assert_eq!(
        stage.command(Some("b"), Command::Vote(vote))[2],
        r#"answer 1 {"outcome":{"outcome":"selected","optionId":"yes"},"answers":{"0":"Polling"}}"#
    );
}

/// V16: a prompt that ends takes its requests with it.
#[test]
fn v16_a_prompt_that_ends_takes_its_requests_with_it() {
    let mut stage = stage();
    stage.ask("r1");
    assert_eq!(stage.finish("end_turn")[0], "publish permission_resolved p1");
    assert_eq!(stage.session.status().pending_interactions, []);
}

/// V16: closing resolves every request first.
#[test]
fn v16_closing_resolves_every_request_first() {
    let mut stage = stage();
    stage.ask("r1");
    stage.ask("r2");
    let lines = stage.command(None, Command::Close);
    assert_eq!(lines[0], "publish permission_resolved p1");
    assert_eq!(lines.iter().filter(|line| line.starts_with("answer")).count(), 2);
}

/// V17: the voter is the originator of a decision.
#[test]
fn v17_the_voter_is_the_originator_of_a_decision() {
    let mut stage = stage();
    stage.ask("r1");
    stage.vote(Some("b"), "r1", "yes");
    assert_eq!(stage.originator(&EventType::PermissionResolved), Some("b"));
    assert_eq!(stage.data(&EventType::PermissionResolved)["voterClientId"], "b");
}

#[test]
fn the_status_tells_a_permission_from_a_question() {
    let mut stage = stage();
    stage.ask("r1");
    let question = json!({
        "title": "Ask", "toolCallId": "t",
        "_meta": {"qwenInteractionKind": "user_question", "qwenQuestions": [{"header": "H", "question": "Which?"}]},
    });
    let (rpc_id, request_id) = (crate::acp::RpcId::Number(9), RequestId::from("q"));
    let (tool_call, options) =
        (raw(&question), raw(&json!([{"optionId": "yes", "name": "Submit", "kind": "allow_once"}])));
    stage.agent(AgentInput::RequestPermission { rpc_id, request_id, tool_call, options });
    let status = stage.session.status();
    assert!(status.is_waiting_for_permission && status.is_waiting_for_user_question);
    assert_eq!(
        json!(status.pending_interactions),
        json!([
            {
                "kind": "permission", "requestId": "r1", "createdAt": "1970-01-01T00:00:01.000Z",
                "action": {"type": "execute", "title": "ls", "content": null, "locations": null, "input": {"command": "ls"}},
                "options": [
                    {"optionId": "yes", "label": "Yes", "kind": "allow_once"},
                    {"optionId": "no", "label": "No", "kind": "reject_once"},
                ],
            },
            {
                "kind": "user_question", "requestId": "q", "createdAt": "1970-01-01T00:00:01.000Z", "title": "Ask",
                "questions": [{"header": "H", "question": "Which?", "answerKey": "0"}],
                "options": [{"optionId": "yes", "label": "Submit", "kind": "allow_once"}],
            },
        ])
    );
}
