//! The routes the page uses, one function each.

use roost_core::{ClientId, PromptId, RequestId, SessionId};
use serde_json::{Map, Value, json};

use super::{
    call::{Call, CallError, Credential, segment},
    wire::{Capabilities, ControlState, Created, Loaded, SessionPage},
};

type Answer<T> = Result<T, CallError>;

fn at(session: &SessionId, rest: &str) -> String {
    format!("/session/{}{rest}", segment(session.as_str()))
}

/// Answers the credential that the code stands for.
pub(crate) async fn exchange(code: &str) -> Answer<String> {
    let answer: Value = Call::post("/auth/exchange", &json!({ "code": code })).send(&None).await?;
    let token = answer["token"].as_str().ok_or_else(|| CallError::Garbled("an answer without a token".to_owned()))?;
    Ok(token.to_owned())
}

pub(crate) async fn capabilities(key: &Credential) -> Answer<Capabilities> {
    Ok(Capabilities::read(&Call::get("/capabilities").send(key).await?))
}

pub(crate) async fn sessions(key: &Credential, workspace: &str, cursor: Option<&str>) -> Answer<SessionPage> {
    let more = cursor.map(|cursor| format!("&cursor={}", segment(cursor))).unwrap_or_default();
    let page = Call::get(format!("/workspace/{}/sessions?size=100{more}", segment(workspace)));
    Ok(SessionPage::read(&page.send(key).await?))
}

pub(crate) async fn create(key: &Credential) -> Answer<Created> {
    Ok(Created::read(&Call::post("/session", &json!({ "sessionScope": "thread" })).send(key).await?))
}

pub(crate) async fn load(key: &Credential, session: &SessionId, client: Option<&ClientId>) -> Answer<Loaded> {
    Call::post(at(session, "/load"), &json!({})).by(client).send(key).await
}

pub(crate) async fn close(key: &Credential, session: &SessionId) -> Answer<Value> {
    Call::delete(at(session, "")).send(key).await
}

pub(crate) async fn rename(key: &Credential, session: &SessionId, title: &str) -> Answer<Value> {
    Call::patch(at(session, "/metadata"), &json!({ "displayName": title })).send(key).await
}

pub(crate) async fn context(key: &Credential, session: &SessionId) -> Answer<ControlState> {
    let answer: Value = Call::get(at(session, "/context")).send(key).await?;
    Ok(ControlState::read(&answer["state"]))
}

/// The answer is read by `core::slash`.
pub(crate) async fn commands(key: &Credential, session: &SessionId) -> Answer<Value> {
    Call::get(at(session, "/supported-commands")).send(key).await
}

pub(crate) async fn prompt(
    key: &Credential,
    session: &SessionId,
    client: Option<&ClientId>,
    text: &str,
) -> Answer<Value> {
    let body = json!({ "prompt": [{ "type": "text", "text": text }] });
    Call::post(at(session, "/prompt"), &body).by(client).send(key).await
}

pub(crate) async fn cancel(key: &Credential, session: &SessionId, client: Option<&ClientId>) -> Answer<Value> {
    Call::post(at(session, "/cancel"), &json!({})).by(client).send(key).await
}

pub(crate) async fn remove_pending(
    key: &Credential,
    session: &SessionId,
    client: Option<&ClientId>,
    prompt: &PromptId,
) -> Answer<Value> {
    Call::delete(at(session, &format!("/pending-prompts/{}", segment(prompt.as_str())))).by(client).send(key).await
}

/// Chooses an option of a request, with the answers to its questions if it asks any.
pub(crate) async fn vote(
    key: &Credential,
    session: &SessionId,
    client: Option<&ClientId>,
    request: &RequestId,
    option: &str,
    answers: Option<Map<String, Value>>,
) -> Answer<Value> {
    let mut vote = json!({ "outcome": { "outcome": "selected", "optionId": option } });
    if let Some(answers) = answers {
        vote["answers"] = Value::Object(answers);
    }
    Call::post(at(session, &format!("/permission/{}", segment(request.as_str()))), &vote).by(client).send(key).await
}

pub(crate) async fn set_mode(
    key: &Credential,
    session: &SessionId,
    client: Option<&ClientId>,
    mode: &str,
) -> Answer<Value> {
    Call::post(at(session, "/approval-mode"), &json!({ "mode": mode })).by(client).send(key).await
}

pub(crate) async fn set_model(
    key: &Credential,
    session: &SessionId,
    client: Option<&ClientId>,
    model: &str,
) -> Answer<Value> {
    Call::post(at(session, "/model"), &json!({ "modelId": model })).by(client).send(key).await
}
