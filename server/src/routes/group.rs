//! Groups of sessions, and the place of a session among them.

use std::sync::Arc;

use axum::{
    Json, Router,
    routing::{get, patch},
};
use http::StatusCode;
use roost_core::SessionId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    path::{NamedGroup, NamedSession, Selected},
    workspace::access::Visible,
};
use crate::{
    App, WireError,
    body::JsonBody,
    clock,
    organization::{Arrangement, ChangeError, Group, GroupColor, GroupName, Preset, Rearrange, Refused, Regroup},
    store::Place,
};

/// As far as JavaScript counts.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    groups: Vec<Group>,
    color_options: [Preset; 6],
}

#[derive(Debug, Serialize)]
struct OneGroup {
    group: Group,
}

#[derive(Debug, Serialize)]
struct Deleted {
    deleted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Arranged {
    session_id: SessionId,
    group_id: Option<Box<str>>,
    color: Option<Preset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<String>,
    updated_at: String,
    is_pinned: bool,
}

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    let table = |workspace: &str| {
        Router::new()
            .route(&format!("{workspace}/session-groups"), get(list).post(create))
            .route(&format!("{workspace}/session-groups/{{group}}"), patch(change).delete(remove))
    };
    let one = Router::new()
        .route("/session/{id}/organization", patch(arrange))
        .route("/workspaces/{workspace}/session/{session}/organization", patch(arrange));
    table("/workspace/{id}").merge(table("/workspaces/{workspace}")).merge(one)
}

async fn list(Selected(workspace): Selected) -> Result<Json<Groups>, WireError> {
    let organization = workspace.organization.read().await.map_err(|error| failed(&error))?;
    Ok(Json(Groups { groups: organization.groups(), color_options: Preset::ALL }))
}

async fn create(
    Visible { workspace, .. }: Visible,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<OneGroup>), WireError> {
    let name = GroupName::read(body.get("name"))?;
    let color = GroupColor::read(body.get("color"))?;
    let (id, now) = (uuid::Uuid::new_v4().to_string(), clock::now().to_iso());
    let added = workspace.organization.change(|organization| organization.add_group(id.into(), name, color, now)).await;
    let group = added?;
    workspace.sessions.catalogue_changed();
    Ok((StatusCode::CREATED, Json(OneGroup { group })))
}

async fn change(
    Visible { workspace, .. }: Visible,
    NamedGroup(id): NamedGroup,
    JsonBody(body): JsonBody,
) -> Result<Json<OneGroup>, WireError> {
    let change = Regroup {
        name: body.get("name").map(|name| GroupName::read(Some(name))).transpose()?,
        color: body.get("color").map(|color| GroupColor::read(Some(color))).transpose()?,
        order: body.get("order").map(order).transpose()?,
    };
    let now = clock::now().to_iso();
    let changed = workspace.organization.change(move |organization| organization.change_group(&id, change, now)).await;
    let group = changed?;
    workspace.sessions.catalogue_changed();
    Ok(Json(OneGroup { group }))
}

async fn remove(Visible { workspace, .. }: Visible, NamedGroup(id): NamedGroup) -> Result<Json<Deleted>, WireError> {
    let now = clock::now().to_iso();
    let removed = workspace.organization.change(move |organization| Ok(organization.remove_group(&id, &now))).await;
    let deleted = removed?;
    workspace.sessions.catalogue_changed();
    Ok(Json(Deleted { deleted }))
}

/// Works on any session there is, live or not, archived or not.
async fn arrange(
    NamedSession { workspace, id }: NamedSession,
    JsonBody(body): JsonBody,
) -> Result<Json<Arranged>, WireError> {
    let _share = workspace.sessions.locks().share(&id)?;
    if workspace.sessions.get(id.as_str()).is_none() && workspace.sessions.place(&id).await == Place::Nowhere {
        return Err(WireError::session_not_found(id.as_str()));
    }
    let change = rearrange(&body)?;
    let (session, now) = (id.clone(), clock::now().to_iso());
    let arranged =
        workspace.organization.change(move |organization| organization.rearrange(&session, change, &now)).await;
    let Arrangement { group_id, color, pinned_at, updated_at } = arranged?;
    workspace.sessions.catalogue_changed();
    let is_pinned = pinned_at.is_some();
    Ok(Json(Arranged { session_id: id, group_id, color, pinned_at, updated_at, is_pinned }))
}

fn rearrange(body: &Map<String, Value>) -> Result<Rearrange, Refused> {
    let pinned = match body.get("isPinned") {
        None => None,
        Some(Value::Bool(pinned)) => Some(*pinned),
        Some(_) => {
            return Err(Refused::Arrangement { field: "isPinned", why: "`isPinned` must be a boolean" });
        }
    };
    let group = match body.get("groupId") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::String(id)) => Some(Some(id.as_str().into())),
        Some(_) => {
            return Err(Refused::Arrangement { field: "groupId", why: "`groupId` must be a string or null" });
        }
    };
    let color = match body.get("color") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(color) => Some(Some(Preset::read(color)?)),
    };
    Ok(Rearrange { pinned, group, color })
}

fn order(value: &Value) -> Result<i64, Refused> {
    let whole = value.as_i64().filter(|order| (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(order));
    whole.ok_or(Refused::Order)
}

impl From<ChangeError> for WireError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(why) => why.into(),
            ChangeError::Store(error) => failed(&error),
        }
    }
}

impl From<Refused> for WireError {
    fn from(why: Refused) -> Self {
        let (status, code, field) = match why {
            Refused::Name(_) => (StatusCode::BAD_REQUEST, "invalid_group_name", "name"),
            Refused::Color => (StatusCode::BAD_REQUEST, "invalid_group_color", "color"),
            Refused::Order => (StatusCode::BAD_REQUEST, "invalid_group_order", "order"),
            Refused::Arrangement { field, .. } => (StatusCode::BAD_REQUEST, "invalid_session_organization", field),
            Refused::NoSuchGroup { field, .. } => (StatusCode::NOT_FOUND, "group_not_found", field),
            Refused::NameTaken(_) => (StatusCode::CONFLICT, "group_name_conflict", "name"),
        };
        Self::new(status, why.to_string()).code(code).with("field", field)
    }
}

fn failed(error: &std::io::Error) -> WireError {
    tracing::error!(%error, "the organisation of sessions cannot be read or kept");
    WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "The organisation of sessions cannot be read or kept")
        .code("session_store_failed")
}
