//! `GET /workspace/trust` and `POST /workspace/trust/request`.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use roost_core::event::EventType;
use serde::Serialize;
use serde_json::{Value, json};

use super::access::Caller;
use crate::{
    App, WireError,
    body::JsonBody,
    routes::{path::Selected, query::Query, workspaces::refresh_capabilities},
    settings::Settings,
    trust::{Level, Trust},
    workspaces::Workspace,
};

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 1_024;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    v: u8,
    workspace_cwd: PathBuf,
    folder_trust_enabled: bool,
    effective: Said,
    explicit_trust_level: Option<Level>,
    requires_daemon_restart_for_changes: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusV2 {
    v: u8,
    workspace_cwd: PathBuf,
    folder_trust_enabled: bool,
    configured: Configured,
    effective: Effective,
    reconciliation: Reconciliation,
    requires_daemon_restart_for_changes: bool,
}

#[derive(Debug, Serialize)]
struct Said {
    state: &'static str,
    source: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Configured {
    #[serde(flatten)]
    said: Said,
    explicit_trust_level: Option<Level>,
}

#[derive(Debug, Serialize)]
struct Effective {
    state: &'static str,
    trusted: bool,
}

/// Trust is judged whenever it matters, so what is configured is what is applied.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reconciliation {
    state: &'static str,
    revision: String,
    applied_revision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Requested {
    /// Whether anybody was there to hear it.
    accepted: bool,
    desired_state: &'static str,
    requires_operator_action: bool,
}

/// Whoever asks is told how it is now, and reads the same in the capabilities.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Selected(workspace): Selected,
    query: Query,
) -> Result<Response, WireError> {
    let read = workspace.settings.run(|settings| (settings.trust(), settings.trust_revision()));
    let (trust, revision) = read.await?;
    refresh_capabilities(&app).await;
    Ok(match query.get("statusVersion") {
        Some("2") => Json(status_v2(&workspace, trust, revision)).into_response(),
        Some(_) | None => Json(status(&workspace, trust)).into_response(),
    })
}

/// A page may only ask: whoever sits at the machine decides, in `trustedFolders.json`.
pub(super) async fn request(
    Selected(workspace): Selected,
    Caller(client): Caller,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Requested>), WireError> {
    let desired_state = match body.get("desiredState").and_then(Value::as_str) {
        Some("trusted") => "trusted",
        Some("untrusted") => "untrusted",
        Some(_) | None => {
            let said = "`desiredState` must be \"trusted\" or \"untrusted\"";
            return Err(WireError::bad_request(said).code("invalid_desired_state"));
        }
    };
    let reason = match body.get("reason") {
        None => None,
        Some(Value::String(reason)) if reason.chars().count() <= MAX_REASON_CHARS => Some(reason),
        Some(_) => {
            let said = format!("`reason` must be a string of at most {MAX_REASON_CHARS} characters");
            return Err(WireError::bad_request(said).code("invalid_reason"));
        }
    };
    if workspace.settings.run(Settings::trust).await? == Trust::Disabled {
        let said = "Folder trust is off: every folder is trusted. Set security.folderTrust.enabled to use it.";
        return Err(WireError::new(StatusCode::CONFLICT, said).code("folder_trust_disabled"));
    }
    tracing::info!(workspace = %workspace.cwd.display(), desired_state, "a client asks for another trust");
    let mut event = json!({"workspaceCwd": workspace.cwd, "desiredState": desired_state});
    if let (Some(event), Some(reason)) = (event.as_object_mut(), reason) {
        event.insert("reason".to_owned(), reason.as_str().into());
    }
    let accepted = !workspace.sessions.all().is_empty();
    workspace.announce(EventType::TrustChangeRequested, &event, client).await;
    Ok((StatusCode::ACCEPTED, Json(Requested { accepted, desired_state, requires_operator_action: true })))
}

fn status(workspace: &Workspace, trust: Trust) -> Status {
    Status {
        v: 1,
        workspace_cwd: workspace.cwd.clone(),
        folder_trust_enabled: trust != Trust::Disabled,
        effective: said(trust),
        explicit_trust_level: trust.explicit(),
        // The first version of this answer knows no other way.
        requires_daemon_restart_for_changes: true,
    }
}

fn status_v2(workspace: &Workspace, trust: Trust, revision: String) -> StatusV2 {
    let is_unreadable = trust == Trust::Unreadable;
    let mut configured = said(trust);
    if is_unreadable {
        configured.state = "error";
    }
    StatusV2 {
        v: 2,
        workspace_cwd: workspace.cwd.clone(),
        folder_trust_enabled: trust != Trust::Disabled,
        configured: Configured { said: configured, explicit_trust_level: trust.explicit() },
        effective: match trust.is_trusted() {
            true => Effective { state: "trusted", trusted: true },
            false => Effective { state: "untrusted", trusted: false },
        },
        reconciliation: Reconciliation {
            state: if is_unreadable { "failed" } else { "stable" },
            applied_revision: revision.clone(),
            revision,
            error: is_unreadable.then(|| json!({"code": "trust_policy_invalid"})),
        },
        requires_daemon_restart_for_changes: false,
    }
}

fn said(trust: Trust) -> Said {
    let (state, source) = match trust {
        Trust::Disabled => ("trusted", "disabled"),
        Trust::Trusted { .. } => ("trusted", "file"),
        Trust::Untrusted { .. } => ("untrusted", "file"),
        Trust::Unknown => ("unknown", "none"),
        Trust::Unreadable => ("unknown", "file"),
    };
    Said { state, source }
}
