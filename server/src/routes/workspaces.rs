//! `/workspaces`: folders that come, are named and go while the daemon runs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::State,
    routing::{patch, post},
};
use http::StatusCode;
use roost_core::session::{DisplayName, InvalidDisplayName};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use super::path::Selected;
use crate::{
    App, WireError,
    body::JsonBody,
    workspaces::{self, Activity, Register, RegisterError, Registered, RemoveError, Workspace},
};

const MAX_CWD_CHARS: usize = 4_096;

/// A workspace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    id: String,
    cwd: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<DisplayName>,
    primary: bool,
    trusted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    persisted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removable: Option<bool>,
}

/// A workspace that was removed, and what was ended for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gone {
    removed: bool,
    workspace_id: String,
    workspace_cwd: PathBuf,
    forced: bool,
    persisted_registration_removed: bool,
    activity: Activity,
}

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/workspaces", post(register)).route("/workspaces/{workspace}", patch(rename).delete(remove))
}

async fn register(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Described>), WireError> {
    if let Some(kind) = body.get("kind") {
        return Err(kindless(kind));
    }
    let given = given_folder(&body)?;
    let persist = match body.get("persist") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(persist)) => *persist,
        Some(_) => return Err(WireError::bad_request("`persist` must be a boolean").code("invalid_persist_flag")),
    };
    let display_name = body.get("displayName").map(display_name).transpose()?.flatten();
    let cwd = spawn_blocking(move || folder(&given)).await.map_err(|_| WireError::internal())??;
    let registered = to_its_end(async move {
        let registered = app.workspaces.register(&app.config, Register { cwd, persist, display_name }).await?;
        refresh_capabilities(&app).await;
        Ok(registered)
    });
    let registered = registered.await?;
    let (status, workspace) = match registered {
        Registered::New(workspace) => (StatusCode::CREATED, workspace),
        Registered::Promoted(workspace) => (StatusCode::OK, workspace),
    };
    let described = Described { persisted: persist.then_some(true), ..describe(workspace).await };
    Ok((status, Json(described)))
}

/// A workspace of a kind: the protocol knows one whose folder the daemon makes up, and there is none here.
fn kindless(kind: &Value) -> WireError {
    if kind != "scratch" {
        return WireError::bad_request("`kind` must be \"scratch\"").code("invalid_workspace_request");
    }
    let said = "This daemon makes no folders for workspaces; name one with `cwd`";
    WireError::new(StatusCode::NOT_IMPLEMENTED, said).code("scratch_not_available")
}

async fn rename(
    State(app): State<Arc<App>>,
    Selected(workspace): Selected,
    JsonBody(body): JsonBody,
) -> Result<Json<Described>, WireError> {
    if let Some(foreign) = body.keys().find(|key| *key != "displayName") {
        let said = format!("`{foreign}` is not an updatable workspace field");
        return Err(WireError::bad_request(said).code("unsupported_field"));
    }
    let name = match body.get("displayName") {
        None => return Err(WireError::bad_request("Nothing to change; give `displayName`").code("empty_patch")),
        Some(Value::Null) => None,
        Some(name) => display_name(name)?,
    };
    let renamed = Arc::clone(&workspace);
    let renaming = to_its_end(async move {
        app.workspaces.rename(&renamed, name).await.map_err(|error| not_kept(&error))?;
        refresh_capabilities(&app).await;
        Ok(())
    });
    renaming.await?;
    let removable = Some(workspace.is_removable());
    Ok(Json(Described { removable, ..describe(workspace).await }))
}

async fn remove(
    State(app): State<Arc<App>>,
    Selected(workspace): Selected,
    JsonBody(body): JsonBody,
) -> Result<Json<Gone>, WireError> {
    let forced = match body.get("force") {
        None => false,
        Some(Value::Bool(force)) => *force,
        Some(_) => {
            return Err(WireError::bad_request("`force` must be a boolean when provided").code("invalid_force_flag"));
        }
    };
    let id = workspace.id.clone();
    let wish = workspaces::Removal { force: forced, acp_connections: app.acp.count_in(&id) };
    let removed = to_its_end(async move {
        let removed = app.workspaces.remove(workspace, wish).await?;
        app.acp.end_in(&id);
        refresh_capabilities(&app).await;
        Ok(removed)
    });
    let removed = removed.await?;
    Ok(Json(Gone {
        removed: true,
        workspace_id: removed.id,
        workspace_cwd: removed.cwd,
        forced,
        persisted_registration_removed: removed.was_kept,
        activity: removed.activity,
    }))
}

/// A client that hangs up must not leave workspaces, connections and what is told of them at odds.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, WireError>> + Send + 'static,
) -> Result<T, WireError> {
    tokio::spawn(change).await.unwrap_or_else(|_| Err(WireError::internal()))
}

