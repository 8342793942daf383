//! Signing in at identity providers and connecting to model providers. Both are the user's, whichever workspace is named.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::{FromRequestParts, RawPathParams, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{StatusCode, request::Parts};
use roost_core::{
    Millis,
    device_flow::{Codes, FlowStatus, FlowView},
};
use serde::Serialize;
use serde_json::Value;

use super::access::Visible;
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    device_flow::StartError,
    providers::{self, InstallError, InvalidWish, Presets, Reach, Wish},
    routes::path,
};

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    let table = |workspace: &str| {
        Router::new()
            .route(&format!("{workspace}/auth/status"), get(status))
            .route(&format!("{workspace}/auth/providers"), get(list_providers))
            .route(&format!("{workspace}/auth/provider"), post(install))
            .route(&format!("{workspace}/auth/device-flow"), post(start))
            .route(&format!("{workspace}/auth/device-flow/{{flow}}"), get(show).delete(cancel))
    };
    table("/workspace").merge(table("/workspaces/{workspace}"))
}

/// The sign-in in `…/auth/device-flow/:flow`.
struct NamedFlow(String);

impl FromRequestParts<Arc<App>> for NamedFlow {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| path::unreadable())?;
        let flow = params.iter().find(|(name, _)| *name == "flow").map(|(_, value)| value.to_owned());
        Ok(Self(flow.unwrap_or_default()))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun<'a> {
    device_flow_id: &'a str,
    provider_id: &'a str,
    status: FlowStatus,
    expires_at: Millis,
    interval_ms: Millis,
    attached: bool,
    #[serde(flatten)]
    codes: Option<Codes<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    view: &'a FlowView,
    #[serde(flatten)]
    codes: Option<Codes<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    v: u8,
    workspace_cwd: PathBuf,
    providers: [Value; 0],
    pending_device_flows: Vec<PendingFlow>,
    supported_device_flow_providers: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingFlow {
    device_flow_id: String,
    provider_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Millis>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    v: u8,
    workspace_cwd: PathBuf,
    #[serde(flatten)]
    presets: &'a Presets,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connected<'a> {
    v: u8,
    provider_id: &'a str,
    provider_label: &'a str,
    auth_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<&'a str>,
    message: String,
}

async fn start(
    State(app): State<Arc<App>>,
    Visible { .. }: Visible,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Response, WireError> {
    let provider = body.get("providerId").and_then(Value::as_str).filter(|id| !id.is_empty());
    let provider = provider
        .ok_or_else(|| WireError::bad_request("`providerId` must be a non-empty string").code("invalid_request"))?;
    let started = app.sign_ins.start(provider, client.clone()).await.map_err(|error| refusal(&app, &error))?;
    let (view, attached) = (&started.view, started.is_attached);
    let answer = Begun {
        device_flow_id: &view.device_flow_id,
        provider_id: &view.provider_id,
        status: view.status,
        expires_at: view.expires_at.unwrap_or_default(),
        interval_ms: view.interval_ms.unwrap_or_default(),
        attached,
        codes: view.codes_for(client.as_ref()),
    };
    let status = if attached { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(answer)).into_response())
}

fn refusal(app: &App, error: &StartError) -> WireError {
    let said = error.to_string();
    match error {
        StartError::Unsupported(_) => {
            let supported: Vec<&str> = app.sign_ins.providers().collect();
            let known = if supported.is_empty() { "it has none".to_owned() } else { supported.join(", ") };
            WireError::bad_request(format!("{said}: {known}"))
                .code("unsupported_provider")
                .with("supportedProviders", supported)
        }
        StartError::TooMany(_) => WireError::new(StatusCode::CONFLICT, said).code("too_many_active_flows"),
        StartError::Upstream(_) => WireError::new(StatusCode::BAD_GATEWAY, said).code("upstream_error"),
    }
}

async fn show(
    State(app): State<Arc<App>>,
    Visible { .. }: Visible,
    NamedFlow(id): NamedFlow,
    ClientHeader(client): ClientHeader,
) -> Result<Response, WireError> {
    let view = app.sign_ins.view(&id).ok_or_else(|| no_such_flow(&id))?;
    Ok(Json(Shown { view: &view, codes: view.codes_for(client.as_ref()) }).into_response())
}

async fn cancel(
    State(app): State<Arc<App>>,
    Visible { .. }: Visible,
    NamedFlow(id): NamedFlow,
    ClientHeader(client): ClientHeader,
) -> Result<StatusCode, WireError> {
    if app.sign_ins.cancel(&id, client).await { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_flow(&id)) }
}

fn no_such_flow(id: &str) -> WireError {
    WireError::new(StatusCode::NOT_FOUND, format!("No device flow with id \"{id}\"")).code("device_flow_not_found")
}

async fn status(State(app): State<Arc<App>>, Visible { workspace, .. }: Visible) -> Json<Status> {
    let pending = app.sign_ins.pending().into_iter().map(|view| PendingFlow {
        device_flow_id: view.device_flow_id,
        provider_id: view.provider_id,
        expires_at: view.expires_at,
    });
    Json(Status {
        v: 1,
        workspace_cwd: workspace.cwd.clone(),
        providers: [],
        pending_device_flows: pending.collect(),
        supported_device_flow_providers: app.sign_ins.providers().map(str::to_owned).collect(),
    })
}

async fn list_providers(Visible { workspace, .. }: Visible) -> Json<Listed<'static>> {
    Json(Listed { v: 1, workspace_cwd: workspace.cwd.clone(), presets: providers::presets() })
}

async fn install(
    State(app): State<Arc<App>>,
    Visible { workspace, .. }: Visible,
    JsonBody(body): JsonBody,
) -> Result<Response, WireError> {
    let reach = if app.config.allow_private_auth_base_url { Reach::Anywhere } else { Reach::Public };
    let wish = Wish::parse(&body, reach).map_err(|wrong| invalid(&wrong))?;
    let (preset, protocol, base_url) = (wish.preset, wish.protocol.clone(), wish.base_url.clone());
    let installed = providers::install(&workspace.settings, wish, reach).await.map_err(|error| failure(&error))?;
    let answer = Connected {
        v: 1,
        provider_id: &preset.id,
        provider_label: &preset.label,
        auth_type: &protocol,
        model_id: installed.model_id,
        base_url: preset.base_url.is_none().then_some(base_url.as_str()),
        message: format!("{} is connected. The agent uses it from the next prompt on.", preset.label),
    };
    Ok(Json(answer).into_response())
}

fn invalid(wrong: &InvalidWish) -> WireError {
    WireError::bad_request(wrong.to_string()).code(wrong.code())
}

fn failure(error: &InstallError) -> WireError {
    match error {
        InstallError::BaseUrl(_) => WireError::bad_request(error.to_string()).code("invalid_base_url"),
        InstallError::Save(_) | InstallError::Private { .. } | InstallError::Stopping => {
            tracing::error!(%error, "a provider is not connected");
            WireError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
    }
}
