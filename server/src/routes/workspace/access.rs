//! The workspace of a request, as far as it is trusted, and who makes the request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use roost_core::{
    ClientId,
    session::{ApprovalMode, Command},
};

use crate::{
    App, WireError,
    client_id::ClientHeader,
    driver::LiveSession,
    routes::path::Selected,
    settings::{Broken, Settings},
    workspaces::Workspace,
};

/// A workspace to look at. Named by a plural route it is trusted; the primary one, in a singular route, may be looked at anyway.
#[derive(Clone, Debug)]
pub(in crate::routes) struct Visible {
    pub(in crate::routes) workspace: Arc<Workspace>,
    /// The route is `/workspaces/:workspace/…`, which knows no user scope.
    pub(in crate::routes) is_plural: bool,
}

/// A workspace that is trusted: what its own files say counts, and it may be changed.
#[derive(Clone, Debug)]
pub(super) struct Trusted(pub(super) Arc<Workspace>);

/// The caller, anonymous or registered on a live session of the workspace.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Option<ClientId>);

impl FromRequestParts<Arc<App>> for Visible {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let Selected(workspace) = Selected::from_request_parts(parts, app).await?;
        let is_plural = parts.uri.path().starts_with("/workspaces/");
        if is_plural {
            require_trust(&workspace).await?;
        }
        Ok(Self { workspace, is_plural })
    }
}

impl FromRequestParts<Arc<App>> for Trusted {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let Selected(workspace) = Selected::from_request_parts(parts, app).await?;
        require_trust(&workspace).await?;
        Ok(Self(workspace))
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let ClientHeader(client) = ClientHeader::from_request_parts(parts, app).await?;
        if client.is_none() {
            return Ok(Self(None));
        }
        let Selected(workspace) = Selected::from_request_parts(parts, app).await?;
        match client {
            Some(client) if !workspace.sessions.has_client(&client) => {
                let refused = format!("Client id \"{client}\" is not registered for this workspace");
                Err(WireError::bad_request(refused).code("invalid_client_id").with("clientId", client))
            }
            client => Ok(Self(client)),
        }
    }
}

/// 403 where the folder is not trusted.
pub(in crate::routes) async fn require_trust(workspace: &Workspace) -> Result<(), WireError> {
    let trust = workspace.settings.run(Settings::trust).await?;
    if trust.is_trusted() {
        return Ok(());
    }
    Err(WireError::new(StatusCode::FORBIDDEN, "Workspace is not trusted.")
        .code("untrusted_workspace")
        .with("workspaceCwd", &workspace.cwd)
        .with("workspaceId", &workspace.id))
}

/// 403 for a mode that asks less than the default one, in a folder that is not trusted.
pub(in crate::routes) async fn check_mode(workspace: &Workspace, mode: ApprovalMode) -> Result<(), WireError> {
    if !mode.is_privileged() || require_trust(workspace).await.is_ok() {
        return Ok(());
    }
    let said = format!("The approval mode {} needs a trusted folder", mode.as_str());
    Err(WireError::new(StatusCode::FORBIDDEN, said).code("trust_gate").with("errorKind", "auth_env_error"))
}

/// An agent may begin a session in a mode that its user likes elsewhere. In a folder that is not trusted it is the default one then; where
/// the agent does not want that, or does not say, nothing is run in the session.
pub(in crate::routes) async fn hold_back(app: &App, workspace: &Workspace, live: &LiveSession) {
    let mode: Option<ApprovalMode> = live.agent_state().current_mode_id().and_then(|mode| mode.parse().ok());
    if mode.is_some_and(ApprovalMode::is_privileged) && require_trust(workspace).await.is_err() {
        live.wish(None, Command::HoldBack, app.config.timeouts.agent_answer).await;
    }
}

impl From<Broken> for WireError {
    fn from(error: Broken) -> Self {
        tracing::error!(%error, "a request's work broke off");
        Self::internal()
    }
}
