//! `GET /workspace/:id/sessions`: the most recently active first, or as a person has put them in order.

mod organized;
mod wish;

use std::path::PathBuf;

use axum::Json;
use http::StatusCode;
use roost_core::{SessionId, session::TitleSource};
use serde::Serialize;

use self::{
    organized::Organized,
    wish::{View, Wish},
};
use crate::{
    WireError,
    git::Worktree,
    routes::{path::Selected, query::Query, session::Activity},
    sessions::Listed,
    store::{Shelf, whole_millis},
    workspaces::Workspace,
};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    source_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<String>,
    is_archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<Worktree>,
    #[serde(flatten)]
    organized: Option<Organized>,
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

pub(super) async fn list(Selected(workspace): Selected, query: Query) -> Result<Json<Page>, WireError> {
    let wish = Wish::read(&query)?;
    let listed = workspace.sessions.list(wish.shelf).await.map_err(list_failed)?;
    let wanted = listed.into_iter().filter(|listed| wish.wants(&listed.summary));
    match &wish.view {
        View::Plain { before } => Ok(Json(plain(&workspace, wanted, &wish, *before))),
        View::Organized { group, cursor } => {
            let organization = workspace.organization.read().await.map_err(list_failed)?;
            organized::page(&workspace, wanted, &wish, &organization, group, cursor.as_deref()).map(Json)
        }
    }
}

/// 500: the list could not be made.
pub(super) fn list_failed(error: impl std::fmt::Display) -> WireError {
    tracing::error!(%error, "cannot list the sessions");
    WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "Failed to list sessions").code("session_list_failed")
}

fn plain(workspace: &Workspace, wanted: impl Iterator<Item = Listed>, wish: &Wish, before: Option<f64>) -> Page {
    let mut wanted = wanted.filter(|listed| before.is_none_or(|before| listed.summary.active_at < before));
    let page: Vec<Listed> = wanted.by_ref().take(wish.size).collect();
    let has_more = wanted.next().is_some();
    let next_cursor = page.last().filter(|_| has_more).map(|last| last.summary.active_at.to_string());
    Page { sessions: page.into_iter().map(|listed| item(workspace, listed, wish.shelf, None)).collect(), next_cursor }
}

fn item(workspace: &Workspace, listed: Listed, shelf: Shelf, organized: Option<Organized>) -> Item {
    let Listed { summary, live } = listed;
    let live = live.filter(|_| shelf == Shelf::Active);
    let name = live.as_ref().and_then(|live| live.display_name.as_ref()).map(|name| name.as_str().to_owned());
    Item {
        session_id: summary.session_id,
        workspace_cwd: workspace.cwd.clone(),
        created_at: summary.created_at,
        updated_at: whole_millis(summary.active_at).to_iso(),
        display_name: name.or(summary.display_name),
        title_source: live.as_ref().and_then(|live| live.title_source).or(summary.title_source),
        source_type: summary.source_type,
        source_id: summary.source_id,
        is_archived: shelf == Shelf::Archive,
        worktree: summary.worktree,
        organized,
        rest: live.is_none().then(Rest::default),
        activity: live.map(Activity::from),
    }
}
