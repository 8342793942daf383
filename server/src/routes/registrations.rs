//! `/workspace-registrations`: which workspaces are opened again at the next start.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{delete, get},
};
use http::StatusCode;
use roost_core::session::DisplayName;
use serde::Serialize;

use super::workspaces::not_kept;
use crate::{App, WireError, workspaces};

/// Workspaces that are opened again at the next start.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registrations {
    schema_version: u8,
    primary_workspace: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    cwd: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<DisplayName>,
    /// It is served now.
    active: bool,
    persisted: bool,
}

/// A registration that has been removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Forgotten {
    removed: bool,
    /// It is served until the daemon ends.
    active: bool,
    restart_required: bool,
}

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/workspace-registrations", get(list))
        .route("/workspace-registrations/{registration}", delete(forget))
}

async fn list(State(app): State<Arc<App>>) -> Result<Json<Registrations>, WireError> {
    let kept = app.workspaces.registrations().await.map_err(|error| not_kept(&error))?;
    let entry = |registration: workspaces::Registration| Entry {
        id: registration.id(),
        active: app.workspaces.serves(&registration.cwd),
        cwd: registration.cwd,
        display_name: registration.display_name,
        persisted: true,
    };
    let entries = kept.into_iter().map(entry).collect();
    Ok(Json(Registrations { schema_version: 1, primary_workspace: app.workspaces.primary().cwd.clone(), entries }))
}

async fn forget(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Forgotten>, WireError> {
    let forgotten = app.workspaces.forget(&id).await.map_err(|error| not_kept(&error))?;
    let Some(cwd) = forgotten else {
        return Err(WireError::new(StatusCode::NOT_FOUND, format!("No workspace is registered under \"{id}\""))
            .code("workspace_registration_not_found"));
    };
    let active = app.workspaces.serves(&cwd);
    Ok(Json(Forgotten { removed: true, active, restart_required: active }))
}
