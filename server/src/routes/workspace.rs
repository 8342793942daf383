//! Everything under `/workspace/:id` and `/workspaces/:workspace` that concerns sessions (http.md §4).

mod info;
mod sessions;

use std::{path::Path, sync::Arc};

use axum::{Router, routing::get};

use super::session::workspace_mismatch;
use crate::{App, WireError};

/// The table of routes.
pub fn routes() -> Router<Arc<App>> {
    let table = |workspace: &str| {
        Router::new()
            .route(&format!("{workspace}/sessions"), get(sessions::list))
            .route(&format!("{workspace}/session-info"), get(info::counts))
    };
    let plural = Router::new().route("/workspaces/{workspace}/sessions/live-state", get(info::live_state));
    table("/workspace/{id}").merge(table("/workspaces/{workspace}")).merge(plural)
}

/// Checks that a selector names this daemon's workspace: its id, or its path however it is reached (http.md §1.8).
pub(super) fn check_selector(app: &App, selector: &str) -> Result<(), WireError> {
    let relative = || WireError::bad_request("`:id` must decode to a workspace id or absolute path");
    check(app, selector, relative)
}

/// The same for `/workspaces/:workspace`.
pub(super) fn check_plural(app: &App, selector: &str) -> Result<(), WireError> {
    let relative = || {
        WireError::bad_request("`:workspace` must decode to a workspace id or absolute path").code("workspace_mismatch")
    };
    check(app, selector, relative)
}

fn check(app: &App, selector: &str, relative: impl FnOnce() -> WireError) -> Result<(), WireError> {
    if selector == app.config.workspace_id() {
        return Ok(());
    }
    let path = Path::new(selector);
    if !path.is_absolute() {
        return Err(relative());
    }
    let is_ours = path.canonicalize().is_ok_and(|path| path == app.config.workspace);
    if is_ours { Ok(()) } else { Err(workspace_mismatch(app, selector)) }
}