/// What `cwd` says, as far as it can be judged without the disk.
fn given_folder(body: &Map<String, Value>) -> Result<PathBuf, WireError> {
    let cwd = body.get("cwd").and_then(Value::as_str).filter(|cwd| !cwd.is_empty());
    let cwd = cwd.ok_or_else(|| invalid_path("`cwd` must be a non-empty string"))?;
    if cwd.chars().count() > MAX_CWD_CHARS {
        return Err(invalid_path(format!("`cwd` must be at most {MAX_CWD_CHARS} characters")));
    }
    if !Path::new(cwd).is_absolute() {
        return Err(invalid_path("`cwd` must be an absolute path"));
    }
    Ok(PathBuf::from(cwd))
}

/// The folder by its one true name.
fn folder(given: &Path) -> Result<PathBuf, WireError> {
    let cwd = given.canonicalize().map_err(|_| invalid_path("`cwd` does not exist, or cannot be entered"))?;
    if !cwd.is_dir() {
        return Err(invalid_path("`cwd` must be a directory"));
    }
    if cwd.to_str().is_none() {
        return Err(invalid_path(
            "`cwd` leads to a directory whose name is not UTF-8, which the protocol cannot express",
        ));
    }
    Ok(cwd)
}

/// None when it is empty.
fn display_name(name: &Value) -> Result<Option<DisplayName>, WireError> {
    let invalid = |why: String| WireError::bad_request(why).code("invalid_display_name");
    let name = name.as_str().ok_or_else(|| invalid("`displayName` must be a string".to_owned()))?;
    if name.trim().chars().count() > DisplayName::MAX_CHARS {
        return Err(invalid(format!("`displayName` must be at most {} characters", DisplayName::MAX_CHARS)));
    }
    match DisplayName::parse(name) {
        Ok(name) => Ok(Some(name)),
        Err(InvalidDisplayName::Empty) => Ok(None),
        Err(error @ InvalidDisplayName::ControlCharacter) => Err(invalid(error.to_string())),
    }
}

async fn describe(workspace: Arc<Workspace>) -> Described {
    let (id, cwd, display_name) = (workspace.id.clone(), workspace.cwd.clone(), workspace.display_name());
    let primary = workspace.is_primary();
    let trusted = spawn_blocking(move || workspace.is_trusted()).await.unwrap_or(false);
    Described { id, cwd, display_name, primary, trusted, persisted: None, removable: None }
}

/// Has the capabilities describe the workspaces as they are.
pub(super) async fn refresh_capabilities(app: &Arc<App>) {
    let app = Arc::clone(app);
    // Reads whether the workspaces are trusted.
    let refreshed = spawn_blocking(move || app.capabilities.refresh(&app.config, &app.workspaces)).await;
    if let Err(error) = refreshed {
        tracing::error!(%error, "the capabilities still describe the workspaces as they were");
    }
}

fn invalid_path(why: impl Into<std::borrow::Cow<'static, str>>) -> WireError {
    WireError::bad_request(why).code("invalid_path")
}

impl From<RegisterError> for WireError {
    fn from(error: RegisterError) -> Self {
        let conflict = |code: &'static str| Self::new(StatusCode::CONFLICT, error.to_string()).code(code);
        match &error {
            RegisterError::Exists => conflict("workspace_exists"),
            RegisterError::Nested(_) => conflict("workspace_nested"),
            RegisterError::Limit(limit) => conflict("workspace_limit_reached").with("limit", limit),
            RegisterError::PersistTarget => Self::bad_request(error.to_string()).code("invalid_persist_target"),
            RegisterError::NoFolder => invalid_path(error.to_string()),
            RegisterError::Draining(draining) => Self::workspace_draining(draining),
            RegisterError::Open(cause) => {
                tracing::error!(error = %cause, "a workspace cannot be opened");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).code("runtime_creation_failed")
            }
            RegisterError::Store(_) => not_kept(&error),
        }
    }
}

impl From<RemoveError> for WireError {
    fn from(error: RemoveError) -> Self {
        let conflict = |code: &'static str| Self::new(StatusCode::CONFLICT, error.to_string()).code(code);
        match &error {
            RemoveError::Primary => conflict("primary_workspace_removal_forbidden"),
            RemoveError::Given => conflict("static_workspace_removal_forbidden"),
            RemoveError::InProgress => conflict("workspace_removal_in_progress"),
            RemoveError::Busy(activity) => conflict("workspace_busy").with("activity", activity),
            RemoveError::Store(_) => not_kept(&error),
            RemoveError::Broken => Self::internal(),
        }
    }
}

/// 500: the file of registrations.
pub(super) fn not_kept(error: &impl std::fmt::Display) -> WireError {
    tracing::error!(%error, "the registrations of workspaces cannot be read or kept");
    WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "The registrations of workspaces cannot be read or kept")
        .code("workspace_registration_store_error")
}
