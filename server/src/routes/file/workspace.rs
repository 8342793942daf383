//! Which workspace a file route is about, and whether it may be.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{Method, request::Parts};
use roost_core::ClientId;

use super::answer::FileError;
use crate::{
    App, WireError,
    files::{Files, Refusal, WorkspaceFiles},
    routes::path::Selected,
    settings::Settings,
    workspaces,
};

/// The workspace a request is about: the one its path names, else the primary. One that is to be changed is trusted.
#[derive(Debug)]
pub(super) struct Workspace {
    workspace: Arc<workspaces::Workspace>,
    files: Files,
}

impl FromRequestParts<Arc<App>> for Workspace {
    type Rejection = FileError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, FileError> {
        let Selected(workspace) = Selected::from_request_parts(parts, app).await?;
        let changes = parts.method == Method::POST;
        if changes && !workspace.settings.run(Settings::trust).await.map_err(WireError::from)?.is_trusted() {
            return Err(Refusal::Untrusted.into());
        }
        Ok(Self { workspace, files: app.files.clone() })
    }
}

impl Workspace {
    /// Opens it. Blocks.
    pub(super) fn open(&self) -> Result<WorkspaceFiles, Refusal> {
        self.files.of(&self.workspace.cwd)
    }

    /// Changes are made in the name of nobody, or of a client of a session here.
    pub(super) fn check_client(&self, client: Option<&ClientId>) -> Result<(), WireError> {
        match client {
            Some(client) if !self.workspace.sessions.has_client(client) => {
                let refused = format!("Client id \"{client}\" is not registered for this workspace");
                Err(WireError::bad_request(refused).code("invalid_client_id").with("clientId", client))
            }
            Some(_) | None => Ok(()),
        }
    }
}
