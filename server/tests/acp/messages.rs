//! What may be posted, and how it is refused.

use hyper::Method;
use roost_core::rate_limit::RateLimits;
use roost_tests::scripted_agent::AgentScript;
use serde_json::{Value, json};

use crate::{
    editor::{Editor, call},
    host::{Host, saying},
};

#[tokio::test]
async fn initialize_opens_a_connection_and_says_what_it_is() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let answer = host.client().post("/acp", &call("x", "initialize", &json!({"protocolVersion": 7}))).await?;
    assert_eq!(answer.status, 200);
    let id = answer.header("acp-connection-id").expect("an id").to_owned();
    let body = answer.json();
    assert_eq!((&body["jsonrpc"], &body["id"]), (&json!("2.0"), &json!("x")));
    assert_eq!(body["result"]["protocolVersion"], 1);
    let capabilities = &body["result"]["agentCapabilities"];
    assert_eq!(capabilities["loadSession"], true);
    assert_eq!(capabilities["promptCapabilities"], json!({"image": true, "audio": true, "embeddedContext": true}));
    assert_eq!(capabilities["_meta"]["qwen"]["connectionId"], id);
    assert_eq!(capabilities["_meta"]["qwen"]["workspaceCwd"], json!(host.config.workspace));
    Ok(())
}

#[tokio::test]
async fn what_is_no_message_is_refused_where_it_stands() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let client = host.client();
    for (text, status, body) in [
        ("[]", 501, json!({"error": "Batch JSON-RPC requests are not supported"})),
        (r#"[{"jsonrpc":"2.0"}]"#, 501, json!({"error": "Batch JSON-RPC requests are not supported"})),
        ("{bad", 400, json!({"error": "Invalid JSON in request body"})),
        ("", 400, json!({"error": "Invalid JSON in request body"})),
        ("\"x\"", 400, json!({"error": "Invalid JSON in request body"})),
        (r#"{"a":1}"#, 400, malformed()),
        (r#"{"jsonrpc":"1.0","id":1,"method":"initialize"}"#, 400, malformed()),
        (r#"{"jsonrpc":"2.0","id":{},"method":"initialize"}"#, 400, malformed()),
        (r#"{"jsonrpc":"2.0","id":1,"method":3}"#, 400, malformed()),
    ] {
        let request = client.request(Method::POST, "/acp").header("content-type", "application/json");
        let answer = client.send(request.body(text.to_owned().into())?).await?;
        assert_eq!((answer.status, answer.json()), (status, body), "{text}");
    }
    let request = client.request(Method::POST, "/acp").header("content-type", "text/plain");
    let answer = client.send(request.body("{}".into())?).await?;
    assert_eq!((answer.status, answer.json()), (415, json!({"error": "Content-Type must be application/json"})));
    let large = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"x": "y".repeat(11 << 20)}});
    assert_eq!(client.post("/acp", &large).await?.status, 413);
    assert_eq!(host.daemon().app().acp.traffic().connections, 0);
    Ok(())
}

fn malformed() -> Value {
    json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "Malformed JSON-RPC message"}})
}

#[tokio::test]
async fn a_message_needs_a_connection_that_is_there() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let client = host.client();
    let refused =
        |id: Value, said: &str| json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32600, "message": said}});
    let missing = client.post("/acp", &call(1, "session/list", &json!({}))).await?;
    assert_eq!((missing.status, missing.json()), (400, refused(json!(1), "Missing Acp-Connection-Id")));
    let mut editor = Editor::connect(&client).await?;
    editor.connection = "nobody".to_owned();
    let unknown = editor.post(&call("a", "session/list", &json!({}))).await?;
    assert_eq!((unknown.status, unknown.json()), (404, refused(json!("a"), "Unknown Acp-Connection-Id")));
    let vote = editor.post(&json!({"jsonrpc": "2.0", "id": "_qwen_perm_1", "result": {}})).await?;
    assert_eq!(vote.status, 404);
    assert_eq!(editor.end().await?.status, 202);
    assert_eq!(client.delete("/acp").await?.json(), json!({"error": "Missing Acp-Connection-Id"}));
    let put = client.send(client.request(Method::PUT, "/acp").body(Default::default())?).await?;
    assert_eq!(put.status, 404);
    Ok(())
}

#[tokio::test]
async fn the_door_is_the_daemons_own() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let hello = call(0, "initialize", &json!({}));
    let nobody = host.client().without_token();
    assert_eq!(nobody.post("/acp", &hello).await?.json(), json!({"error": "Unauthorized"}));
    assert_eq!(nobody.with_token("wrong").post("/acp", &hello).await?.status, 401);
    let client = host.client();
    for (name, value) in [("origin", "https://evil.test"), ("host", "evil.test")] {
        let request =
            client.request(Method::POST, "/acp").header("content-type", "application/json").header(name, value);
        let answer = client.send(request.body(hello.to_string().into())?).await?;
        assert_eq!(answer.status, 403, "{name}");
    }
    assert_eq!(host.daemon().app().acp.traffic().connections, 0);
    Ok(())
}

