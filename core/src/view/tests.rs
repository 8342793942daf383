use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::ClientId;

fn event(id: Option<u64>, kind: &str, data: Value) -> Envelope {
    let kind = EventType::from(kind);
    Envelope {
        id,
        v: 1,
        kind,
        prompt_id: None,
        data,
        originator_client_id: Some(ClientId::from("c")),
        meta: serde_json::Map::new(),
    }
}

fn view(events: impl IntoIterator<Item = (&'static str, Value)>) -> SessionView {
    let mut view = SessionView::default();
    for (nth, (kind, data)) in events.into_iter().enumerate() {
        view.apply(&event(Some(nth as u64 + 1), kind, data));
    }
    view
}

fn request(id: &str) -> (&'static str, Value) {
    ("permission_request", json!({"requestId": id, "toolCall": {}, "options": [{"optionId": "a"}]}))
}

/// S1: the cursor moves even for what is skipped and never back.
#[test]
fn s1_the_cursor_moves_even_for_what_is_skipped_and_never_back() {
    let mut view = view([("moon_landed", json!({})), ("turn_complete", json!({}))]);
    assert_eq!(view.last_event_id, Some(2));
    view.apply(&event(Some(1), "moon_landed", json!({})));
    view.apply(&event(None, "slow_client_warning", json!({"queueSize": 1, "maxQueued": 16})));
    assert_eq!(view.last_event_id, Some(2));
}

/// S2: an unknown type counts for nothing and a malformed known one is counted.
#[test]
fn s2_an_unknown_type_counts_for_nothing_and_a_malformed_known_one_is_counted() {
    let view = view([
        ("moon_landed", json!({})),
        ("language_changed", json!({"language": "en"})),
        ("permission_request", json!({"requestId": "r", "toolCall": "x", "options": []})),
        ("state_resync_required", json!({"reason": "ring_evicted", "lastDeliveredId": 1})),
        ("mcp_budget_warning", json!({"liveCount": 1, "budget": 1, "thresholdRatio": 0.5})),
        ("prompt_cancelled", json!({})),
        ("replay_complete", json!({"replayedCount": 0})),
    ]);
    assert_eq!(view.unrecognized_known_event_count, 5);
    assert_eq!(view.last_unrecognized_known_event.map(|event| event.kind), Some(EventType::ReplayComplete));
    assert!(view.pending_permissions.is_empty() && !view.awaiting_resync);
}

/// S3: while a resync is due only marks and ends are taken in.
#[test]
fn s3_while_a_resync_is_due_only_marks_and_ends_are_taken_in() {
    let view = view([
        ("state_resync_required", json!({"reason": "ring_evicted", "lastDeliveredId": 1, "earliestAvailableId": 5})),
        ("model_switched", json!({"modelId": "m"})),
        request("r"),
        ("session_snapshot", json!({"sessionId": "s", "currentModelId": null, "currentApprovalMode": "plan"})),
        ("session_closed", json!({"sessionId": "s", "reason": "client_close"})),
    ]);
    assert!(view.awaiting_resync);
    assert_eq!(view.current_model_id, None);
    assert_eq!(view.approval_mode.as_deref(), Some("plan"));
    assert!(!view.alive);
    assert_eq!(view.last_event_id, Some(5));
}

/// S4: the first end stands but the sessions end replaces a streams.
#[test]
fn s4_the_first_end_stands_but_the_sessions_end_replaces_a_streams() {
    let evicted = ("client_evicted", json!({"reason": "queue_overflow"}));
    let died = ("session_died", json!({"reason": "gone"}));
    let closed = ("session_closed", json!({"reason": "client_close"}));
    let kind = |view: SessionView| view.terminal_event.map(|event| event.kind);
    assert_eq!(kind(view([evicted.clone(), died.clone()])), Some(EventType::SessionDied));
    assert_eq!(kind(view([died.clone(), closed])), Some(EventType::SessionDied));
    assert_eq!(kind(view([died, evicted])), Some(EventType::SessionDied));
}

/// S5: the originator is copied where data names none.
#[test]
fn s5_the_originator_is_copied_where_data_names_none() {
    let view = view([
        ("tool_toggled", json!({"toolName": "t", "enabled": true})),
        ("approval_mode_changed", json!({"previous": "a", "next": "b", "originatorClientId": "other"})),
    ]);
    assert_eq!(view.tool_toggles.last.expect("counted")["originatorClientId"], "c");
    assert_eq!(view.approval_mode_changes.last.expect("counted")["originatorClientId"], "other");
    assert_eq!(view.approval_mode.as_deref(), Some("b"));
}

#[test]
fn the_sixty_fifth_open_request_is_dropped_and_counted_but_a_known_one_is_replaced() {
    let ids: Vec<String> = (0..65).map(|n| format!("r{n}")).collect();
    let mut view = view(ids.iter().map(|id| request(id)));
    assert_eq!(view.pending_permissions.len(), 64);
    assert_eq!(view.last_dropped_permission_request, Some(RequestId::from("r64")));
    let (kind, data) = request("r3");
    view.apply(&event(Some(66), kind, data));
    assert_eq!(view.dropped_permission_request_count, 1);
}

#[test]
fn an_answer_closes_its_request_and_one_to_nothing_is_counted() {
    let answer = |id: &str| ("permission_resolved", json!({"requestId": id, "outcome": {"outcome": "cancelled"}}));
    let vote =
        ("permission_partial_vote", json!({"requestId": "r", "votesReceived": 1, "votesNeeded": 1, "quorum": 2}));
    let view = view([request("r"), vote, answer("r"), answer("x")]);
    assert!(view.pending_permissions.is_empty() && view.permission_vote_progress.is_empty());
    assert_eq!(view.last_unmatched_permission_resolution, Some(RequestId::from("x")));
}

#[test]
fn an_end_forgets_what_was_open() {
    let forbidden = || ("permission_forbidden", json!({"requestId": "r", "reason": "remote_not_allowed"}));
    let many: Vec<_> = (0..40).map(|_| forbidden()).chain([request("r")]).collect();
    let open = view(many.clone());
    assert_eq!((open.forbidden_votes.len(), open.forbidden_vote_count), (MAX_FORBIDDEN_VOTES, 40));
    let ended = view(many.into_iter().chain([("stream_error", json!({"error": "x"}))]));
    assert_eq!((ended.forbidden_votes.len(), ended.forbidden_vote_count, ended.pending_permissions.len()), (0, 0, 0));
    assert!(ended.stream_error.is_some());
}

#[test]
fn a_name_can_be_taken_away_and_a_switch_clears_the_failure_before_it() {
    let view = view([
        ("session_metadata_updated", json!({"sessionId": "s", "displayName": "n"})),
        ("session_metadata_updated", json!({"sessionId": "s"})),
        ("model_switch_failed", json!({"requestedModelId": "m", "error": "no"})),
        ("model_switched", json!({"modelId": "m"})),
    ]);
    assert_eq!(view.display_name, None);
    assert_eq!(view.last_model_switch_failure, None);
    assert_eq!(view.current_model_id.as_deref(), Some("m"));
}
