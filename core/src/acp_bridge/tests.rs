use serde_json::{Map, Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    Draft, EventType, Millis, PromptId, RequestId, SessionId,
    acp::RpcId,
    bus,
    client::{Method, Request},
};

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("{value} is no object") };
    members
}

fn primary() -> Scope {
    Scope { workspace: "0a1b".into(), is_qualified: false }
}

fn request(name: &str, params: Value, scope: &Scope) -> Request {
    let method = VendorMethod::named(name).expect("a method of the table");
    method.request(object(params), scope).expect("good params")
}

fn frame(kind: &str, data: &Value) -> Vec<u8> {
    bus::synthetic(Millis(1), &Draft::new(EventType::from(kind), data)).to_vec()
}

fn json(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.json).expect("a frame is JSON")
}

#[test]
fn a_reading_method_puts_its_params_into_path_and_query() {
    let read = request("_qwen/file/read", json!({"path": "a b&c.txt", "line": 3, "cursor": null}), &primary());
    assert_eq!((read.method, read.path.as_str()), (Method::Get, "/file?path=a%20b%26c.txt&line=3"));
    assert_eq!(read.body, None);
    let context = request("_qwen/session/context", json!({"sessionId": "s/1", "_meta": {"x": 1}}), &primary());
    assert_eq!(context.path, "/session/s%2F1/context");
}

