#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    ClientId, EventEpoch, Millis,
    client::{Answer, CallError},
};

fn session() -> SessionId {
    SessionId::from("a/b")
}

fn body<T>(call: &Call<T>) -> Value {
    serde_json::from_str(call.request().body.as_deref().unwrap_or("null")).expect("JSON")
}

fn ok<T>(call: &Call<T>, status: u16, body: &str) -> T {
    call.read(&Answer { status, retry_after: None, body: body.as_bytes() }).expect("an answer")
}

#[test]
fn every_call_goes_to_its_route() {
    let (session, prompt_id, request) = (session(), PromptId::from("p"), RequestId::from("r"));
    let mode = ApprovalMode::Plan;
    let sent = [
        (health().request().clone(), "GET /health"),
        (deep_health().request().clone(), "GET /health?deep=1"),
        (capabilities().request().clone(), "GET /capabilities"),
        (exchange("c").request().clone(), "POST /auth/exchange"),
        (sessions("/w", 20, Some("1.5")).request().clone(), "GET /workspace/%2Fw/sessions?size=20&cursor=1.5"),
        (create(&NewSession::own()).request().clone(), "POST /session"),
        (load(&session).request().clone(), "POST /session/a%2Fb/load"),
        (resume(&session).request().clone(), "POST /session/a%2Fb/resume"),
        (close(&session).request().clone(), "DELETE /session/a%2Fb"),
        (detach(&session).request().clone(), "POST /session/a%2Fb/detach"),
        (heartbeat(&session).request().clone(), "POST /session/a%2Fb/heartbeat"),
        (status(&session).request().clone(), "GET /session/a%2Fb/status"),
        (context(&session).request().clone(), "GET /session/a%2Fb/context"),
        (supported_commands(&session).request().clone(), "GET /session/a%2Fb/supported-commands"),
        (rename(&session, "t").request().clone(), "PATCH /session/a%2Fb/metadata"),
        (set_model(&session, "m").request().clone(), "POST /session/a%2Fb/model"),
        (set_approval_mode(&session, mode, false).request().clone(), "POST /session/a%2Fb/approval-mode"),
        (prompt(&session, &Prompt::text("x")).request().clone(), "POST /session/a%2Fb/prompt"),
        (cancel(&session).request().clone(), "POST /session/a%2Fb/cancel"),
        (pending_prompts(&session).request().clone(), "GET /session/a%2Fb/pending-prompts"),
        (remove_pending(&session, &prompt_id).request().clone(), "DELETE /session/a%2Fb/pending-prompts/p"),
        (vote(&session, &request, &Vote::cancel()).request().clone(), "POST /session/a%2Fb/permission/r"),
    ];
    for (request, line) in sent {
        assert_eq!(format!("{} {}", request.method.as_str(), request.path), line);
        let has_type = request.headers.iter().any(|(name, _)| *name == "Content-Type");
        assert_eq!(has_type, request.body.is_some(), "{line}");
    }
}

#[test]
fn bodies_are_what_the_routes_read() {
    assert_eq!(body(&create(&NewSession::own())), json!({"sessionScope": "thread"}));
    let all = NewSession {
        cwd: Some("/w".to_owned()),
        session_scope: Some(super::super::Scope::Single),
        approval_mode: Some(ApprovalMode::AutoEdit),
        model: Some("m".to_owned()),
    };
    assert_eq!(
        body(&create(&all)),
        json!({"cwd": "/w", "sessionScope": "single", "approvalMode": "auto-edit", "modelServiceId": "m"})
    );
    assert_eq!(body(&prompt(&session(), &Prompt::text("hi"))), json!({"prompt": [{"type": "text", "text": "hi"}]}));
    let retry = Prompt { deadline: Some(Millis(9)), retry: true, ..Prompt::text("hi") };
    assert_eq!(body(&prompt(&session(), &retry))["deadlineMs"], 9);
    let request = RequestId::from("r");
    assert_eq!(
        body(&vote(&session(), &request, &Vote::select("proceed_once"))),
        json!({"outcome": {"outcome": "selected", "optionId": "proceed_once"}})
    );
    let answered = Vote::select("proceed_once").with_answers(["Polling".to_owned()]);
    assert_eq!(body(&vote(&session(), &request, &answered))["answers"], json!({"0": "Polling"}));
    assert_eq!(body(&vote(&session(), &request, &Vote::cancel())), json!({"outcome": {"outcome": "cancelled"}}));
}

