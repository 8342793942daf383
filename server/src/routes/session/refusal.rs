//! What a session refuses, as the wire says it.

use http::StatusCode;
use roost_core::{
    ClientId, RequestId, SessionId,
    acp::{RpcError, code},
    session::{ApprovalMode, CloseRefused, ControlRefused, Forbidden, PromptRefused, Refused, VoteRefused},
};
use serde_json::Value;

use crate::{
    WireError,
    child::{CallError, HandshakeError, StartError},
    driver::LiveSession,
    git::WorktreeError,
    mcp_servers::UnfitMcpServer,
    sessions::{CreateError, RestoreError, SessionLimit},
    store::HoldError,
};

/// Seconds after which a client may try again what had no room.
const RETRY_SECONDS: u32 = 5;

pub(super) fn refused(refused: &Refused, session: &str) -> WireError {
    match refused {
        Refused::Closed => WireError::session_not_found(session),
        Refused::InvalidClient(client) => {
            WireError::bad_request(format!("Client id \"{client}\" is not registered for session \"{session}\""))
                .code("invalid_client_id")
                .with("sessionId", session)
                .with("clientId", client)
        }
    }
}

pub(super) fn close(error: &CloseRefused, session: &str) -> WireError {
    match error {
        CloseRefused::Refused(error) => refused(error, session),
        CloseRefused::Unrecorded => WireError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("Session \"{session}\" stays open: {error}. Make room on the disk and close it again."),
        )
        .code("session_store_failed")
        .with("sessionId", session),
    }
}

