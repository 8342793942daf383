//! Which workspace a file route is about.

use std::{path::PathBuf, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use roost_core::ClientId;

use crate::{
    App, WireError,
    files::{Files, Refusal, WorkspaceFiles},
    routes::path::Selected,
};

/// The workspace a request is about: the one its path names, else the primary.
#[derive(Debug)]
pub(super) struct Workspace {
    path: PathBuf,
    files: Files,
}

impl FromRequestParts<Arc<App>> for Workspace {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let Selected(workspace) = Selected::from_request_parts(parts, app).await?;
        Ok(Self { path: workspace.cwd.clone(), files: app.files.clone() })
    }
}

impl Workspace {
    /// Opens it. Blocks.
    pub(super) fn open(&self) -> Result<WorkspaceFiles, Refusal> {
        self.files.of(&self.path)
    }
}

/// Changes are made in the name of nobody, or of a client of a session here.
pub(super) fn check_client(app: &App, client: Option<&ClientId>) -> Result<(), WireError> {
    match client {
        Some(client) if !app.workspaces.has_client(client) => {
            let refused =
                WireError::bad_request(format!("Client id \"{client}\" is not registered for this workspace"));
            Err(refused.code("invalid_client_id").with("clientId", client))
        }
        Some(_) | None => Ok(()),
    }
}