#[test]
fn a_call_carries_its_caller_and_its_credential() {
    let client = ClientId::from("client_1");
    let call = cancel(&session()).by(Some(&client)).with_token("t");
    assert!(call.request().headers.contains(&("X-Qwen-Client-Id", "client_1".to_owned())));
    assert!(call.request().headers.contains(&("Authorization", "Bearer t".to_owned())));
}

#[test]
fn the_event_stream_is_asked_for_from_a_cursor() {
    let cursor = Cursor { last_event_id: 7, epoch: Some(EventEpoch::from("e")) };
    let request = events(&session(), &cursor);
    assert_eq!(request.path, "/session/a%2Fb/events?maxQueued=2048");
    assert!(request.headers.contains(&("Last-Event-ID", "7".to_owned())));
    assert!(request.headers.contains(&("X-Qwen-Event-Epoch", "e".to_owned())));
    let unknown = events(&session(), &Cursor { epoch: None, ..cursor });
    assert!(unknown.headers.iter().all(|(name, _)| *name != "X-Qwen-Event-Epoch"));
}

#[test]
fn a_load_is_read_with_its_history_its_controls_and_its_cursor() {
    let loaded = ok(
        &load(&session()),
        200,
        r#"{"sessionId":"s","workspaceCwd":"/w","attached":true,"clientId":"client_1","createdAt":"2026-01-01T00:00:00.000Z",
            "hasActivePrompt":true,"state":{"models":{"currentModelId":"m","availableModels":[{"modelId":"m","name":"M","description":null}]},
            "modes":{"currentModeId":"default","availableModes":[]}},
            "compactedReplay":[{"v":1,"type":"history_truncated","data":{}},{"id":3,"v":1,"type":"session_update","data":{}}],
            "liveJournal":[{"id":5,"v":1,"type":"session_update","data":{}}],"lastEventId":5,"eventEpoch":"e"}"#,
    );
    assert_eq!(loaded.history().map(|event| event.id).collect::<Vec<_>>(), [None, Some(3), Some(5)]);
    assert_eq!(loaded.cursor(), Cursor { last_event_id: 5, epoch: Some(EventEpoch::from("e")) });
    let entered = &loaded.resumed;
    assert!(entered.session.has_active_prompt && entered.session.client_id == Some(ClientId::from("client_1")));
    assert_eq!(entered.state.models.as_ref().map(|models| models.available_models.len()), Some(1));
}

#[test]
fn a_list_keeps_the_fields_it_does_not_know() {
    let page = ok(
        &sessions("/w", 1, None),
        200,
        r#"{"sessions":[{"sessionId":"s","displayName":"Eggs","isWaitingForPermission":true,"color":"red"}],"nextCursor":"1.5"}"#,
    );
    assert!(page.sessions[0].is_waiting());
    assert_eq!(page.next_cursor.as_deref(), Some("1.5"));
    assert_eq!(serde_json::to_value(&page.sessions[0]).expect("encodes")["color"], "red");
}

#[test]
fn an_answer_without_a_body_is_an_answer() {
    ok(&cancel(&session()), 204, "");
    ok(&vote(&session(), &RequestId::from("r"), &Vote::cancel()), 200, "{}");
}

#[test]
fn an_answer_that_is_not_what_the_protocol_says_is_an_error_and_no_panic() {
    let garbled = prompt(&session(), &Prompt::text("x")).read(&Answer { status: 202, retry_after: None, body: b"[]" });
    assert!(matches!(garbled, Err(CallError::Garbled(_))));
    let refused =
        status(&session()).read(&Answer { status: 404, retry_after: None, body: br#"{"code":"session_not_found"}"# });
    let Err(CallError::Refused(failure)) = refused else { panic!("a refusal") };
    assert!(failure.is_missing() && failure.is("session_not_found"));
}