#[tokio::test]
async fn a_call_that_cannot_be_performed_is_answered_with_the_reason() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, mut stream, session) = Editor::open(&host.client()).await?;
    let cases = [
        ("nope/x", json!({}), -32601, "Unknown method: nope/x"),
        ("_qwen/session/rewind", json!({"sessionId": session}), -32601, "Unknown method: _qwen/session/rewind"),
        (
            "session/prompt",
            json!({"sessionId": "zz", "prompt": []}),
            -32602,
            "Session zz is not owned by this connection",
        ),
        ("_qwen/session/heartbeat", json!({}), -32602, "Session  is not owned by this connection"),
        ("session/cancel", json!({"sessionId": 3}), -32602, "Session  is not owned by this connection"),
        ("session/list", json!([]), -32602, "`params` must be an object"),
        ("session/new", json!({"cwd": "relative"}), -32602, "`cwd` must be an absolute path"),
        ("session/load", json!({}), -32602, "`sessionId` is required and must be a non-empty string"),
        ("session/load", json!({"sessionId": "zz"}), -32602, "No session with id \"zz\""),
        ("session/permission", json!({}), -32602, "`requestId` is required and must be a non-empty string"),
        (
            "session/permission",
            json!({"requestId": "r", "outcome": {"outcome": "cancelled"}}),
            -32602,
            "No pending permission request",
        ),
        ("_qwen/file/read", json!({"path": "nope"}), -32602, ""),
        (
            "_qwen/workspace/session_groups/update",
            json!({}),
            -32602,
            "`groupId` is required and must be a non-empty string",
        ),
    ];
    for (id, (method, params, code, said)) in (10..).zip(cases) {
        editor.ask(id, method, &params).await?;
        let error = stream.error(id).await?;
        assert_eq!(error["code"], code, "{method} {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(said)), "{method} {error}");
    }
    Ok(())
}

#[tokio::test]
async fn answers_about_a_sessions_settings_travel_on_its_stream() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    for (id, method, params) in [
        (2, "session/set_mode", json!({"sessionId": session})),
        (3, "session/set_model", json!({"sessionId": session, "modelId": 3})),
        (4, "session/set_config_option", json!({"sessionId": session, "configId": "zz", "value": "a"})),
        (5, "session/prompt", json!({"sessionId": session, "prompt": []})),
        (6, "session/prompt", json!({"sessionId": session})),
    ] {
        editor.ask(id, method, &params).await?;
        assert_eq!(told.error(id).await?["code"], -32602, "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn the_session_header_must_agree_with_the_params() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let (editor, mut stream, session) = Editor::open(&host.client()).await?;
    let heartbeat = call(5, "_qwen/session/heartbeat", &json!({"sessionId": session}));
    assert_eq!(editor.post_for(Some("other"), &heartbeat).await?.status, 202);
    let error = stream.error(5).await?;
    assert_eq!(error["code"], -32602);
    assert_eq!(error["message"], "Acp-Session-Id header does not match params.sessionId");
    let heartbeat = call(6, "_qwen/session/heartbeat", &json!({"sessionId": session}));
    assert_eq!(editor.post_for(Some(&session), &heartbeat).await?.status, 202);
    assert_eq!(stream.result(6).await?["sessionId"], session.as_str());
    Ok(())
}

#[tokio::test]
async fn a_notification_is_performed_and_not_answered() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![roost_tests::scripted_agent::Step::Hang]])).await?;
    let (editor, mut stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "wait").await?;
    let cancel = json!({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": session}});
    assert_eq!(editor.post(&cancel).await?.status, 202);
    let ended = told.result(2).await?;
    assert_eq!(ended["stopReason"], "cancelled");
    assert!(ended["_meta"]["qwen.promptCancelled"]["cancelledAt"].is_u64(), "{ended}");
    editor.ask(3, "authenticate", &json!({"methodId": "x"})).await?;
    let lines = stream.until(|message| message["id"] == 3).await?;
    assert_eq!(lines.len(), 1, "nothing else was said: {lines:?}");
    assert_eq!(lines[0].message["result"], json!({}));
    Ok(())
}

/// L1: the path itself is exempt, what is posted to it costs what its method costs.
#[tokio::test]
async fn a_posted_message_is_charged_by_its_method() -> anyhow::Result<()> {
    let one = const { std::num::NonZeroU32::new(1).unwrap() };
    let limits = RateLimits { read: one, ..RateLimits::default() };
    let host = Host::start_with(AgentScript::default(), |config| config.rate_limits = Some(limits)).await?;
    let editor = Editor::connect(&host.client()).await?;
    let mut stream = editor.stream().await?;
    editor.ask(1, "session/list", &json!({})).await?;
    stream.result(1).await?;
    let refused = editor.post(&call(2, "session/list", &json!({}))).await?;
    assert_eq!(refused.status, 429);
    let body = refused.json();
    assert_eq!((&body["code"], &body["tier"]), (&json!("rate_limit_exceeded"), &json!("read")));
    let millis = body["retryAfterMs"].as_u64().expect("when to come back");
    assert!((1..=60_000).contains(&millis), "{body}");
    assert_eq!(refused.header("retry-after"), Some(&*millis.div_ceil(1_000).to_string()));
    editor.ask(3, "authenticate", &json!({})).await?;
    stream.result(3).await?;
    Ok(())
}
