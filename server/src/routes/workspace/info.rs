//! How many sessions there are, and how the live ones stand.

use axum::Json;
use roost_core::SessionId;
use serde::Serialize;

use super::sessions::list_failed;
use crate::{WireError, routes::path::Selected, sessions::CatalogueVersion, store::Shelf};

#[derive(Debug, Serialize)]
pub(super) struct Counts {
    active: usize,
    archived: usize,
    total: usize,
    live: usize,
    expensive: bool,
    cost: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LiveStates {
    v: u8,
    catalog_version: CatalogueVersion,
    sessions: Vec<LiveState>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LiveState {
    session_id: SessionId,
    client_count: usize,
    has_active_prompt: bool,
    is_waiting_for_permission: bool,
    is_waiting_for_user_question: bool,
    updated_at: String,
}

/// Reads directories, and says so.
pub(super) async fn counts(Selected(workspace): Selected) -> Result<Json<Counts>, WireError> {
    let active = workspace.sessions.list(Shelf::Active).await.map_err(list_failed)?.len();
    let archived = workspace.sessions.list(Shelf::Archive).await.map_err(list_failed)?.len();
    let live = workspace.sessions.live_states().len();
    Ok(Json(Counts { active, archived, total: active + archived, live, expensive: true, cost: "disk_scan" }))
}

/// Cheap to ask often: nothing is read from disk. When the version has changed, the list has.
pub(super) async fn live_state(Selected(workspace): Selected) -> Json<LiveStates> {
    let catalog_version = workspace.sessions.catalogue_version();
    let states = workspace.sessions.live_states().into_iter();
    let sessions = states.map(|(session_id, status)| LiveState {
        session_id,
        client_count: status.client_count,
        has_active_prompt: status.has_active_prompt,
        is_waiting_for_permission: status.is_waiting_for_permission,
        is_waiting_for_user_question: status.is_waiting_for_user_question,
        updated_at: status.updated_at.to_iso(),
    });
    Json(LiveStates { v: 1, catalog_version, sessions: sessions.collect() })
}
