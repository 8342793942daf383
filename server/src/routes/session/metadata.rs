//! `PATCH /session/:id/metadata`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{
    SessionId,
    session::{Command, DisplayName},
};
use serde::Serialize;
use serde_json::Value;

use super::{answer, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader, routes::path};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<DisplayName>,
}

/// Answers with what is in force; a body without a name changes nothing.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Metadata>, WireError> {
    let wanted = body.get("displayName").map(display_name).transpose()?;
    let live = live(&app, &id)?;
    let display_name = match wanted {
        None => {
            refusal::check_registered(&live, client.as_ref())?;
            live.machine().status().display_name
        }
        Some(display_name) => {
            let answered = live.command(client, Command::Rename { display_name }).await;
            let answered = answered.ok_or_else(|| WireError::session_not_found(&id))?;
            path::owner(&app, &id, "/session/:id/metadata").await?.sessions.catalogue_changed();
            Some(answer!(answered, Rename).map_err(|error| refusal::refused(&error, &id))?)
        }
    };
    Ok(Json(Metadata { session_id: SessionId::from(id), display_name }))
}

fn display_name(value: &Value) -> Result<DisplayName, WireError> {
    let invalid = |why: String| WireError::bad_request(why).code("invalid_metadata").with("field", "displayName");
    let text = value.as_str().ok_or_else(|| invalid("`displayName` must be a string".to_owned()))?;
    DisplayName::parse(text).map_err(|why| invalid(why.to_string()))
}
