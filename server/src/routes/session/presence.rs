//! Who is there: heartbeat, detach, close.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use roost_core::{ClientId, Millis, SessionId, session::Command};
use serde::Serialize;

use super::{answer, command, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Heartbeat {
    session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    last_seen_at: Millis,
}

pub(super) async fn heartbeat(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    _: JsonBody,
) -> Result<Json<Heartbeat>, WireError> {
    let answered = command(&app, &id, client, Command::Heartbeat).await?;
    let seen = answer!(answered, Heartbeat).map_err(|error| refusal::refused(&error, &id))?;
    Ok(Json(Heartbeat { session_id: SessionId::from(id), client_id: seen.client_id, last_seen_at: seen.last_seen_at }))
}

pub(super) async fn detach(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    _: JsonBody,
) -> Result<StatusCode, WireError> {
    // Whoever leaves a session that is over has left it.
    let Some(live) = app.workspaces.live(&id) else { return Ok(StatusCode::NO_CONTENT) };
    let Some(answered) = live.command(client, Command::Detach).await else { return Ok(StatusCode::NO_CONTENT) };
    answer!(answered, Detach).map_err(|error| refusal::refused(&error, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// 204 once the session is on disk and nothing of it is left in memory.
pub(super) async fn close(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
) -> Result<StatusCode, WireError> {
    let live = super::live(&app, &id)?;
    let _claim = app.workspaces.locks().claim(vec![live.id.clone()])?;
    let answered = live.command(client, Command::Close).await.ok_or_else(|| WireError::session_not_found(&id))?;
    answer!(answered, Close).map_err(|error| refusal::close(&error, &id))?;
    live.retired().await;
    Ok(StatusCode::NO_CONTENT)
}
