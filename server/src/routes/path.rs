//! What a path names: a workspace, a session, a group. The same handler serves `/workspace/:id/…` and `/workspaces/:workspace/…`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::{StatusCode, Uri, request::Parts};
use percent_encoding::percent_decode_str;
use roost_core::SessionId;

use super::workspace::{select, select_plural};
use crate::{
    App, WireError,
    workspaces::{AmbiguousOwner, Workspace},
};

/// The workspace a path selects; one without a selector means the primary one.
#[derive(Clone, Debug)]
pub(super) struct Selected(pub(super) Arc<Workspace>);

/// The workspace a path selects, if it does.
#[derive(Clone, Debug)]
pub(super) struct Addressed(pub(super) Option<Arc<Workspace>>);

/// The session in `/session/:id/…` or `/workspaces/:workspace/session/:session/…`, and the workspace: the one selected, else the
/// one the session lives or lies in. A session that is nowhere has the primary workspace.
#[derive(Clone, Debug)]
pub(super) struct NamedSession {
    pub(super) workspace: Arc<Workspace>,
    pub(super) id: SessionId,
}

/// The group in `…/session-groups/:group`.
#[derive(Clone, Debug)]
pub(super) struct NamedGroup(pub(super) String);

/// The tool in `…/tools/:name/enable`.
#[derive(Clone, Debug)]
pub(super) struct NamedTool(pub(super) String);

impl FromRequestParts<Arc<App>> for Selected {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = params(parts, app).await?;
        let selected = selected(app, parts, &params)?;
        Ok(Self(selected.unwrap_or_else(|| Arc::clone(app.workspaces.primary()))))
    }
}

impl FromRequestParts<Arc<App>> for Addressed {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = params(parts, app).await?;
        selected(app, parts, &params).map(Self)
    }
}

impl FromRequestParts<Arc<App>> for NamedSession {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = params(parts, app).await?;
        let named = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let id = named("session").or_else(|| named("id")).unwrap_or_default();
        let workspace = match selected(app, parts, &params)? {
            Some(workspace) => workspace,
            None => owner(app, id, parts.uri.path()).await?,
        };
        Ok(Self { workspace, id: SessionId::from(id) })
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

impl FromRequestParts<Arc<App>> for NamedTool {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = params(parts, app).await?;
        let tool = params.iter().find(|(name, _)| *name == "tool").map(|(_, value)| value.to_owned());
        Ok(Self(tool.unwrap_or_default()))
    }
}

/// Whether a path says what it names: every `%` begins an escape, and what they stand for is UTF-8.
#[must_use]
pub fn is_readable(path: &str) -> bool {
    let mut parts = path.split('%');
    parts.next();
    let is_escape = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    parts.all(is_escape) && (!path.contains('%') || percent_decode_str(path).decode_utf8().is_ok())
}

/// 400: the path names nothing that could be called that.
#[must_use]
pub fn unreadable() -> WireError {
    WireError::bad_request("The path must be percent-encoded UTF-8").code("invalid_request")
}

/// The path without the slash at its end, where it has one to spare: clients may send it.
#[must_use]
pub fn trimmed(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty() && !path.ends_with('/'))?;
    let mut parts = uri.clone().into_parts();
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The workspace a session belongs to; the primary one if it is nowhere, which will say so.
pub(super) async fn owner(app: &App, session: &str, route: &str) -> Result<Arc<Workspace>, WireError> {
    match app.workspaces.owner(session).await {
        Ok(owner) => Ok(owner.unwrap_or_else(|| Arc::clone(app.workspaces.primary()))),
        Err(error) => Err(ambiguous(&error, session, route)),
    }
}

fn ambiguous(error: &AmbiguousOwner, session: &str, route: &str) -> WireError {
    let said = format!("{error}; name the workspace: /workspaces/:workspace/session/{session}/…");
    WireError::new(StatusCode::INTERNAL_SERVER_ERROR, said)
        .code("ambiguous_session_owner")
        .with("sessionId", session)
        .with("route", route)
        .with("workspaceIds", &error.workspace_ids)
}

fn selected(app: &App, parts: &Parts, params: &RawPathParams) -> Result<Option<Arc<Workspace>>, WireError> {
    let selector = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    if let Some(workspace) = selector("workspace") {
        return select_plural(app, workspace).map(Some);
    }
    let singular = selector("id").filter(|_| parts.uri.path().starts_with("/workspace/"));
    singular.map(|workspace| select(app, workspace)).transpose()
}

async fn params(parts: &mut Parts, app: &Arc<App>) -> Result<RawPathParams, WireError> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    params.map_err(|_| unreadable())
}
