//! `/session/:id/_meta`: what clients keep with a session. Not the agent's `_meta`: it sees these only when a prompt says
//! `includeSessionMeta: true`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use roost_core::{
    ClientId, SessionId,
    session::{AnnotateRefused, Annotations, AnnotationsChange, Command, InvalidAnnotations},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{answer, command, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    session_id: SessionId,
    meta: Annotations,
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Kept>, WireError> {
    let meta = live(&app, &id)?.machine().annotations().clone();
    Ok(Json(Kept { session_id: SessionId::from(id), meta }))
}

pub(super) async fn replace(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Kept>, WireError> {
    change(&app, id, client, AnnotationsChange::Replace(meta(body)?)).await
}

/// Null takes a key away.
pub(super) async fn merge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Kept>, WireError> {
    change(&app, id, client, AnnotationsChange::Merge(meta(body)?)).await
}

pub(super) async fn clear(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<Kept>, WireError> {
    change(&app, id, client, AnnotationsChange::Clear).await
}

async fn change(
    app: &App,
    id: String,
    client: Option<ClientId>,
    change: AnnotationsChange,
) -> Result<Json<Kept>, WireError> {
    let answered = command(app, &id, client, Command::Annotate(change)).await?;
    let meta = answer!(answered, Annotate).map_err(|error| match error {
        AnnotateRefused::Refused(error) => refusal::refused(&error, &id),
        AnnotateRefused::Invalid(error) => invalid(&error),
    })?;
    Ok(Json(Kept { session_id: SessionId::from(id), meta }))
}

fn meta(mut body: Map<String, Value>) -> Result<Map<String, Value>, WireError> {
    match body.shift_remove("meta") {
        Some(Value::Object(meta)) => Ok(meta),
        Some(_) | None => Err(WireError::bad_request("`meta` must be an object").code("invalid_session_meta")),
    }
}

fn invalid(error: &InvalidAnnotations) -> WireError {
    let said = error.to_string();
    match error {
        InvalidAnnotations::Key(_) => WireError::bad_request(said).code("invalid_session_meta"),
        InvalidAnnotations::TooMany { .. } | InvalidAnnotations::TooLarge { .. } => {
            WireError::new(StatusCode::PAYLOAD_TOO_LARGE, said)
                .code("session_meta_too_large")
                .with("maxKeys", Annotations::MAX_KEYS)
                .with("maxBytes", Annotations::MAX_BYTES)
        }
    }
}
