//! What a path names: a workspace, a session, a group. The same handler serves `/workspace/:id/…` and `/workspaces/:workspace/…`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use roost_core::SessionId;

use super::workspace::{check_plural, check_selector};
use crate::{App, WireError};

/// The path selects this daemon's workspace; one without a selector means it anyway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selected;

/// The session in `/session/:id/…` or `/workspaces/:workspace/session/:session/…`; the workspace is checked, too.
#[derive(Clone, Debug)]
pub(super) struct NamedSession(pub(super) SessionId);

/// The group in `…/session-groups/:group`.
#[derive(Clone, Debug)]
pub(super) struct NamedGroup(pub(super) String);

impl FromRequestParts<Arc<App>> for Selected {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = params(parts, app).await?;
        let selector = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        if let Some(workspace) = selector("workspace") {
            check_plural(app, workspace)?;
        } else if let Some(workspace) = selector("id").filter(|_| parts.uri.path().starts_with("/workspace/")) {
            check_selector(app, workspace)?;
        }
        Ok(Self)
    }
}

impl FromRequestParts<Arc<App>> for NamedSession {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        Selected::from_request_parts(parts, app).await?;
        let params = params(parts, app).await?;
        let named = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let id = named("session").or_else(|| named("id")).unwrap_or_default();
        Ok(Self(SessionId::from(id)))
    }
}

impl FromRequestParts<Arc<App>> for NamedGroup {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = params(parts, app).await?;
        let group = params.iter().find(|(name, _)| *name == "group").map(|(_, value)| value.to_owned());
        Ok(Self(group.unwrap_or_default()))
    }
}

async fn params(parts: &mut Parts, app: &Arc<App>) -> Result<RawPathParams, WireError> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    params.map_err(|_| WireError::bad_request("The path must be UTF-8"))
}
