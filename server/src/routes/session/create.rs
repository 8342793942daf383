//! `POST /session`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Json, extract::State};
use http::StatusCode;
use roost_core::{
    ClientId, SessionId,
    session::{ApprovalMode, Command},
};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::refusal;
use crate::{
    App, WireError,
    admission::gate,
    body::JsonBody,
    client_id::ClientHeader,
    driver::Source,
    git::{InvalidSlug, Slug, Worktree},
    mcp_servers::McpServers,
    routes::workspace::{
        access::{check_mode, hold_back, require_trust},
        workspace_mismatch,
    },
    sessions::{Attachment, CreateSession, Lend},
    workspaces::Workspace,
};

const MAX_CWD_CHARS: usize = 4_096;
const MAX_SOURCE_CHARS: usize = 256;

/// What every way into a session answers with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionObject {
    session_id: SessionId,
    workspace_cwd: PathBuf,
    attached: bool,
    client_id: ClientId,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_active_prompt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<Worktree>,
}

impl SessionObject {
    pub(super) fn of(lend: &Lend) -> Self {
        let attached = lend.attachment == Attachment::Joined;
        Self {
            session_id: lend.live.id.clone(),
            workspace_cwd: lend.live.cwd.to_path_buf(),
            attached,
            client_id: lend.client_id.clone(),
            created_at: lend.live.created_at.to_iso(),
            has_active_prompt: attached.then_some(lend.has_active_prompt),
            source_type: lend.live.source.kind.clone(),
            source_id: lend.live.source.id.clone(),
            worktree: lend.worktree.clone(),
        }
    }

    /// A restore tells it always.
    pub(super) fn with_activity(mut self, lend: &Lend) -> Self {
        self.has_active_prompt = Some(lend.has_active_prompt);
        self
    }
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<SessionObject>, WireError> {
    let workspace = workspace(&app, &body)?;
    let workspace = workspace.as_ref().unwrap_or_else(|| app.workspaces.primary());
    let wish = CreateSession {
        own: is_own(&body)?,
        session_id: session_id(&body)?,
        approval_mode: approval_mode(&body)?,
        model_id: body.get("modelServiceId").and_then(Value::as_str).map(Into::into),
        source: source(&body)?,
        servers: mcp_servers(&app, &body)?,
        worktree: worktree(&body)?,
    };
    // A working tree is made of what the folder's own files say.
    if wish.worktree.is_some() || !app.workspaces.is_primary(workspace) {
        require_trust(workspace).await?;
    }
    if let Some(mode) = wish.approval_mode {
        check_mode(workspace, mode).await?;
    }
    let mode = wish.approval_mode;
    let lend = workspace.sessions.create(wish, client).await.map_err(|error| refusal::create(&error))?;
    agree_on_mode(&app, &lend, mode).await;
    hold_back(&app, workspace, &lend.live).await;
    let session = SessionObject::of(&lend);
    lend.told();
    Ok(Json(session))
}

/// Who joins may wish for a mode, too, where they could switch it by its own route. The session is the same without it.
pub(super) async fn agree_on_mode(app: &App, lend: &Lend, mode: Option<ApprovalMode>) {
    let Some(mode) = mode.filter(|_| lend.attachment == Attachment::Joined && !gate::is_closed(app)) else { return };
    if lend.live.agent_state().current_mode_id() != Some(mode.as_str()) {
        let client = Some(lend.client_id.clone());
        let patience = app.config.timeouts.agent_answer;
        lend.live.wish(client, Command::SetApprovalMode { mode, persist: false }, patience).await;
    }
}

/// The workspace that `cwd` names, by whatever path it is reached.
pub(super) fn workspace(app: &App, body: &Map<String, Value>) -> Result<Option<Arc<Workspace>>, WireError> {
    let cwd = match body.get("cwd") {
        None => return Ok(None),
        Some(Value::String(cwd)) => cwd,
        Some(_) => return Err(WireError::bad_request("`cwd` must be a string")),
    };
    if cwd.chars().count() > MAX_CWD_CHARS {
        return Err(WireError::bad_request(format!("`cwd` must be at most {MAX_CWD_CHARS} characters")));
    }
    if !Path::new(cwd).is_absolute() {
        return Err(WireError::bad_request("`cwd` must be an absolute path"));
    }
    app.workspaces.select(cwd).map(Some).ok_or_else(|| workspace_mismatch(app, cwd))
}

pub(super) fn approval_mode(body: &Map<String, Value>) -> Result<Option<ApprovalMode>, WireError> {
    match body.get("approvalMode") {
        None => Ok(None),
        Some(Value::String(mode)) => mode.parse().map(Some).map_err(|_| refusal::invalid_approval_mode()),
        Some(_) => Err(refusal::invalid_approval_mode()),
    }
}

/// What the client brings along. Whoever brings something has it started here, so it is as closed as what else starts programs.
pub(super) fn mcp_servers(app: &App, body: &Map<String, Value>) -> Result<McpServers, WireError> {
    let servers = McpServers::parse(body.get("mcpServers")).map_err(|error| {
        WireError::bad_request(error.to_string()).code("invalid_mcp_servers").with("field", error.field)
    })?;
    if !servers.is_empty() && gate::is_closed(app) {
        return Err(WireError::token_required());
    }
    Ok(servers)
}

/// The name of the working tree that is wished for; a fresh one where the wish has none. A session that was to be kept apart from the
/// folder is not begun in it.
fn worktree(body: &Map<String, Value>) -> Result<Option<Slug>, WireError> {
    let wished = |name: &str| body.get(name).filter(|wish| !wish.is_null());
    let wish = match (wished("worktree"), wished("branch")) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let said = "`branch` and `worktree` exclude each other: a working tree has a branch of its own";
            return Err(WireError::bad_request(said).code("branch_and_worktree_conflict"));
        }
        (None, Some(_)) => {
            let said = "This daemon moves no shared folder to another branch. `worktree` gives the session a branch of its own.";
            return Err(WireError::new(StatusCode::NOT_IMPLEMENTED, said).code("branch_not_supported"));
        }
        (Some(wish), None) => wish,
    };
    let invalid = || WireError::bad_request("`worktree` must be an object, like {} or {\"slug\":\"my-task\"}");
    let wish = wish.as_object().ok_or_else(|| invalid().code("invalid_worktree"))?;
    let slug = match wish.get("slug") {
        None | Some(Value::Null) => Ok(Slug::fresh()),
        Some(Value::String(slug)) => Slug::parse(slug),
        Some(_) => Err(InvalidSlug::Malformed),
    };
    slug.map(Some).map_err(|error| WireError::bad_request(error.to_string()).code("worktree_invalid_slug"))
}

