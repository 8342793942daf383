//! V9–V15, V18.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// A session under `policy` where prompt `p1` of client `a` asks `r1`; the clients are a, b and `others`.
fn stage(policy: Policy, others: &[&str]) -> Stage {
    let mut stage = Stage::new(SessionConfig { policy, ..SessionConfig::default() });
    for client in others {
        stage.command(None, Command::Attach { fresh: (*client).into() });
    }
    stage.send("p1");
    stage.ask("r1");
    stage
}

fn is_decided(stage: &Stage) -> bool {
    stage.session.status().pending_interactions.is_empty()
}

/// V9: designated takes only the vote of the one who asked.
#[test]
fn v9_designated_takes_only_the_vote_of_the_one_who_asked() {
    let mut stage = stage(Policy::Designated, &[]);
    let refused =
        ["publish permission_forbidden p1", "reply the permission policy refused the vote: designated_mismatch"];
    assert_eq!(stage.vote(Some("b"), "r1", "yes"), refused);
    assert_eq!(
        stage.data(&EventType::PermissionForbidden),
        json!({"requestId": "r1", "sessionId": "s", "clientId": "b", "reason": "designated_mismatch"})
    );
    assert_eq!(stage.originator(&EventType::PermissionForbidden), Some("a"), "V17");
    assert_eq!(stage.vote(None, "r1", "yes"), refused);
    assert_eq!(stage.data(&EventType::PermissionForbidden).get("clientId"), None);
    assert!(!is_decided(&stage), "V15");
    assert_eq!(stage.vote(Some("a"), "r1", "yes").last().map(String::as_str), Some("reply ok"));
    assert!(is_decided(&stage));
}

/// V9: designated without an originator is first responder.
#[test]
fn v9_designated_without_an_originator_is_first_responder() {
    let mut stage = Stage::new(SessionConfig { policy: Policy::Designated, ..SessionConfig::default() });
    stage.ask("r1");
    stage.vote(Some("b"), "r1", "yes");
    assert!(is_decided(&stage));
}

/// V10: local only takes votes from this machine.
#[test]
fn v10_local_only_takes_votes_from_this_machine() {
    let mut stage = stage(Policy::LocalOnly, &[]);
    let vote = |peer_is_loopback| {
        let outcome = Outcome::Selected { option_id: "yes".into() };
        Command::Vote(Vote { request_id: "r1".into(), outcome, answers: None, peer_is_loopback })
    };
    assert_eq!(
        stage.command(Some("a"), vote(false)),
        ["publish permission_forbidden p1", "reply the permission policy refused the vote: remote_not_allowed"]
    );
    stage.command(None, vote(true));
    assert!(is_decided(&stage));
}

/// V11: consensus takes one vote of each client registered at issue.
#[test]
fn v11_consensus_takes_one_vote_of_each_client_registered_at_issue() {
    let mut stage = stage(Policy::Consensus, &["c", "d"]);
    stage.command(None, Command::Attach { fresh: "late".into() });
    let refused =
        ["publish permission_forbidden p1", "reply the permission policy refused the vote: designated_mismatch"];
    assert_eq!(stage.vote(None, "r1", "yes"), refused);
    assert_eq!(stage.vote(Some("late"), "r1", "yes"), refused);
    assert_eq!(
        stage.vote(Some("b"), "r1", "yes"),
        ["record vote r1", "publish permission_partial_vote p1", "reply ok"]
    );
    assert_eq!(stage.vote(Some("b"), "r1", "no"), ["reply ok"], "the first vote stands");
}

