//! `GET` and `POST /workspace/permissions`.

use std::{path::PathBuf, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use roost_core::event::EventType;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    access::{Caller, Visible, require_trust},
    settings::{announce, unsaved},
};
use crate::{
    App, WireError,
    agent_query::{AgentAnswer, ask},
    body::JsonBody,
    settings::{PermissionRules, RuleKind, RuleSet, Scope, Settings},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rules {
    v: u8,
    user: FileRules,
    workspace: FileRules,
    merged: RuleSet,
    is_trusted: bool,
}

#[derive(Debug, Serialize)]
struct FileRules {
    path: PathBuf,
    rules: RuleSet,
}

pub(super) async fn show(visible: Visible) -> Result<Json<Rules>, WireError> {
    Ok(Json(visible.workspace.settings.run(rules).await?))
}

/// Replaces one list. Needs an agent that is up, so that the rules are in force when this answers.
pub(super) async fn set(
    State(app): State<Arc<App>>,
    Visible { workspace, is_plural }: Visible,
    Caller(client): Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Rules>, WireError> {
    let scope = scope(body.get("scope"), is_plural)?;
    let kind = RuleKind::read(body.get("ruleType")).ok_or_else(|| {
        WireError::bad_request("`ruleType` must be \"allow\", \"ask\" or \"deny\"").code("invalid_rule_type")
    })?;
    let list = PermissionRules::parse(body.get("rules"))
        .map_err(|error| WireError::bad_request(error.to_string()).code("invalid_rules"))?;
    if scope == Scope::Workspace {
        require_trust(&workspace).await?;
    }
    if workspace.sessions.agent().is_none() {
        let said = "The rules are the agent's, and none is up. Start a session first.";
        return Err(WireError::new(StatusCode::CONFLICT, said).code("permission_session_required"));
    }
    let event = json!({"key": format!("permissions.{}", kind.as_str()), "value": list, "scope": scope});
    let written = workspace.settings.run(move |settings| {
        settings.set_rules(scope, kind, &list)?;
        Ok(rules(settings))
    });
    let rules = written.await?.map_err(|error| unsaved(&error))?;
    let reloaded = ask(&workspace.sessions, "qwen/control/workspace/reload", &json!({"cwd": workspace.cwd})).await;
    if let AgentAnswer::Failed(error) = reloaded {
        tracing::warn!(%error, "the agent did not reload its rules");
    }
    announce(&app, &workspace, scope, EventType::SettingsChanged, &event, client).await;
    Ok(Json(rules))
}

/// A workspace's own route changes what is the workspace's and nothing else, whatever else is asked for.
fn scope(value: Option<&Value>, is_plural: bool) -> Result<Scope, WireError> {
    match (Scope::read(value), is_plural) {
        (Some(Scope::Workspace), _) => Ok(Scope::Workspace),
        (Some(Scope::User), false) => Ok(Scope::User),
        (Some(Scope::User) | None, true) => {
            Err(WireError::bad_request("Only the \"workspace\" scope can be changed through a workspace's route")
                .code("global_scope_not_supported_for_workspace_route"))
        }
        (None, false) => Err(WireError::bad_request("`scope` must be \"user\" or \"workspace\"").code("invalid_scope")),
    }
}

fn rules(settings: &Settings) -> Rules {
    let PermissionRules { user, workspace, merged, is_trusted } = settings.permission_rules();
    let file = |scope, rules| FileRules { path: settings.path(scope), rules };
    Rules { v: 1, user: file(Scope::User, user), workspace: file(Scope::Workspace, workspace), merged, is_trusted }
}
