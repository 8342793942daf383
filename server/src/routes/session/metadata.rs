//! `PATCH /session/:id/metadata`, and its twin for any session of a workspace, live or not.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use roost_core::{
    ClientId, SessionId,
    session::{Command, DisplayName},
};
use serde::Serialize;
use serde_json::Value;

use super::{answer, live, refusal, restore};
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    driver::LiveSession,
    routes::{
        path::{self, NamedSession},
        workspace::access::Visible,
    },
    store::{HoldError, Place},
    workspaces::Workspace,
};

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
            let workspace = path::owner(&app, &id, "/session/:id/metadata").await?;
            Some(rename_live(&workspace, &live, client, display_name).await?)
        }
    };
    Ok(Json(Metadata { session_id: SessionId::from(id), display_name }))
}

/// A session of this workspace, wherever it is: live, on disk, archived. There must be something to change.
pub(super) async fn update_in(
    State(app): State<Arc<App>>,
    Visible { workspace, .. }: Visible,
    NamedSession { id, .. }: NamedSession,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Metadata>, WireError> {
    let wanted = body.get("displayName").ok_or_else(|| {
        WireError::bad_request("`displayName` is required").code("invalid_metadata").with("field", "displayName")
    })?;
    let wanted = display_name(wanted)?;
    let workspace = restore::unless_elsewhere(&app, workspace, &id)?;
    let display_name = match workspace.sessions.get(id.as_str()) {
        Some(live) => rename_live(&workspace, &live, client, wanted).await?,
        None => rename_on_disk(&workspace, &id, wanted).await?,
    };
    Ok(Json(Metadata { session_id: id, display_name: Some(display_name) }))
}

async fn rename_live(
    workspace: &Workspace,
    live: &LiveSession,
    client: Option<ClientId>,
    display_name: DisplayName,
) -> Result<DisplayName, WireError> {
    let answered = live.command(client, Command::Rename { display_name }).await;
    let answered = answered.ok_or_else(|| WireError::session_not_found(live.id.as_str()))?;
    workspace.sessions.catalogue_changed();
    answer!(answered, Rename).map_err(|error| refusal::refused(&error, live.id.as_str()))
}

/// Nobody opens or moves the session meanwhile.
async fn rename_on_disk(workspace: &Workspace, id: &SessionId, name: DisplayName) -> Result<DisplayName, WireError> {
    let _claim = workspace.sessions.locks().claim(vec![id.clone()])?;
    let shelf = match workspace.sessions.place(id).await {
        Place::On(shelf) => shelf,
        Place::Both => return Err(WireError::session_conflict(id.as_str())),
        Place::Nowhere => return Err(WireError::session_not_found(id.as_str())),
    };
    let renamed = workspace.sessions.rename(shelf, id, name.clone()).await;
    let renamed = renamed.map_err(|error| match error {
        HoldError::Elsewhere => refusal::held(id.as_str()),
        error @ HoldError::Disk(_) => refusal::store(&error),
    });
    if !renamed? {
        let said = format!("Only the agent has a record of session \"{id}\"; open it once, then it can be named");
        return Err(WireError::new(StatusCode::CONFLICT, said).code("session_without_record").with("sessionId", id));
    }
    Ok(name)
}

fn display_name(value: &Value) -> Result<DisplayName, WireError> {
    let invalid = |why: String| WireError::bad_request(why).code("invalid_metadata").with("field", "displayName");
    let text = value.as_str().ok_or_else(|| invalid("`displayName` must be a string".to_owned()))?;
    DisplayName::parse(text).map_err(|why| invalid(why.to_string()))
}
