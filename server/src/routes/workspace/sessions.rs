//! `GET /workspace/:id/sessions`: the plain list, the most recently active first.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
};
use roost_core::{SessionId, session::TitleSource};
use serde::{Deserialize, Serialize};

use super::check_selector;
use crate::{App, WireError, clock, routes::session::Activity, sessions::Listed, store::whole_millis};

const DEFAULT_SIZE: usize = 20;
const MAX_SIZE: usize = 100;

/// The query as it came; what is garbage in `size` counts as absent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wish {
    archive_state: Option<String>,
    cursor: Option<String>,
    size: Option<String>,
    view: Option<String>,
    source_type: Option<String>,
    source_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    sessions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    session_id: SessionId,
    workspace_cwd: PathBuf,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title_source: Option<TitleSource>,
    is_archived: bool,
    #[serde(flatten)]
    activity: Option<Activity>,
    /// What a session that is not live has instead of an activity.
    #[serde(flatten)]
    rest: Option<Rest>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rest {
    client_count: usize,
    has_active_prompt: bool,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(selector): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<Json<Page>, WireError> {
    check_selector(&app, &selector)?;
    let before = cursor(wish.cursor.as_deref())?;
    let is_archive = is_archive(wish.archive_state.as_deref())?;
    if wish.view.is_some() {
        return Err(
            WireError::bad_request("This daemon has no other view than the plain list").code("invalid_session_view")
        );
    }
    let size = wish.size.and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_SIZE).clamp(1, MAX_SIZE);
    let listed = if is_archive { Vec::new() } else { app.sessions.list().await };
    let mut wanted = listed.into_iter().filter(|item| {
        let summary = &item.summary;
        before.is_none_or(|before| summary.active_at < before)
            && wish.source_type.as_ref().is_none_or(|kind| summary.source_type.as_ref() == Some(kind))
            && wish.source_id.as_ref().is_none_or(|id| summary.source_id.as_ref() == Some(id))
    });
    let page: Vec<Listed> = wanted.by_ref().take(size).collect();
    let has_more = wanted.next().is_some();
    let next_cursor = page.last().filter(|_| has_more).map(|last| last.summary.active_at.to_string());
    let sessions = page.into_iter().map(|listed| item(&app, listed)).collect();
    Ok(Json(Page { sessions, next_cursor }))
}

fn item(app: &App, Listed { summary, live }: Listed) -> Item {
    let name = live.as_ref().and_then(|live| live.display_name.as_ref()).map(|name| name.as_str().to_owned());
    Item {
        session_id: summary.session_id,
        workspace_cwd: app.config.workspace.clone(),
        created_at: summary.created_at,
        updated_at: clock::iso(whole_millis(summary.active_at)),
        display_name: name.or(summary.display_name),
        title_source: live.as_ref().and_then(|live| live.title_source).or(summary.title_source),
        is_archived: false,
        rest: live.is_none().then(Rest::default),
        activity: live.map(Activity::from),
    }
}

/// A cursor is the activity of the last session seen, in milliseconds with their fraction.
fn cursor(text: Option<&str>) -> Result<Option<f64>, WireError> {
    let invalid = || WireError::bad_request("`cursor` must be a number of milliseconds").code("invalid_cursor");
    let parse = |text: &str| text.parse().ok().filter(|at: &f64| at.is_finite()).ok_or_else(invalid);
    text.map(parse).transpose()
}

fn is_archive(state: Option<&str>) -> Result<bool, WireError> {
    match state {
        None | Some("active") => Ok(false),
        Some("archived") => Ok(true),
        Some(_) => {
            Err(WireError::bad_request("`archiveState` must be \"active\" or \"archived\"")
                .code("invalid_archive_state"))
        }
    }
}
