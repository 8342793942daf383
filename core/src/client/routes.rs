//! The routes, one function each. Add the caller with [`Call::by`] and the credential with [`Call::with_token`].

use serde_json::{Value, json};

use super::{
    Accepted, Arrangement, Batch, Call, Capabilities, ContextState, Credential, Cursor, Done, ExportFormat, Glob,
    GroupChange, Groups, Health, Heartbeat, LoadedSession, Metadata, Method, MidTurn, ModeChanged, NewSession,
    OneGroup, PendingPrompts, Permissions, Prompt, Providers, Removed, Request, ResumedSession, RuleType, Session,
    SessionPage, SettingScope, Settings, ShellOutcome, Status, SupportedCommands, UnreadSession, View, Vote, Workspace,
    segment,
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
    list(workspace, View::Plain, size, cursor)
}

/// The same in one of its views.
pub fn list(workspace: &str, view: View, size: u8, cursor: Option<&str>) -> Call<SessionPage> {
    let more = cursor.map(|cursor| format!("&cursor={}", segment(cursor))).unwrap_or_default();
    Call::get(in_workspace(workspace, &format!("sessions?size={size}{}{more}", view.query())))
}

/// How the daemon is: its counts, its limits and what is wrong with it, as it says so.
pub fn daemon_status() -> Call<Value> {
    Call::get("/daemon/status")
}

// Workspaces. Each is named by its id or its absolute path.

fn in_workspace(workspace: &str, rest: &str) -> String {
    format!("/workspace/{}/{rest}", segment(workspace))
}

fn of_workspace(workspace: &str, rest: &str) -> String {
    format!("/workspaces/{}/{rest}", segment(workspace))
}

/// Serves another folder, for as long as the daemon runs, or also after it.
pub fn add_workspace(cwd: &str, persist: bool) -> Call<Workspace> {
    Call::post("/workspaces", &json!({ "cwd": cwd, "persist": persist }))
}

/// Serves a folder no longer. Without `force` only one in which nothing runs.
pub fn remove_workspace(workspace: &str, force: bool) -> Call<Done> {
    let request = Request::new(Method::Delete, format!("/workspaces/{}", segment(workspace)));
    Call::new(request.json(&json!({ "force": force })))
}

/// Up to `most` (at most 50,000) paths that match `pattern`.
pub fn glob(workspace: &str, pattern: &str, most: u32) -> Call<Glob> {
    Call::get(of_workspace(workspace, &format!("glob?pattern={}&maxResults={most}", segment(pattern))))
}

pub fn settings(workspace: &str) -> Call<Settings> {
    Call::get(of_workspace(workspace, "settings"))
}

/// The settings of the primary workspace, where those of the user can be written, too.
pub fn set_setting(scope: SettingScope, workspace: &str, key: &str, value: &Value) -> Call<Done> {
    Call::post(scoped(scope, workspace, "settings"), &json!({ "scope": scope, "key": key, "value": value }))
}

pub fn permissions(workspace: &str) -> Call<Permissions> {
    Call::get(of_workspace(workspace, "permissions"))
}

/// Replaces the rules of one kind in one scope.
pub fn set_rules(scope: SettingScope, workspace: &str, kind: RuleType, rules: &[String]) -> Call<Done> {
    Call::post(scoped(scope, workspace, "permissions"), &json!({ "scope": scope, "ruleType": kind, "rules": rules }))
}

/// The user's own things are written by the route that names no workspace.
fn scoped(scope: SettingScope, workspace: &str, what: &str) -> String {
    match scope {
        SettingScope::Workspace => of_workspace(workspace, what),
        SettingScope::User => format!("/workspace/{what}"),
    }
}

pub fn providers(workspace: &str) -> Call<Providers> {
    Call::get(of_workspace(workspace, "providers"))
}

// Sessions put in order.

pub fn groups(workspace: &str) -> Call<Groups> {
    Call::get(in_workspace(workspace, "session-groups"))
}

pub fn create_group(workspace: &str, name: &str, color: &str) -> Call<OneGroup> {
    Call::post(in_workspace(workspace, "session-groups"), &json!({ "name": name, "color": color }))
}

pub fn change_group(workspace: &str, group: &str, change: &GroupChange) -> Call<OneGroup> {
    Call::patch(in_workspace(workspace, &format!("session-groups/{}", segment(group))), change)
}

/// Its sessions stay, in no group.
pub fn delete_group(workspace: &str, group: &str) -> Call<Done> {
    Call::delete(in_workspace(workspace, &format!("session-groups/{}", segment(group))))
}

/// Works on any session there is, live or not.
pub fn arrange(session: &SessionId, arrangement: &Arrangement) -> Call<Done> {
    Call::patch(at(session, "/organization"), arrangement)
}

/// Puts sessions (1–100) away; live ones are closed.
pub fn archive(workspace: &str, sessions: &[SessionId]) -> Call<Batch> {
    batch(workspace, "archive", sessions)
}

/// Brings sessions (1–100) back.
pub fn unarchive(workspace: &str, sessions: &[SessionId]) -> Call<Batch> {
    batch(workspace, "unarchive", sessions)
}

/// Deletes sessions (1–100) for good, archived or not.
pub fn delete(workspace: &str, sessions: &[SessionId]) -> Call<Batch> {
    batch(workspace, "delete", sessions)
}

fn batch(workspace: &str, what: &str, sessions: &[SessionId]) -> Call<Batch> {
    Call::post(of_workspace(workspace, &format!("sessions/{what}")), &json!({ "sessionIds": sessions }))
}

/// The whole session as one file. It is no JSON answer: read its bytes.
#[must_use]
pub fn export(workspace: &str, session: &SessionId, is_archived: bool, format: ExportFormat) -> Request {
    let archive = if is_archived { "/archive" } else { "" };
    let rest = format!("session/{}{archive}/export?format={}", segment(session.as_str()), format.as_str());
    Request::new(Method::Get, of_workspace(workspace, &rest))
}

// A session's life.

pub fn create(wish: &NewSession) -> Call<Session> {
    Call::post("/session", wish)
}

/// Enters a session, bringing it to life when it sleeps, and asks for its history.
pub fn load(session: &SessionId) -> Call<LoadedSession> {
    Call::post(at(session, "/load"), &json!({}))
}

/// The same, with the history still to be read.
pub fn load_unread(session: &SessionId) -> Call<UnreadSession> {
    load(session).read_by(UnreadSession::parse)
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

/// Tells the running turn something before its next step. It may come too late.
pub fn mid_turn_message(session: &SessionId, message: &str) -> Call<MidTurn> {
    Call::post(at(session, "/mid-turn-message"), &json!({ "message": message }))
}

/// Runs a command in the session's folder. Only for a client that is in the session.
pub fn shell(session: &SessionId, command: &str) -> Call<ShellOutcome> {
    Call::post(at(session, "/shell"), &json!({ "command": command }))
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
