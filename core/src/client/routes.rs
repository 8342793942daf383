//! The routes, one function each. Add the caller with [`Call::by`] and the credential with [`Call::with_token`].

use serde_json::{Value, json};

use super::{
    Accepted, Call, Capabilities, ContextState, Credential, Cursor, Done, Health, Heartbeat, LoadedSession, Metadata,
    Method, ModeChanged, NewSession, PendingPrompts, Prompt, Removed, Request, ResumedSession, Session, SessionPage,
    Status, SupportedCommands, Vote, segment,
};
use crate::{PromptId, RequestId, SessionId, session::ApprovalMode};

fn at(session: &SessionId, rest: &str) -> String {
    format!("/session/{}{rest}", segment(session.as_str()))
}

// The daemon.

/// Whether the daemon is up.
pub fn health() -> Call<Health> {
    Call::get("/health")
}

/// Whether it is up, with counts of what it does.
pub fn deep_health() -> Call<Health> {
    Call::get("/health?deep=1")
}

pub fn capabilities() -> Call<Capabilities> {
    Call::get("/capabilities")
}

/// Trades a one-time sign-in code for a credential of this device's own.
pub fn exchange(code: &str) -> Call<Credential> {
    Call::post("/auth/exchange", &json!({ "code": code }))
}

/// Up to `size` (1–100) sessions of a workspace, named by its id or absolute path.
pub fn sessions(workspace: &str, size: u8, cursor: Option<&str>) -> Call<SessionPage> {
    let more = cursor.map(|cursor| format!("&cursor={}", segment(cursor))).unwrap_or_default();
    Call::get(format!("/workspace/{}/sessions?size={size}{more}", segment(workspace)))
}

// A session's life.

pub fn create(wish: &NewSession) -> Call<Session> {
    Call::post("/session", wish)
}

/// Enters a session, bringing it to life when it sleeps, and asks for its history.
pub fn load(session: &SessionId) -> Call<LoadedSession> {
    Call::post(at(session, "/load"), &json!({}))
}

/// Enters a session, bringing it to life when it sleeps.
pub fn resume(session: &SessionId) -> Call<ResumedSession> {
    Call::post(at(session, "/resume"), &json!({}))
}

/// Ends the session for everybody. Its records stay.
pub fn close(session: &SessionId) -> Call<Done> {
    Call::delete(at(session, ""))
}

/// Leaves the session. The last to leave an idle one closes it.
pub fn detach(session: &SessionId) -> Call<Done> {
    Call::post(at(session, "/detach"), &json!({}))
}

pub fn heartbeat(session: &SessionId) -> Call<Heartbeat> {
    Call::post(at(session, "/heartbeat"), &json!({}))
}

pub fn status(session: &SessionId) -> Call<Status> {
    Call::get(at(session, "/status"))
}

pub fn context(session: &SessionId) -> Call<ContextState> {
    Call::get(at(session, "/context"))
}

pub fn supported_commands(session: &SessionId) -> Call<SupportedCommands> {
    Call::get(at(session, "/supported-commands"))
}

pub fn rename(session: &SessionId, title: &str) -> Call<Metadata> {
    Call::patch(at(session, "/metadata"), &json!({ "displayName": title }))
}

/// Answers with what the agent answered.
pub fn set_model(session: &SessionId, model: &str) -> Call<Value> {
    Call::post(at(session, "/model"), &json!({ "modelId": model }))
}

/// `persist` makes it the workspace's default, too.
pub fn set_approval_mode(session: &SessionId, mode: ApprovalMode, persist: bool) -> Call<ModeChanged> {
    Call::post(at(session, "/approval-mode"), &json!({ "mode": mode, "persist": persist }))
}

// Turns.

pub fn prompt(session: &SessionId, prompt: &Prompt) -> Call<Accepted> {
    Call::post(at(session, "/prompt"), prompt)
}

/// Asks for the end of the running prompt; the queued ones stay.
pub fn cancel(session: &SessionId) -> Call<Done> {
    Call::post(at(session, "/cancel"), &json!({}))
}

pub fn pending_prompts(session: &SessionId) -> Call<PendingPrompts> {
    Call::get(at(session, "/pending-prompts"))
}

/// Takes a prompt out of the queue; the running one is cancelled.
pub fn remove_pending(session: &SessionId, prompt: &PromptId) -> Call<Removed> {
    Call::delete(at(session, &format!("/pending-prompts/{}", segment(prompt.as_str()))))
}

/// Answers a permission request or a question.
pub fn vote(session: &SessionId, request: &RequestId, vote: &Vote) -> Call<Done> {
    Call::post(at(session, &format!("/permission/{}", segment(request.as_str()))), vote)
}

// Events.

/// The event stream after `cursor`. It has no end to read to: feed its bytes to a [`super::Stream`].
#[must_use]
pub fn events(session: &SessionId, cursor: &Cursor) -> Request {
    let request = Request::new(Method::Get, at(session, "/events?maxQueued=2048"))
        .header("Accept", "text/event-stream")
        .header("Last-Event-ID", cursor.last_event_id.to_string());
    match &cursor.epoch {
        Some(epoch) => request.header("X-Qwen-Event-Epoch", epoch.as_str()),
        None => request,
    }
}

#[cfg(test)]
mod tests;