#[test]
fn a_writing_method_sends_what_the_path_does_not_take() {
    let toggle =
        request("_qwen/workspace/set_tool_enabled", json!({"toolName": "a/../b", "enabled": false}), &primary());
    assert_eq!(toggle.path, "/workspace/tools/a%2F..%2Fb/enable");
    assert_eq!(toggle.body.as_deref(), Some(r#"{"enabled":false}"#));
}

#[test]
fn a_writing_method_asks_in_the_query_what_its_route_reads_there() {
    let restart = |params: Value| request("_qwen/workspace/restart_mcp_server", params, &primary());
    let one = restart(json!({"serverName": "a b", "entryIndex": 2}));
    assert_eq!((one.path.as_str(), one.body.as_deref()), ("/workspace/mcp/a%20b/restart?entryIndex=2", Some("{}")));
    assert_eq!(restart(json!({"serverName": "a"})).path, "/workspace/mcp/a/restart");
    let method = VendorMethod::named("_qwen/workspace/restart_mcp_server").expect("a method of the table");
    assert_eq!(method.sample(&primary()).1, "/workspace/mcp/0/restart");
    let params = object(json!({"serverName": "a", "entryIndex": [1]}));
    assert!(method.request(params, &primary()).expect_err("no scalar").message.contains("entryIndex"));
}

#[test]
fn a_connection_to_one_workspace_reaches_that_one_only() {
    let plural = Scope { workspace: "ff".into(), is_qualified: true };
    let path = |name: &str, scope: &Scope| VendorMethod::named(name).map(|method| method.sample(scope).1);
    for (name, singular, qualified) in [
        ("_qwen/workspace/env", "/workspace/env", "/workspaces/ff/env"),
        ("_qwen/file/stat", "/stat", "/workspaces/ff/stat"),
        ("_qwen/workspace/session_groups/list", "/workspace/0a1b/session-groups", "/workspaces/ff/session-groups"),
        ("_qwen/session/heartbeat", "/session/0/heartbeat", "/session/0/heartbeat"),
    ] {
        assert_eq!(path(name, &primary()).as_deref(), Some(singular));
        assert_eq!(path(name, &plural).as_deref(), Some(qualified));
    }
}

#[test]
fn params_that_fit_no_request_are_named() {
    for (name, params, named) in [
        ("_qwen/workspace/session_groups/delete", json!({}), "groupId"),
        ("_qwen/workspace/session_groups/delete", json!({"groupId": 3}), "groupId"),
        ("_qwen/session/context", json!({"sessionId": ""}), "sessionId"),
        ("_qwen/file/read", json!({"path": ["a"]}), "path"),
    ] {
        let method = VendorMethod::named(name).expect("a method of the table");
        let error = method.request(object(params), &primary()).expect_err(name);
        assert_eq!(error.code, -32602);
        assert!(error.message.contains(named), "{}", error.message);
    }
}

#[test]
fn no_method_stands_in_the_table_twice() {
    for (index, method) in VendorMethod::ALL.iter().enumerate() {
        assert_eq!(
            VendorMethod::ALL.iter().position(|other| other.name == method.name),
            Some(index),
            "{}",
            method.name
        );
    }
    assert!(VendorMethod::named("_qwen/session/rewind").is_none());
}

#[test]
fn an_update_is_passed_on_and_any_other_event_goes_under_its_name() {
    let update = json!({"sessionId": "s", "update": {"sessionUpdate": "plan"}});
    let told = |kind: &str, data: &Value| {
        let frame = frame(kind, data);
        json(&Event::of_frame(&frame).expect("an event").notice())
    };
    assert_eq!(
        told("session_update", &update),
        json!({"jsonrpc": "2.0", "method": "session/update", "params": update})
    );
    assert_eq!(
        told("moon_landed", &json!({"a": 1})),
        json!({"jsonrpc": "2.0", "method": "_qwen/notify", "params": {"kind": "moon_landed", "data": {"a": 1}}})
    );
    assert_eq!(
        told("stream_error", &json!({"error": "gone"}))["params"],
        json!({"kind": "stream_error", "error": "gone"})
    );
    assert_eq!(told("stream_error", &json!({}))["params"], json!({"kind": "stream_error", "data": {}}));
}

#[test]
fn the_frame_of_an_event_carries_its_id_and_that_of_an_answer_none() {
    let event = Event::of_json(r#"{"id":7,"v":1,"type":"x","data":{ }}"#).expect("an envelope");
    let mut out = Vec::new();
    event.notice().write_sse(&mut out);
    Frame::reply(RpcId::Number(1), Ok(serde_json::value::RawValue::NULL)).write_sse(&mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(
        text,
        "id: 7\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"_qwen/notify\",\"params\":{\"kind\":\"x\",\"data\":{ }}}\n\n\
         data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}\n\n"
    );
}

#[test]
fn what_is_no_envelope_is_no_event() {
    for bytes in [&b"retry: 3000\n\n"[..], b": heartbeat\n\n", b"data: {}\n\n", b"data: \xff\n\n", b""] {
        assert!(Event::of_frame(bytes).is_none());
    }
}

#[test]
fn a_question_keeps_its_number_until_it_is_decided() {
    let (session, one, two) = (SessionId::from("s"), RequestId::from("r1"), RequestId::from("r2"));
    let mut questions = Questions::default();
    assert_eq!(questions.number(&session, &one), 1);
    assert_eq!(questions.number(&session, &two), 2);
    assert_eq!(questions.number(&session, &one), 1);
    let answer = RpcId::Text("_qwen_perm_1".into());
    assert_eq!(questions.answered(&answer).map(|question| question.request.clone()), Some(one.clone()));
    questions.decided(&one);
    assert_eq!((questions.answered(&answer), questions.count()), (None, 1));
    assert_eq!(questions.number(&session, &one), 3);
    for other in [RpcId::Number(1), RpcId::Text("1".into()), RpcId::Text("_qwen_perm_".into()), RpcId::Null] {
        assert_eq!(questions.answered(&other), None);
    }
    questions.forget(&session);
    assert_eq!(questions.count(), 0);
}

#[test]
fn a_permission_request_becomes_a_request_of_its_own() {
    let data =
        json!({"requestId": "r", "sessionId": "s", "toolCall": {"toolCallId": "t"}, "options": [{"optionId": "yes"}]});
    let frame = frame("permission_request", &data);
    let event = Event::of_frame(&frame).expect("an event");
    let asked = event.asks().expect("a question");
    assert_eq!(
        json(&asked.request(Some(3), 9)),
        json!({"jsonrpc": "2.0", "id": "_qwen_perm_9", "method": "session/request_permission", "params": {
            "sessionId": "s", "toolCall": {"toolCallId": "t"}, "options": [{"optionId": "yes"}],
            "_meta": {"qwen": {"requestId": "r"}},
        }})
    );
}

#[test]
fn the_end_of_a_turn_is_the_answer_to_its_prompt() {
    let settled = |kind: &str, data: Value| {
        let frame = frame(kind, &data);
        let (prompt, outcome) = Event::of_frame(&frame).expect("an event").settles().expect("an end");
        assert_eq!(prompt, PromptId::from("p"));
        json(&Frame::reply(RpcId::Number(1), outcome.as_deref().map_err(Clone::clone)))
    };
    let complete = settled("turn_complete", json!({"sessionId": "s", "promptId": "p", "stopReason": "cancelled"}));
    assert_eq!(complete["result"], json!({"stopReason": "cancelled"}));
    let cancelled = json!({"cancelledAt": 7, "elapsedMs": 3});
    let told =
        settled("turn_complete", json!({"promptId": "p", "stopReason": "cancelled", "promptCancelled": cancelled}));
    assert_eq!(told["result"]["_meta"], json!({"qwen.promptCancelled": cancelled}));
    let branch = settled("turn_complete", json!({"promptId": "p", "stopReason": "end_turn", "branchPoint": {"a": 1}}));
    assert_eq!(branch["result"]["_meta"], json!({"qwen.branchPoint": {"a": 1}}));
    let failed = settled("turn_error", json!({"promptId": "p", "message": "no", "code": "-32000"}));
    assert_eq!(failed["error"], json!({"code": -32000, "message": "no", "data": {"errorKind": "internal"}}));
    let late = settled("turn_error", json!({"promptId": "p", "message": "late", "code": "prompt_deadline_exceeded"}));
    assert_eq!(late["error"]["data"]["errorKind"], "prompt_deadline_exceeded");
    assert_eq!(late["error"]["code"], -32603);
}

#[test]
fn an_answer_is_owed_once_and_given_again_to_who_reads_the_end_again() {
    let (mine, other) = (PromptId::from("mine"), PromptId::from("other"));
    let mut owed = Owed::default();
    owed.owe(mine.clone(), Some(RpcId::Number(4)));
    assert!(owed.open().eq([&mine]));
    assert_eq!(owed.settle(&other), None);
    assert_eq!(owed.settle(&mine), Some(RpcId::Number(4)));
    assert_eq!(owed.open().count(), 0);
    assert_eq!(owed.settle(&mine), Some(RpcId::Number(4)));
    for n in 0..1_000 {
        let prompt = PromptId::from(format!("p{n}"));
        owed.owe(prompt.clone(), Some(RpcId::Number(n)));
        assert_eq!(owed.settle(&prompt), Some(RpcId::Number(n)));
    }
    assert!(!owed.knows(&mine) && owed.knows(&PromptId::from("p999")));
}

#[test]
fn a_peer_is_waited_for_as_long_as_it_is_missed() {
    let patience = Patience { grace: Millis(10), idle: Millis(1_000) };
    let mut presence = Presence::new(Millis(0), patience);
    assert_eq!(presence.ends_at(), Some(Millis(1_000)));
    presence.heard(Millis(500));
    assert_eq!(presence.ends_at(), Some(Millis(1_500)));
    presence.came(Millis(600));
    presence.came(Millis(601));
    presence.went(Millis(602));
    assert_eq!((presence.ends_at(), presence.streams()), (None, 1));
    presence.went(Millis(700));
    assert_eq!(presence.ends_at(), Some(Millis(710)));
    presence.heard(Millis(705));
    assert_eq!(presence.ends_at(), Some(Millis(710)), "a word is no stream");
    presence.came(Millis(709));
    assert_eq!(presence.ends_at(), None);
}

#[test]
fn a_stream_that_was_never_there_is_missed_from_when_it_is_needed() {
    let patience = Patience { grace: Millis(10), idle: Millis(1_000) };
    let mut presence = Presence::new(Millis(0), patience);
    presence.miss(Millis(100));
    presence.miss(Millis(105));
    assert_eq!(presence.ends_at(), Some(Millis(110)));
    assert!(presence.is_missed());
    presence.forgive();
    assert!(!presence.is_missed());
    assert_eq!(presence.ends_at(), Some(Millis(1_000)));
}

#[test]
fn a_refusal_says_whose_fault_it_is_and_what_was_wrong() {
    let told = |status: u16, body: Value| {
        let error = refusal(status, body.to_string().as_bytes());
        let data: Value = serde_json::from_str(error.data.as_ref().map_or("null", |data| data.get())).expect("JSON");
        (error.code, error.message, data)
    };
    assert_eq!(
        told(404, json!({"error": "No session", "code": "session_not_found", "sessionId": "s"})),
        (-32602, "No session".into(), json!({"sessionId": "s", "errorKind": "session_not_found", "httpStatus": 404}))
    );
    assert_eq!(
        told(422, json!({"errorKind": "binary_file", "error": "binary", "status": 422})),
        (-32602, "binary".into(), json!({"errorKind": "binary_file", "httpStatus": 422}))
    );
    assert_eq!(
        told(500, json!({"error": "Internal error", "code": -32000, "data": {"details": "x"}})),
        (-32000, "Internal error".into(), json!({"details": "x", "errorKind": "internal"}))
    );
    assert_eq!(told(503, json!({"error": "full", "code": "prompt_queue_full", "limit": 5})).0, -32603);
    assert_eq!(refusal(502, b"<html>").message, "The daemon answered 502");
}

#[test]
fn a_session_is_told_of_in_the_protocols_own_words() {
    let state =
        json!({"models": {"currentModelId": "m", "availableModels": [{"modelId": "m", "name": "M"}]}, "modes": null});
    assert_eq!(
        opened(Some("s"), &state),
        json!({"sessionId": "s", "models": {
            "currentModelId": "m", "availableModels": [{"modelId": "m", "name": "M", "id": "m"}],
        }})
    );
    assert_eq!(opened(None, &json!({})), json!({}));
    assert_eq!(options(&json!({"configOptions": [1]})), json!({"configOptions": [1]}));
    let page = listed(json!({"sessions": [{"workspaceCwd": "/w", "displayName": "n"}], "nextCursor": "1"}));
    assert_eq!(page["sessions"][0], json!({"workspaceCwd": "/w", "displayName": "n", "cwd": "/w", "title": "n"}));
}

#[test]
fn an_artifact_that_is_refused_is_refused_in_the_words_of_json_rpc() {
    let body =
        json!({"v": 1, "error": {"code": "VALIDATION_FAILED", "message": "title is required", "field": "title"}});
    let error = refusal(400, body.to_string().as_bytes());
    assert_eq!((error.code, &*error.message), (-32602, "title is required"));
    let data: Value = serde_json::from_str(error.data.as_ref().map_or("", |data| data.get())).expect("it has data");
    assert_eq!(data, json!({"field": "title", "errorKind": "artifact_validation_failed", "httpStatus": 400}));
}
