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
    let (user, folder, md) = (SettingScope::User, SettingScope::Workspace, ExportFormat::Markdown);
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
        (mid_turn_message(&session, "m").request().clone(), "POST /session/a%2Fb/mid-turn-message"),
        (shell(&session, "ls").request().clone(), "POST /session/a%2Fb/shell"),
        (list("w", View::Organized, 5, None).request().clone(), "GET /workspace/w/sessions?size=5&view=organized"),
        (daemon_status().request().clone(), "GET /daemon/status"),
        (add_workspace("/w", true).request().clone(), "POST /workspaces"),
        (remove_workspace("w", false).request().clone(), "DELETE /workspaces/w"),
        (glob("w", "**/*", 9).request().clone(), "GET /workspaces/w/glob?pattern=%2A%2A%2F%2A&maxResults=9"),
        (settings("w").request().clone(), "GET /workspaces/w/settings"),
        (set_setting(user, "w", "k", &json!(1)).request().clone(), "POST /workspace/settings"),
        (permissions("w").request().clone(), "GET /workspaces/w/permissions"),
        (set_rules(folder, "w", RuleType::Ask, &[]).request().clone(), "POST /workspaces/w/permissions"),
        (providers("w").request().clone(), "GET /workspaces/w/providers"),
        (groups("w").request().clone(), "GET /workspace/w/session-groups"),
        (create_group("w", "n", "red").request().clone(), "POST /workspace/w/session-groups"),
        (change_group("w", "g", &GroupChange::default()).request().clone(), "PATCH /workspace/w/session-groups/g"),
        (delete_group("w", "g").request().clone(), "DELETE /workspace/w/session-groups/g"),
        (arrange(&session, &Arrangement::default()).request().clone(), "PATCH /session/a%2Fb/organization"),
        (archive("w", &[]).request().clone(), "POST /workspaces/w/sessions/archive"),
        (unarchive("w", &[]).request().clone(), "POST /workspaces/w/sessions/unarchive"),
        (delete("w", &[]).request().clone(), "POST /workspaces/w/sessions/delete"),
        (export("w", &session, false, md), "GET /workspaces/w/session/a%2Fb/export?format=md"),
        (export("w", &session, true, md), "GET /workspaces/w/session/a%2Fb/archive/export?format=md"),
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
    let out = Arrangement { group_id: Some(None), ..Arrangement::default() };
    assert_eq!(body(&arrange(&session(), &out)), json!({"groupId": null}));
    let pin = Arrangement { is_pinned: Some(true), ..Arrangement::default() };
    assert_eq!(body(&arrange(&session(), &pin)), json!({"isPinned": true}));
    assert_eq!(body(&archive("w", &[session()])), json!({"sessionIds": ["a/b"]}));
    let rules = ["Bash(git *)".to_owned()];
    assert_eq!(
        body(&set_rules(SettingScope::User, "w", RuleType::Allow, &rules)),
        json!({"scope": "user", "ruleType": "allow", "rules": ["Bash(git *)"]})
    );
}

#[test]
fn a_batch_is_read_whatever_was_done_to_it() {
    for done in ["archived", "unarchived", "removed"] {
        let answer = format!(r#"{{"{done}":["a"],"notFound":[],"errors":[{{"sessionId":"b","error":"busy"}}]}}"#);
        let batch = ok(&archive("w", &[]), 200, &answer);
        assert_eq!((batch.done, batch.errors.len()), (vec![SessionId::from("a")], 1), "{done}");
    }
}

#[test]
fn settings_are_read_with_their_values_by_scope() {
    let read = ok(
        &settings("w"),
        200,
        r#"{"v":1,"settings":[{"key":"ui.x","type":"enum","label":"X","category":"UI","requiresRestart":true,"default":"a",
            "options":["a",{"value":"b","label":"B"}],"values":{"effective":"b","user":"b"}}]}"#,
    );
    let [row] = read.settings.as_slice() else { panic!("one row") };
    assert_eq!((row.kind.as_str(), row.options.len(), row.requires_restart), ("enum", 2, true));
    assert_eq!(
        (row.values.of(SettingScope::User), row.values.of(SettingScope::Workspace)),
        (&json!("b"), &Value::Null)
    );
}

#[test]
fn a_workspace_is_called_by_its_name_or_its_folder() {
    let read = ok(&capabilities(), 200, r#"{"workspaces":[{"id":"a","cwd":"/home/me/eggs/"},{"displayName":"Hens"}]}"#);
    assert_eq!(read.workspaces.iter().map(Workspace::name).collect::<Vec<_>>(), ["eggs", "Hens"]);
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
