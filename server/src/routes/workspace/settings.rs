//! `GET` and `POST /workspace/settings`, and `POST /language`.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use roost_core::{ClientId, event::EventType, language::of_answers};
use serde::Serialize;
use serde_json::{Value, json};

use super::access::{Caller, Visible, require_trust};
use crate::{
    App, WireError,
    agent_query::{AgentAnswer, ask},
    body::JsonBody,
    settings::{Change, ROWS, Row, RowView, SaveError, Scope, SetError, Settings, Warning, languages},
    workspaces::Workspace,
};

#[derive(Debug, Serialize)]
pub(super) struct Panel {
    v: u8,
    settings: Vec<RowView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saved {
    key: &'static str,
    scope: Scope,
    value: Value,
    requires_restart: bool,
}

/// How many were told of the new language.
#[derive(Debug, Default, Serialize)]
struct Refresh {
    /// Agents that are up.
    runtimes: usize,
    sessions: usize,
    failed: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Spoken {
    language: String,
    output_language: Option<&'static str>,
    refresh: Refresh,
}

pub(super) async fn show(visible: Visible) -> Result<Json<Panel>, WireError> {
    let layers = visible.workspace.settings.run(Settings::read).await?;
    let settings = ROWS.iter().map(|row| row.view(&layers)).collect();
    Ok(Json(Panel { v: 1, settings, warnings: layers.warnings }))
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    Visible { workspace, is_plural }: Visible,
    Caller(client): Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Saved>, WireError> {
    let scope = scope(body.get("scope"), is_plural)?;
    let key = body.get("key").and_then(Value::as_str).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| WireError::bad_request("`key` must be a non-empty string").code("invalid_key"))?;
    let row = Row::named(key)?;
    let value = body.get("value").filter(|value| !value.is_null()).cloned();
    let value = value.ok_or_else(|| WireError::bad_request("`value` is required").code("missing_value"))?;
    if scope == Scope::Workspace {
        require_trust(&workspace).await?;
    }
    let written = workspace.settings.run(move |settings| {
        let change = row.change(&settings.read(), scope, value)?;
        settings.write(scope, std::slice::from_ref(&change))?;
        Ok::<_, SetError>(change.shown())
    });
    let value = written.await??;
    let event = json!({"key": row.key, "value": value, "scope": scope});
    announce(&app, &workspace, scope, EventType::SettingsChanged, &event, client).await;
    Ok(Json(Saved { key: row.key, scope, value, requires_restart: row.requires_restart }))
}

/// `POST /language`: the user's language, in every workspace.
pub(super) async fn speak(
    State(app): State<Arc<App>>,
    Caller(client): Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Spoken>, WireError> {
    let allowed = languages();
    let language = body.get("language").and_then(Value::as_str).filter(|language| allowed.contains(language));
    let language = language.ok_or_else(|| {
        let said = format!("`language` is required and must be one of: {}", allowed.join(", "));
        WireError::bad_request(said).code("invalid_language").with("allowed", &allowed)
    })?;
    let sync = match body.get("syncOutputLanguage") {
        None => false,
        Some(Value::Bool(sync)) => *sync,
        Some(_) => {
            let said = "`syncOutputLanguage` must be a boolean when provided";
            return Err(WireError::bad_request(said).code("invalid_sync_flag"));
        }
    };
    let output_language = sync.then(|| of_answers(language));
    let mut changes = vec![Change::set("general.language", language.into())];
    changes.extend(output_language.map(|name| Change::set("general.outputLanguage", name.into())));
    let settings = &app.workspaces.primary().settings;
    let written = settings.run(move |settings| settings.write(Scope::User, &changes)).await?;
    written.map_err(|error| unsaved(&error))?;

    let mut refresh = Refresh::default();
    for workspace in app.workspaces.all() {
        refresh_agent(&workspace, &mut refresh).await;
        let event = json!({"language": language, "outputLanguage": output_language, "userLevel": true});
        workspace.announce(EventType::LanguageChanged, &event, client.clone()).await;
    }
    Ok(Json(Spoken { language: language.to_owned(), output_language, refresh }))
}

/// Has an agent that is up read the files again. One that cannot will have them when it starts the next time.
async fn refresh_agent(workspace: &Workspace, refresh: &mut Refresh) {
    match ask(&workspace.sessions, "qwen/control/workspace/reload", &json!({"cwd": workspace.cwd})).await {
        AgentAnswer::Idle => {}
        AgentAnswer::Unheard => refresh.runtimes += 1,
        AgentAnswer::Said(said) => {
            let count = |field: &str| said[field].as_array().map_or(0, Vec::len);
            refresh.runtimes += 1;
            refresh.sessions += count("sessionsRefreshed");
            refresh.failed += count("sessionsSkipped");
        }
        AgentAnswer::Failed(error) => {
            tracing::warn!(%error, "the agent does not take the language");
            refresh.runtimes += 1;
            refresh.failed += workspace.sessions.all().len();
        }
    }
}

/// What is of a user's concerns every workspace.
pub(in crate::routes) async fn announce(
    app: &App,
    workspace: &Workspace,
    scope: Scope,
    kind: EventType,
    event: &Value,
    client: Option<ClientId>,
) {
    match scope {
        Scope::Workspace => workspace.announce(kind, event, client).await,
        Scope::User => {
            for workspace in app.workspaces.all() {
                workspace.announce(kind.clone(), event, client.clone()).await;
            }
        }
    }
}

fn scope(value: Option<&Value>, is_plural: bool) -> Result<Scope, WireError> {
    match Scope::read(value) {
        Some(Scope::User) if is_plural => {
            Err(WireError::bad_request("`scope` must be workspace here").code("invalid_scope"))
        }
        Some(scope) => Ok(scope),
        None => Err(WireError::bad_request("`scope` must be one of: workspace, user").code("invalid_scope")),
    }
}

/// 500: the file is as it was.
pub(super) fn unsaved(error: &SaveError) -> WireError {
    tracing::error!(%error, "settings cannot be saved");
    WireError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("The settings cannot be saved: {error}"))
        .code("settings_write_failed")
}

impl From<SetError> for WireError {
    fn from(error: SetError) -> Self {
        let code = match &error {
            SetError::Disallowed(_) => "disallowed_key",
            SetError::NotOfAWorkspace(_) => "invalid_scope",
            SetError::Value(_) => "invalid_value",
            SetError::Save(error) => return unsaved(error),
        };
        Self::bad_request(error.to_string()).code(code)
    }
}