/// For routes that change nothing and so give no command: a client id must be registered all the same.
pub(super) fn check_registered(live: &LiveSession, client: Option<&ClientId>) -> Result<(), WireError> {
    match client {
        Some(client) if !live.machine().is_registered(client) => {
            Err(refused(&Refused::InvalidClient(client.clone()), live.id.as_str()))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn prompt(error: &PromptRefused, session: &str) -> WireError {
    match error {
        PromptRefused::Refused(error) => refused(error, session),
        PromptRefused::KeyTaken { key } => {
            let said = format!("Another prompt was sent under the key \"{}\". A prompt gets a key of its own.", key.as_str());
            WireError::new(StatusCode::CONFLICT, said).code("prompt_key_conflict").with("sessionId", session)
        }
        PromptRefused::QueueFull { limit, pending_count } => WireError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{pending_count} prompts are pending, the limit is {limit}"),
        )
        .code("prompt_queue_full")
        .with("sessionId", session)
        .with("limit", limit)
        .with("pendingCount", pending_count)
        .retry_after(RETRY_SECONDS),
        PromptRefused::HeldBack { mode } => WireError::new(
            StatusCode::FORBIDDEN,
            format!("In this folder nothing is run: {error}. Set the mode to default, or have the user of this machine trust the folder."),
        )
        .code("trust_gate")
        .with("errorKind", "auth_env_error")
        .with("sessionId", session)
        .with("mode", mode),
    }
}

/// `names_session`: whether the path does.
pub(super) fn vote(error: &VoteRefused, session: &SessionId, request: &RequestId, names_session: bool) -> WireError {
    match error {
        VoteRefused::Refused(error) => refused(error, session.as_str()),
        VoteRefused::NotPending if names_session => no_request_of_session(session.as_str(), request),
        VoteRefused::NotPending => no_request(request),
        VoteRefused::InvalidOption { option_id } => {
            WireError::bad_request(format!("Option \"{option_id}\" is not offered by the permission request"))
                .code("invalid_option_id")
                .with("requestId", request)
                .with("optionId", option_id)
        }
        VoteRefused::Forbidden { reason } => forbidden(*reason, session, request),
    }
}

fn forbidden(reason: Forbidden, session: &SessionId, request: &RequestId) -> WireError {
    WireError::new(StatusCode::FORBIDDEN, format!("The permission policy refused the vote: {}", reason.as_str()))
        .code("permission_forbidden")
        .with("requestId", request)
        .with("sessionId", session)
        .with("reason", reason.as_str())
}

pub(super) fn no_request_of_session(session: &str, request: &RequestId) -> WireError {
    WireError::new(StatusCode::NOT_FOUND, "No pending permission request for session")
        .with("sessionId", session)
        .with("requestId", request)
}

pub(super) fn no_request(request: &RequestId) -> WireError {
    WireError::new(StatusCode::NOT_FOUND, "No pending permission request").with("requestId", request)
}

pub(super) fn control(error: &ControlRefused, session: &str) -> WireError {
    match error {
        ControlRefused::Refused(error) => refused(error, session),
        ControlRefused::Agent(error) => agent(error),
        ControlRefused::AgentAbsent => no_channel("No agent serves the session"),
    }
}

/// The same of a question that not every agent understands: 501 where this one does not.
pub(super) fn question(error: &ControlRefused, session: &str, method: &str) -> WireError {
    match error {
        ControlRefused::Agent(error) if error.code == code::METHOD_NOT_FOUND => {
            let said = format!("The agent does not know `{method}`; this daemon's built-in agent does");
            WireError::new(StatusCode::NOT_IMPLEMENTED, said).code("not_supported_by_agent")
        }
        ControlRefused::Refused(_) | ControlRefused::Agent(_) | ControlRefused::AgentAbsent => control(error, session),
    }
}

/// The agent's own error, passed on.
pub(super) fn agent(error: &RpcError) -> WireError {
    let data: Option<Value> = error.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
    let is_gate =
        data.as_ref().is_some_and(|data| data["errorKind"] == "auth_env_error" || data["name"] == "TrustGateError");
    if is_gate {
        let refused = WireError::new(StatusCode::FORBIDDEN, error.message.clone());
        return refused.code("trust_gate").with("errorKind", "auth_env_error");
    }
    let failed = WireError::new(StatusCode::INTERNAL_SERVER_ERROR, error.message.clone()).code(error.code);
    match data {
        Some(data) => failed.with("data", data),
        None => failed,
    }
}

pub(super) fn create(error: &CreateError) -> WireError {
    match error {
        CreateError::Limit(error) => limit(*error),
        CreateError::IdTaken(id) => WireError::new(StatusCode::CONFLICT, format!("Session \"{id}\" exists already"))
            .code("session_id_conflict")
            .with("sessionId", id),
        CreateError::Start(error) => start(error),
        CreateError::Agent(error) => call(error),
        CreateError::Servers(error) => unfit(error),
        CreateError::Worktree(error) => worktree(error),
        CreateError::Slow(patience) => slow(*patience, "session/new"),
        CreateError::Store(error) => store(error),
        CreateError::Draining(error) => WireError::workspace_draining(error),
        CreateError::Closing => closing(),
    }
}

pub(super) fn restore(error: &RestoreError, session: &str, requested: crate::sessions::Restore) -> WireError {
    match error {
        RestoreError::Unknown(_) => WireError::session_not_found(session),
        RestoreError::Archived(_) => WireError::session_archived(session),
        RestoreError::Conflict(_) => WireError::session_conflict(session),
        RestoreError::InProgress { active } => {
            WireError::new(StatusCode::CONFLICT, format!("Session \"{session}\" is being restored in another way"))
                .code("restore_in_progress")
                .with("sessionId", session)
                .with("activeAction", active)
                .with("requestedAction", requested)
                .retry_after(RETRY_SECONDS)
        }
        RestoreError::Limit(error) => limit(*error),
        RestoreError::Start(error) => start(error),
        RestoreError::Agent(error) => call(error),
        RestoreError::Servers(error) => unfit(error),
        RestoreError::Slow(patience) => WireError::new(
            StatusCode::GATEWAY_TIMEOUT,
            format!("The agent did not restore the session within {} ms", patience.as_millis()),
        )
        .code("session_restore_timeout")
        .with("errorKind", "restore_timeout")
        .with("retryable", true)
        .with("sessionId", session)
        .with("action", requested)
        .with("timeoutMs", millis(*patience))
        .retry_after(RETRY_SECONDS),
        RestoreError::Held(_) => held(session),
        RestoreError::Store(error) => store(error),
        RestoreError::Draining(error) => WireError::workspace_draining(error),
        RestoreError::Closing => closing(),
    }
}

pub(super) fn invalid_approval_mode() -> WireError {
    WireError::bad_request("The approval mode must be one of plan, default, auto-edit, auto, yolo")
        .code("invalid_approval_mode")
        .with("allowed", ApprovalMode::ALL)
}

fn worktree(error: &WorktreeError) -> WireError {
    let (status, code) = match error {
        WorktreeError::NoRepository => (StatusCode::BAD_REQUEST, "worktree_not_git_repo"),
        WorktreeError::NoCommit | WorktreeError::Taken(_) | WorktreeError::Escapes(_) => {
            (StatusCode::CONFLICT, "worktree_create_failed")
        }
        WorktreeError::Disk(_) | WorktreeError::Git(_) => {
            tracing::error!(%error, "a working tree cannot be made");
            (StatusCode::INTERNAL_SERVER_ERROR, "worktree_create_failed")
        }
    };
    WireError::new(status, error.to_string()).code(code)
}

fn unfit(error: &UnfitMcpServer) -> WireError {
    WireError::bad_request(error.to_string())
        .code("mcp_transport_not_supported")
        .with("serverName", &error.server)
        .with("transport", error.transport)
}

fn limit(error: SessionLimit) -> WireError {
    WireError::new(StatusCode::SERVICE_UNAVAILABLE, format!("Session limit reached ({})", error.limit))
        .code("session_limit_exceeded")
        .with("limit", error.limit)
        .with("scope", error.scope)
        .retry_after(RETRY_SECONDS)
}

fn start(error: &StartError) -> WireError {
    match error {
        StartError::Handshake { source: HandshakeError::Silent(patience), .. } => {
            WireError::new(StatusCode::GATEWAY_TIMEOUT, error.to_string())
                .code("init_timeout")
                .with("errorKind", "init_timeout")
                .with("phase", "initialize")
                .with("timeoutMs", millis(*patience))
                .retry_after(RETRY_SECONDS)
        }
        StartError::Spawn { .. } => no_channel(&error.to_string()).with("errorKind", "missing_binary"),
        StartError::Handshake { .. } => no_channel(&error.to_string()).with("errorKind", "protocol_error"),
        StartError::Closed => closing(),
    }
}

/// 504: the agent is there and does not answer.
pub(super) fn slow(patience: std::time::Duration, phase: &str) -> WireError {
    let said = format!("The agent did not answer `{phase}` within {} ms", patience.as_millis());
    WireError::new(StatusCode::GATEWAY_TIMEOUT, said)
        .code("init_timeout")
        .with("errorKind", "init_timeout")
        .with("phase", phase)
        .with("timeoutMs", millis(patience))
        .retry_after(RETRY_SECONDS)
}

fn call(error: &CallError) -> WireError {
    match error {
        CallError::Refused(error) => agent(error),
        CallError::Lost(loss) => no_channel(&loss.reason),
        CallError::NoSession => no_channel(&error.to_string()).with("errorKind", "protocol_error"),
    }
}

/// Another daemon has it open.
pub(super) fn held(session: &str) -> WireError {
    let said =
        format!("Session \"{session}\" is open in another daemon of this home. Use it there, or close it there first.");
    WireError::new(StatusCode::CONFLICT, said).code("session_held_elsewhere").with("sessionId", session)
}

pub(super) fn store(error: &HoldError) -> WireError {
    tracing::error!(%error, "the session store failed");
    WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "The session store failed").code("session_store_failed")
}

fn no_channel(why: &str) -> WireError {
    WireError::new(StatusCode::SERVICE_UNAVAILABLE, why.to_owned()).code("acp_channel_unavailable")
}

fn closing() -> WireError {
    WireError::new(StatusCode::SERVICE_UNAVAILABLE, "The daemon is shutting down").code("daemon_shutting_down")
}

fn millis(length: std::time::Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