fn is_own(body: &Map<String, Value>) -> Result<bool, WireError> {
    match body.get("sessionScope").map(|scope| scope.as_str()) {
        None | Some(Some("single")) => Ok(false),
        Some(Some("thread")) => Ok(true),
        Some(_) => {
            Err(WireError::bad_request("`sessionScope` must be \"single\" or \"thread\"").code("invalid_session_scope"))
        }
    }
}

fn session_id(body: &Map<String, Value>) -> Result<Option<SessionId>, WireError> {
    let Some(id) = body.get("sessionId").filter(|id| !id.is_null()) else { return Ok(None) };
    let is_good = |uuid: &Uuid| (1..=5).contains(&uuid.get_version_num());
    let uuid = id.as_str().and_then(|id| Uuid::try_parse(id).ok()).filter(is_good);
    match uuid {
        Some(uuid) => Ok(Some(SessionId::from(uuid.hyphenated().to_string()))),
        None => Err(WireError::bad_request("`sessionId` must be a UUID").code("invalid_session_id")),
    }
}

pub(super) fn source(body: &Map<String, Value>) -> Result<Source, WireError> {
    let invalid = |why: String| WireError::bad_request(why).code("invalid_session_source");
    let kind = match body.get("sourceType") {
        None => None,
        Some(Value::String(kind)) if is_source_type(kind) => Some(kind.clone()),
        Some(_) => return Err(invalid("`sourceType` must match [a-z][a-z0-9_-]{0,63}".to_owned())),
    };
    let id = match body.get("sourceId") {
        None => None,
        Some(_) if kind.is_none() => return Err(invalid("`sourceId` needs a `sourceType`".to_owned())),
        Some(Value::String(id)) if is_source_id(id) => Some(id.clone()),
        Some(_) => {
            let why = format!("`sourceId` must have 1 to {MAX_SOURCE_CHARS} characters and no control characters");
            return Err(invalid(why));
        }
    };
    Ok(Source { kind, id })
}

fn is_source_type(kind: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    kind.len() <= 64 && kind.starts_with(|first: char| first.is_ascii_lowercase()) && kind.bytes().all(is_plain)
}

fn is_source_id(id: &str) -> bool {
    let is_control = |c: char| c <= '\u{1f}' || c == '\u{7f}';
    (1..=MAX_SOURCE_CHARS).contains(&id.chars().count()) && !id.contains(is_control)
}
