//! Batches: archive, unarchive, delete.

use std::{collections::HashSet, sync::Arc};

use axum::{Json, Router, extract::State, routing::post};
use roost_core::SessionId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{path::Addressed, workspace::access::Visible};
use crate::{
    App, WireError,
    archive::{Conflicts, Outcome},
    body::JsonBody,
    client_id::ClientHeader,
    store::Shelf,
};

const MAX_BATCH: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    session_id: SessionId,
    error: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Archived {
    archived: Vec<SessionId>,
    already_archived: Vec<SessionId>,
    resolved_conflicts: Vec<SessionId>,
    not_found: Vec<SessionId>,
    errors: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Unarchived {
    unarchived: Vec<SessionId>,
    already_active: Vec<SessionId>,
    resolved_conflicts: Vec<SessionId>,
    not_found: Vec<SessionId>,
    errors: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    removed: Vec<SessionId>,
    not_found: Vec<SessionId>,
    errors: Vec<Failure>,
}

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    let table = |workspace: &str| {
        Router::new()
            .route(&format!("{workspace}/sessions/archive"), post(archive))
            .route(&format!("{workspace}/sessions/unarchive"), post(unarchive))
            .route(&format!("{workspace}/sessions/delete"), post(delete))
    };
    table("").merge(table("/workspaces/{workspace}"))
}

async fn archive(
    State(app): State<Arc<App>>,
    _: Visible,
    Addressed(workspace): Addressed,
    JsonBody(body): JsonBody,
) -> Result<Json<Archived>, WireError> {
    let (ids, conflicts) = (session_ids(&body)?, conflicts(&body)?);
    let Outcome { done, already, resolved, not_found, errors } =
        app.workspaces.shelve(ids, workspace, Shelf::Archive, conflicts).await?;
    Ok(Json(Archived {
        archived: done,
        already_archived: already,
        resolved_conflicts: resolved,
        not_found,
        errors: failures(errors),
    }))
}

async fn unarchive(
    State(app): State<Arc<App>>,
    _: Visible,
    Addressed(workspace): Addressed,
    JsonBody(body): JsonBody,
) -> Result<Json<Unarchived>, WireError> {
    let (ids, conflicts) = (session_ids(&body)?, conflicts(&body)?);
    let Outcome { done, already, resolved, not_found, errors } =
        app.workspaces.shelve(ids, workspace, Shelf::Active, conflicts).await?;
    Ok(Json(Unarchived {
        unarchived: done,
        already_active: already,
        resolved_conflicts: resolved,
        not_found,
        errors: failures(errors),
    }))
}

/// A delete needs no registered client, but a client id that is sent has to be well formed.
async fn delete(
    State(app): State<Arc<App>>,
    _: Visible,
    Addressed(workspace): Addressed,
    _: ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Removed>, WireError> {
    let outcome = app.workspaces.delete(session_ids(&body)?, workspace).await?;
    Ok(Json(Removed { removed: outcome.done, not_found: outcome.not_found, errors: failures(outcome.errors) }))
}

fn failures(errors: Vec<(SessionId, crate::archive::ShelveError)>) -> Vec<Failure> {
    errors.into_iter().map(|(session_id, error)| Failure { session_id, error: error.to_string() }).collect()
}

/// Each once, in the order they came.
fn session_ids(body: &Map<String, Value>) -> Result<Vec<SessionId>, WireError> {
    let ids = body.get("sessionIds").and_then(Value::as_array).filter(|ids| (1..=MAX_BATCH).contains(&ids.len()));
    let ids: Option<Vec<&str>> = ids.and_then(|ids| ids.iter().map(Value::as_str).collect());
    let ids = ids.ok_or_else(|| invalid("`sessionIds` must be a non-empty string array (max 100)"))?;
    let mut seen = HashSet::new();
    Ok(ids.into_iter().filter(|id| seen.insert(*id)).map(SessionId::from).collect())
}

fn conflicts(body: &Map<String, Value>) -> Result<Conflicts, WireError> {
    match body.get("resolveConflicts") {
        None | Some(Value::Bool(false)) => Ok(Conflicts::Report),
        Some(Value::Bool(true)) => Ok(Conflicts::Resolve),
        Some(_) => Err(invalid("`resolveConflicts` must be a boolean")),
    }
}

fn invalid(why: &'static str) -> WireError {
    WireError::bad_request(why).code("invalid_request")
}
