//! Everything under `/workspace/:id` and `/workspaces/:workspace` that concerns sessions.

pub(super) mod access;
pub(super) mod acp;
mod auth;
mod git;
mod info;
mod init;
mod permissions;
mod reload;
mod sessions;
pub(super) mod settings;
mod status;
mod tools;
mod trust;

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};

use crate::{App, WireError, workspaces::Workspace};

/// The table of routes.
pub fn routes() -> Router<Arc<App>> {
    let table = |workspace: &str| {
        Router::new()
            .route(&format!("{workspace}/sessions"), get(sessions::list))
            .route(&format!("{workspace}/session-info"), get(info::counts))
    };
    let plural = Router::new().route("/workspaces/{workspace}/sessions/live-state", get(info::live_state));
    table("/workspace/{id}")
        .merge(table("/workspaces/{workspace}"))
        .merge(plural)
        .merge(acp::routes())
        .merge(auth::routes())
        .merge(controls("/workspace"))
        .merge(controls("/workspaces/{workspace}"))
}

/// What is there, what is set, and what git says. `POST /language` is for all workspaces.
fn controls(workspace: &str) -> Router<Arc<App>> {
    let route = |path: &str| format!("{workspace}/{path}");
    let controls = Router::new()
        .route(&route("settings"), get(settings::show).post(settings::set))
        .route(&route("permissions"), get(permissions::show).post(permissions::set))
        .route(&route("trust"), get(trust::show))
        .route(&route("trust/request"), post(trust::request))
        .route(&route("env"), get(status::environment))
        .route(&route("preflight"), get(status::preflight))
        .route(&route("providers"), get(status::providers))
        .route(&route("tools"), get(tools::list))
        .route(&route("tools/{tool}/enable"), post(tools::toggle))
        .route(&route("init"), post(init::begin))
        .route(&route("reload"), post(reload::reload))
        .route(&route("git"), get(git::status))
        .route(&route("git/diff"), get(git::diff))
        .route(&route("git/diff/file"), get(git::file_diff))
        .route(&route("git/log"), get(git::log))
        .route(&route("git/log/commit"), get(git::commit))
        .route(&route("git/branches"), get(git::branches));
    if workspace == "/workspace" { controls.route("/language", post(settings::speak)) } else { controls }
}

/// The workspace a selector names: by its id, or its path however it is reached.
pub(super) fn select(app: &App, selector: &str) -> Result<Arc<Workspace>, WireError> {
    let relative = || WireError::bad_request("`:id` must decode to a workspace id or absolute path");
    find(app, selector, relative)
}

/// The same for `/workspaces/:workspace`, which says each time how many there are.
pub(super) fn select_plural(app: &App, selector: &str) -> Result<Arc<Workspace>, WireError> {
    let relative = || {
        WireError::bad_request("`:workspace` must decode to a workspace id or absolute path").code("workspace_mismatch")
    };
    let refused = |refused: WireError| match Path::new(selector).is_absolute() {
        true => refused.with("workspaceCount", app.workspaces.count()),
        false => refused,
    };
    find(app, selector, relative).map_err(refused)
}

fn find(app: &App, selector: &str, relative: impl FnOnce() -> WireError) -> Result<Arc<Workspace>, WireError> {
    match app.workspaces.select(selector) {
        Some(workspace) => Ok(workspace),
        None if Path::new(selector).is_absolute() => Err(workspace_mismatch(app, selector)),
        None => Err(relative()),
    }
}

/// 400: not a workspace of this daemon.
pub(super) fn workspace_mismatch(app: &App, requested: &str) -> WireError {
    let (primary, count) = (&app.workspaces.primary().cwd, app.workspaces.count());
    let served = if count > 1 { format!("{count} workspaces") } else { primary.display().to_string() };
    let error = WireError::bad_request(format!("This daemon serves {served}, not {requested}"))
        .code("workspace_mismatch")
        .with("boundWorkspace", primary)
        .with("requestedWorkspace", requested);
    if count > 1 { error.with("workspaceCount", count) } else { error }
}
