use hyper::Method;
use roost_tests::{client::Client, client::events::message_text};
use serde_json::{Value, json};

use crate::host::{Host, saying};

/// Method, path below the session, body, then the status and code it is answered with.
type Row = (Method, &'static str, Value, u16, Option<&'static str>);

fn rows() -> Vec<Row> {
    let block = json!({"type": "text", "text": "hi"});
    vec![
        (Method::POST, "/prompt", json!({}), 400, None),
        (Method::POST, "/prompt", json!({"prompt": []}), 400, None),
        (Method::POST, "/prompt", json!({"prompt": "hi"}), 400, None),
        (Method::POST, "/prompt", json!({"prompt": ["hi"]}), 400, None),
        (Method::POST, "/prompt", json!({"prompt": [block.clone()], "_meta": 1}), 400, None),
        (Method::POST, "/prompt", json!({"prompt": [block], "deadlineMs": 0}), 400, Some("invalid_deadline_ms")),
        (Method::POST, "/model", json!({}), 400, None),
        (Method::POST, "/model", json!({"modelId": 7}), 400, None),
        (Method::POST, "/approval-mode", json!({}), 400, Some("invalid_approval_mode")),
        (Method::POST, "/approval-mode", json!({"mode": "turbo"}), 400, Some("invalid_approval_mode")),
        (Method::POST, "/approval-mode", json!({"mode": "yolo", "persist": "yes"}), 400, Some("invalid_persist_flag")),
        (Method::PATCH, "/metadata", json!({"displayName": 7}), 400, Some("invalid_metadata")),
        (Method::PATCH, "/metadata", json!({"displayName": "a\u{7}"}), 400, Some("invalid_metadata")),
        (Method::PATCH, "/metadata", json!({"displayName": ""}), 400, Some("invalid_metadata")),
        (Method::POST, "/permission/none", json!({}), 400, None),
        (Method::POST, "/permission/none", json!({"outcome": {"outcome": "selected"}}), 400, None),
        (Method::POST, "/permission/none", json!({"outcome": {"outcome": "selected", "optionId": ""}}), 400, None),
        (Method::POST, "/permission/none", json!({"outcome": {"outcome": "cancelled"}}), 404, None),
        (Method::POST, "/load", json!({"cwd": "/somewhere/else"}), 400, Some("workspace_mismatch")),
        (Method::POST, "/load", json!({"cwd": "relative"}), 400, None),
        (Method::GET, "/events?maxQueued=15", Value::Null, 400, Some("invalid_max_queued")),
        (Method::GET, "/events?maxQueued=", Value::Null, 400, Some("invalid_max_queued")),
        (Method::DELETE, "/pending-prompts/none", Value::Null, 200, None),
        (Method::POST, "/cancel", json!({}), 204, None),
    ]
}

async fn send(
    client: &Client,
    method: &Method,
    path: &str,
    body: &Value,
) -> anyhow::Result<roost_tests::client::Response> {
    match *method {
        Method::GET => client.get(path).await,
        Method::DELETE => client.delete(path).await,
        Method::PATCH => client.patch(path, body).await,
        _ => client.post(path, body).await,
    }
}

#[tokio::test]
async fn bad_input_gets_its_status_and_code_and_changes_nothing() -> anyhow::Result<()> {
    let host = Host::start(saying(&["fine"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    for (method, path, body, status, code) in rows() {
        let answer = send(&client, &method, &format!("/session/{session}{path}"), &body).await?;
        let got = (answer.status, answer.code());
        assert_eq!(got, (status, code.map(str::to_owned)), "{method} {path} {body}: {}", answer.text());
    }
    let state = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(state["hasActivePrompt"], false);
    assert_eq!(state.get("displayName"), None);
    assert_eq!(message_text(&client.turn(&session, "hi").await?), "fine", "the script's first turn is still to come");
    Ok(())
}

#[tokio::test]
async fn a_session_nobody_knows_is_404_on_every_route() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let prompt = json!({"prompt": [{"type": "text", "text": "hi"}]});
    let vote = json!({"outcome": {"outcome": "cancelled"}});
    let rows = [
        (Method::GET, "/status", json!({})),
        (Method::GET, "/context", json!({})),
        (Method::GET, "/supported-commands", json!({})),
        (Method::GET, "/pending-prompts", json!({})),
        (Method::GET, "/events", json!({})),
        (Method::POST, "/prompt", prompt),
        (Method::POST, "/cancel", json!({})),
        (Method::POST, "/heartbeat", json!({})),
        (Method::POST, "/load", json!({})),
        (Method::POST, "/resume", json!({})),
        (Method::POST, "/model", json!({"modelId": "m"})),
        (Method::POST, "/approval-mode", json!({"mode": "plan"})),
        (Method::POST, "/permission/x", vote),
        (Method::PATCH, "/metadata", json!({"displayName": "x"})),
        (Method::DELETE, "", json!({})),
        (Method::DELETE, "/pending-prompts/x", json!({})),
    ];
    for id in ["00000000-0000-4000-8000-000000000000", "..%2F..%2Fetc"] {
        for (method, path, body) in &rows {
            let answer = send(&client, method, &format!("/session/{id}{path}"), body).await?;
            let got = (answer.status, answer.code());
            assert_eq!(got, (404, Some("session_not_found".to_owned())), "{method} {id}{path}: {}", answer.text());
        }
        let left = send(&client, &Method::POST, &format!("/session/{id}/detach"), &json!({})).await?;
        assert_eq!(left.status, 204, "whoever leaves a session that is over has left it");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_id_counts_only_where_it_is_registered() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let session = host.client().new_session().await?;
    let stranger = host.client().with_client_id("client_of_another_session");
    let refused = stranger.post(&format!("/session/{session}/heartbeat"), &json!({})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_client_id")));
    assert_eq!(refused.json()["sessionId"], session);
    assert_eq!(refused.json()["clientId"], "client_of_another_session");
    let malformed =
        host.client().with_client_id("not an id").post(&format!("/session/{session}/heartbeat"), &json!({})).await?;
    assert_eq!((malformed.status, malformed.code().as_deref()), (400, Some("invalid_client_id")));
    assert_eq!(malformed.json().get("sessionId"), None);
    let ignored = stranger.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    assert_ne!(ignored["clientId"], "client_of_another_session");
    Ok(())
}

#[tokio::test]
async fn create_refuses_what_it_cannot_give() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    for (body, code) in [
        (json!({"cwd": 7}), None),
        (json!({"cwd": "relative"}), None),
        (json!({"cwd": "/".repeat(5_000)}), None),
        (json!({"cwd": "/somewhere/else"}), Some("workspace_mismatch")),
        (json!({"sessionScope": "galaxy"}), Some("invalid_session_scope")),
        (json!({"approvalMode": "turbo"}), Some("invalid_approval_mode")),
        (json!({"sessionId": "../../etc"}), Some("invalid_session_id")),
        (json!({"sourceType": ""}), Some("invalid_session_source")),
    ] {
        let answer = client.post("/session", &body).await?;
        assert_eq!((answer.status, answer.code().as_deref()), (400, code), "{body}");
    }
    let list = client.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(list["sessions"], json!([]));
    Ok(())
}
