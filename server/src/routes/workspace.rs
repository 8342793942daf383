//! Everything under `/workspace/:id` (http.md §4).

mod sessions;

use std::{path::Path, sync::Arc};

use axum::{Router, routing::get};

use super::session::workspace_mismatch;
use crate::{App, WireError};

/// The table of routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/workspace/{id}/sessions", get(sessions::list))
}

/// Checks that a selector names this daemon's workspace: its id, or its path however it is reached (http.md §1.8).
pub(super) fn check_selector(app: &App, selector: &str) -> Result<(), WireError> {
    if selector == app.config.workspace_id() {
        return Ok(());
    }
    let path = Path::new(selector);
    if !path.is_absolute() {
        return Err(WireError::bad_request("`:id` must decode to a workspace id or absolute path"));
    }
    let is_ours = path.canonicalize().is_ok_and(|path| path == app.config.workspace);
    if is_ours { Ok(()) } else { Err(workspace_mismatch(app, selector)) }
}
