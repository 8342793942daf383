//! `POST /session/:id/load` and `/resume`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use roost_core::{
    ClientId, EventEpoch, SessionId,
    session::{AgentState, Command},
};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    create::{SessionObject, agree_on_mode, approval_mode, mcp_servers, source, workspace},
    refusal,
};
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    routes::{
        path,
        workspace::access::{check_mode, hold_back, require_trust},
    },
    sessions::{Along, Attachment, Details, Lend, Loaded, Restore},
    store::Detail,
    workspaces::Workspace,
};

/// Records of a page of history at most.
const MAX_PAGE: usize = 500;
/// How often a session that is closed meanwhile is brought back for one load.
const MAX_LOADS: usize = 4;

/// What resume answers, and load with a history beside it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restored {
    #[serde(flatten)]
    session: SessionObject,
    state: Arc<AgentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compacted_replay: Option<Vec<Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live_journal: Option<Vec<Box<RawValue>>>,
    last_event_id: u64,
    event_epoch: EventEpoch,
    /// There is more before the history given; always with the record it begins with.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    history_has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    history_anchor_record_id: Option<String>,
    /// Something that was said is not in the history, because its record is damaged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    /// What is wrong with the history, or with what the agent knows of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_error: Option<String>,
    /// The agent knows less than the history shows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replay_degraded: bool,
}

pub(super) async fn load(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Restored>, WireError> {
    let page = history_page_size(&body)?;
    let details = details(&body)?;
    let (lend, loaded) = loaded(&app, &id, client, &body, page, details).await?;
    let mut restored = answer(&lend);
    restored.last_event_id = loaded.last_event_id;
    restored.compacted_replay = Some(loaded.history.compacted_replay);
    restored.live_journal = Some(loaded.history.live_journal);
    restored.history_anchor_record_id = loaded.history.earlier.map(|earlier| earlier.anchor);
    restored.history_has_more = restored.history_anchor_record_id.is_some();
    restored.partial = loaded.history.damaged_lines > 0;
    if restored.partial {
        let said = format!("{} lines of the session's record cannot be read", loaded.history.damaged_lines);
        restored.replay_error = Some(match restored.replay_error {
            Some(other) => format!("{said}. {other}"),
            None => said,
        });
    }
    lend.told();
    Ok(Json(restored))
}

/// A session that somebody closes before its history is read is brought back once more.
async fn loaded(
    app: &App,
    id: &str,
    client: Option<ClientId>,
    body: &Map<String, Value>,
    page: Option<usize>,
    details: Details,
) -> Result<(Lend, Loaded), WireError> {
    for _ in 0..MAX_LOADS {
        let (workspace, lend) = restore(app, id, Restore::Load, client.clone(), body).await?;
        match workspace.sessions.history(&lend.live, page, details).await {
            Ok(loaded) => return Ok((lend, loaded)),
            Err(_) if lend.live.machine().is_closed() => lend.live.retired().await,
            Err(error) => {
                tracing::error!(%error, session = %id, "cannot read the session's history");
                return Err(WireError::internal());
            }
        }
    }
    Err(WireError::session_not_found(id))
}

/// `historyPageSize`
fn history_page_size(body: &Map<String, Value>) -> Result<Option<usize>, WireError> {
    let Some(size) = body.get("historyPageSize") else { return Ok(None) };
    let number = size.as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| (1..=MAX_PAGE).contains(size));
    let invalid = || {
        WireError::bad_request(format!("`historyPageSize` must be between 1 and {MAX_PAGE}"))
            .code("invalid_transcript_limit")
            .with("maxLimit", MAX_PAGE)
    };
    number.map(Some).ok_or_else(invalid)
}

/// How much of the past is wanted.
fn details(body: &Map<String, Value>) -> Result<Details, WireError> {
    Ok(Details {
        folded: detail(body, "compactedReplayMode", "invalid_compacted_replay_mode")?,
        running: detail(body, "liveReplayMode", "invalid_live_replay_mode")?,
    })
}

fn detail(body: &Map<String, Value>, member: &str, code: &'static str) -> Result<Detail, WireError> {
    let Some(wished) = body.get(member) else { return Ok(Detail::Full) };
    let detail = wished.as_str().and_then(Detail::parse);
    detail.ok_or_else(|| WireError::bad_request(format!("`{member}` must be `full` or `summary`")).code(code))
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Restored>, WireError> {
    details(&body)?;
    let (_, lend) = restore(&app, &id, Restore::Resume, client, &body).await?;
    let resumed = answer(&lend);
    lend.told();
    Ok(Json(resumed))
}

async fn restore(
    app: &App,
    id: &str,
    how: Restore,
    client: Option<ClientId>,
    body: &Map<String, Value>,
) -> Result<(Arc<Workspace>, Lend), WireError> {
    let asked = workspace(app, body)?;
    let mode = approval_mode(body)?;
    let along = Along { servers: mcp_servers(app, body)?, source: source(body)? };
    let session = SessionId::from(id);
    let _share = app.workspaces.locks().share(&session)?;
    let workspace = match asked {
        Some(asked) => unless_elsewhere(app, asked, &session)?,
        None => path::owner(app, id, "/session/:id/load").await?,
    };
    if !app.workspaces.is_primary(&workspace) {
        require_trust(&workspace).await?;
    }
    if let Some(mode) = mode {
        check_mode(&workspace, mode).await?;
    }
    let restored = workspace.sessions.restore(&session, how, client, &along).await;
    let lend = restored.map_err(|error| refusal::restore(&error, id, how))?;
    if let (Some(mode), Attachment::Made) = (mode, lend.attachment) {
        // A session that comes back in another mode than wished says so in its state.
        let patience = app.config.timeouts.agent_answer;
        lend.live.wish(None, Command::SetApprovalMode { mode, persist: false }, patience).await;
    }
    agree_on_mode(app, &lend, mode).await;
    hold_back(app, &workspace, &lend.live).await;
    Ok((workspace, lend))
}

/// R3: a session that is live in one workspace is not restored in another.
pub(super) fn unless_elsewhere(
    app: &App,
    asked: Arc<Workspace>,
    session: &SessionId,
) -> Result<Arc<Workspace>, WireError> {
    let all = app.workspaces.all();
    let elsewhere = all.iter().find(|other| other.id != asked.id && other.sessions.is_present(session.as_str()));
    let Some(live) = elsewhere else { return Ok(asked) };
    let said = format!("Session \"{session}\" is live in {}, not {}", live.cwd.display(), asked.cwd.display());
    Err(WireError::new(StatusCode::CONFLICT, said)
        .code("session_workspace_conflict")
        .with("sessionId", session)
        .with("workspaceCwd", &asked.cwd)
        .with("workspaceId", &asked.id)
        .with("liveWorkspaceCwd", &live.cwd)
        .with("liveWorkspaceId", &live.id))
}

fn answer(lend: &Lend) -> Restored {
    let (epoch, last_event_id) = {
        let bus = lend.live.stream.bus();
        (bus.epoch().clone(), bus.last_event_id())
    };
    let forgotten =
        lend.live.machine().forgotten().map(|why| format!("The agent remembers nothing of this session: {why}"));
    Restored {
        session: SessionObject::of(lend).with_activity(lend),
        state: lend.live.agent_state(),
        compacted_replay: None,
        live_journal: None,
        last_event_id,
        event_epoch: epoch,
        history_has_more: false,
        history_anchor_record_id: None,
        partial: false,
        replay_degraded: forgotten.is_some(),
        replay_error: forgotten,
    }
}
