//! Model and approval mode.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{
    SessionId,
    session::{ApprovalMode, Command},
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{answer, ask, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader, routes::workspace::access::check_mode};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModeChanged {
    session_id: SessionId,
    mode: ApprovalMode,
    previous: Box<str>,
    persisted: bool,
}

/// Answers with what the agent answered.
pub(super) async fn model(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, WireError> {
    let model_id = body.get("modelId").and_then(Value::as_str).filter(|id| !id.trim().is_empty());
    let model_id = model_id.ok_or_else(|| WireError::bad_request("`modelId` must be a non-empty string"))?.into();
    let answered = ask(&app, &*live(&app, &id)?, client, Command::SetModel { model_id }).await?;
    let result = answer!(answered, SetModel).map_err(|error| refusal::control(&error, &id))?;
    Ok(Json(result))
}

pub(super) async fn approval_mode(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<ModeChanged>, WireError> {
    let mode = body.get("mode").and_then(Value::as_str).and_then(|mode| mode.parse().ok());
    let mode = mode.ok_or_else(refusal::invalid_approval_mode)?;
    let persist = match body.get("persist") {
        None => false,
        Some(Value::Bool(persist)) => *persist,
        Some(_) => return Err(WireError::bad_request("`persist` must be a boolean").code("invalid_persist_flag")),
    };
    let live = live(&app, &id)?;
    if let Some(workspace) = app.workspaces.owner(&id).await.ok().flatten() {
        check_mode(&workspace, mode).await?;
    }
    let answered = ask(&app, &live, client, Command::SetApprovalMode { mode, persist }).await?;
    let change = answer!(answered, SetApprovalMode).map_err(|error| refusal::control(&error, &id))?;
    Ok(Json(ModeChanged {
        session_id: SessionId::from(id),
        mode: change.mode,
        previous: change.previous,
        persisted: change.persisted,
    }))
}
