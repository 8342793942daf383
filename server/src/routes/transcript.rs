//! `GET /session/:id/transcript`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use roost_core::SessionId;
use tokio::task::spawn_blocking;

use super::{path::NamedSession, query::Query};
use crate::{
    App, WireError,
    store::{Detail, Past, Place, Shelf},
    transcript_page::{self, From, PageError, Wish},
    workspaces::Workspace,
};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;
const MAX_RECORD_ID_CHARS: usize = 200;

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/session/{id}/transcript", get(show))
        .route("/workspaces/{workspace}/session/{session}/transcript", get(show))
}

async fn show(State(app): State<Arc<App>>, named: NamedSession, query: Query) -> Result<Response, WireError> {
    let NamedSession { workspace, id } = named;
    let wish = wish(&query)?;
    let _share = workspace.sessions.locks().share(&id)?;
    let past = past(&workspace, Shelf::Active, &id).await?;
    let (key, session) = (app.cursor_key.clone(), id.clone());
    let read = spawn_blocking(move || transcript_page::read(&past, &session, &wish, &key)).await;
    let page = read.map_err(|_| WireError::internal())?.map_err(|error| refused(&error, &id))?;
    let mut response = Json(page).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The past of a session that must be on this shelf.
pub(super) async fn past(workspace: &Workspace, shelf: Shelf, id: &SessionId) -> Result<Past, WireError> {
    match workspace.sessions.place(id).await {
        Place::On(found) if found == shelf => {}
        Place::On(Shelf::Archive) => return Err(WireError::session_archived(id.as_str())),
        Place::On(Shelf::Active) => return Err(WireError::session_not_archived(id.as_str())),
        Place::Both => return Err(WireError::session_conflict(id.as_str())),
        Place::Nowhere => return Err(WireError::session_not_found(id.as_str())),
    }
    workspace.sessions.past(shelf, id).await.ok_or_else(|| WireError::session_not_found(id.as_str()))
}

fn wish(query: &Query) -> Result<Wish, WireError> {
    let limit = limit(query.get("limit"))?;
    let from = match (query.get("cursor"), query.get("beforeRecordId")) {
        (None, None) => From::Start,
        (Some(_), Some(_)) => return Err(invalid_cursor("Invalid transcript cursor and anchor combination")),
        (Some(""), None) => return Err(invalid_cursor("`cursor` must be a non-empty string")),
        (Some(cursor), None) => From::Cursor(cursor.to_owned()),
        (None, Some(record)) if record.is_empty() || record.chars().count() > MAX_RECORD_ID_CHARS => {
            return Err(invalid_cursor("`beforeRecordId` must be a non-empty record id"));
        }
        (None, Some(record)) => From::Before(record.to_owned()),
    };
    let detail = query.get("compactedReplayMode").map_or(Some(Detail::Full), Detail::parse);
    let detail = detail.ok_or_else(|| {
        WireError::bad_request("`compactedReplayMode` must be `full` or `summary`")
            .code("invalid_compacted_replay_mode")
    })?;
    Ok(Wish { limit, from, detail })
}

fn limit(limit: Option<&str>) -> Result<usize, WireError> {
    let invalid = |why: String| WireError::bad_request(why).code("invalid_transcript_limit");
    let Some(text) = limit else { return Ok(DEFAULT_LIMIT) };
    let digits = Some(text).filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.ok_or_else(|| invalid("`limit` must be a positive integer".to_owned()))?;
    let number = digits.parse().ok().filter(|number| (1..=MAX_LIMIT).contains(number));
    number.ok_or_else(|| invalid(format!("`limit` must be between 1 and {MAX_LIMIT}")).with("maxLimit", MAX_LIMIT))
}

fn invalid_cursor(why: &'static str) -> WireError {
    WireError::bad_request(why).code("invalid_transcript_cursor")
}

pub(super) fn refused(error: &PageError, session: &SessionId) -> WireError {
    let said = error.to_string();
    match error {
        PageError::InvalidCursor => WireError::bad_request(said).code("invalid_transcript_cursor"),
        PageError::SnapshotUnavailable => WireError::new(StatusCode::CONFLICT, said)
            .code("transcript_snapshot_unavailable")
            .with("sessionId", session),
        PageError::TooLarge { size, max_bytes } => WireError::new(StatusCode::PAYLOAD_TOO_LARGE, said)
            .code("transcript_too_large")
            .with("sessionId", session)
            .with("snapshotSize", size)
            .with("maxBytes", max_bytes),
        PageError::PageTooLarge { size, max_bytes } => WireError::new(StatusCode::PAYLOAD_TOO_LARGE, said)
            .code("transcript_page_too_large")
            .with("sessionId", session)
            .with("pageBytes", size)
            .with("maxBytes", max_bytes),
        PageError::Read(error) => {
            tracing::error!(%error, %session, "cannot read the session's past");
            WireError::internal()
        }
    }
}