/// V13: the first option to reach the quorum wins.
#[test]
fn v13_the_first_option_to_reach_the_quorum_wins() {
    let mut stage = stage(Policy::Consensus, &["c", "d"]);
    stage.vote(Some("a"), "r1", "no");
    stage.vote(Some("b"), "r1", "yes");
    assert_eq!(
        stage.data(&EventType::PermissionPartialVote),
        json!({"requestId": "r1", "sessionId": "s", "votesReceived": 2, "votesNeeded": 2, "quorum": 3, "optionTallies": {"no": 1, "yes": 1}})
    );
    stage.vote(Some("c"), "r1", "yes");
    assert_eq!(stage.data(&EventType::PermissionPartialVote)["votesNeeded"], 1);
    let partial = stage.published.iter().filter(|draft| draft.kind == EventType::PermissionPartialVote).count();
    assert_eq!(
        stage.vote(Some("d"), "r1", "yes"),
        [
            "record vote r1",
            "publish permission_resolved p1",
            r#"answer 1 {"outcome":{"outcome":"selected","optionId":"yes"}}"#,
            "reply ok",
        ]
    );
    assert_eq!(stage.published.iter().filter(|draft| draft.kind == EventType::PermissionPartialVote).count(), partial);
}

/// V14: without voters only cancel or timeout resolve.
#[test]
fn v14_without_voters_only_cancel_or_timeout_resolve() {
    let config =
        SessionConfig { policy: Policy::Consensus, permission_timeout: Some(Millis(9)), ..SessionConfig::default() };
    let mut stage = Stage::over(Session::new(Millis(1_000), "s".into(), config), Vec::new());
    stage.agent(AgentInput::Ready(AgentState::default()));
    stage.ask("r1");
    stage.vote(None, "r1", "yes");
    assert!(!is_decided(&stage));
    stage.pass(9);
    assert!(is_decided(&stage));
    stage.ask("r2");
    stage.vote_cancelled(None, "r2");
    assert!(is_decided(&stage));
}

/// V14: a split vote waits.
#[test]
fn v14_a_split_vote_waits() {
    let mut stage = stage(Policy::Consensus, &[]);
    stage.vote(Some("a"), "r1", "no");
    stage.vote(Some("b"), "r1", "yes");
    assert!(!is_decided(&stage));
    assert_eq!(stage.data(&EventType::PermissionPartialVote)["votesNeeded"], 1);
}

/// V11: the voters are those of the moment the request was issued: who comes later has no vote, who leaves keeps the quorum as it was.
#[test]
fn v11_who_leaves_after_the_request_still_counts_for_its_quorum() {
    let mut stage = stage(Policy::Consensus, &["c"]);
    stage.command(Some("c"), Command::Detach);
    assert_eq!(stage.vote(Some("c"), "r1", "yes"), ["reply client c is not registered on this session"]);
    stage.vote(Some("a"), "r1", "yes");
    assert_eq!(stage.data(&EventType::PermissionPartialVote)["quorum"], 2);
    stage.vote(Some("b"), "r1", "yes");
    assert!(is_decided(&stage));
}

/// V17: what is asked, counted or refused is of the one whose prompt asked, whoever votes.
#[test]
fn v17_request_count_and_refusal_are_of_the_prompts_originator() {
    let mut stage = stage(Policy::Consensus, &[]);
    assert_eq!(stage.originator(&EventType::PermissionRequest), Some("a"));
    stage.vote(Some("b"), "r1", "yes");
    stage.vote(None, "r1", "yes");
    for kind in [EventType::PermissionPartialVote, EventType::PermissionForbidden] {
        assert_eq!(stage.originator(&kind), Some("a"), "{kind:?}");
        assert_eq!(stage.latest(&kind).prompt_id, Some("p1".into()));
    }
    assert_eq!(stage.data(&EventType::PermissionForbidden).get("clientId"), None);
}

/// V18: the policy is the one of the moment the request was issued.
#[test]
fn v18_the_policy_is_the_one_of_the_moment_the_request_was_issued() {
    let mut stage = stage(Policy::Designated, &[]);
    stage.session.config.policy = Policy::FirstResponder;
    stage.vote(Some("b"), "r1", "yes");
    assert!(!is_decided(&stage));
    assert_eq!(json!(Policy::default()), "first-responder");
    assert_eq!(
        json!([Policy::Designated, Policy::Consensus, Policy::LocalOnly]),
        json!(["designated", "consensus", "local-only"])
    );
}
