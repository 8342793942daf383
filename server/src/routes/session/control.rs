//! Model and approval mode.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{
    ClientId, EventType, SessionId,
    session::{ApprovalMode, Command},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use super::{answer, ask, live, refusal};
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    routes::workspace::{access::check_mode, settings::announce},
    settings::{Change, Scope},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModeChanged {
    session_id: SessionId,
    mode: ApprovalMode,
    previous: Box<str>,
    persisted: bool,
}

/// Answers with what the agent answered.
pub(super) async fn model(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, WireError> {
    let model_id = body.get("modelId").and_then(Value::as_str).filter(|id| !id.trim().is_empty());
    let model_id = model_id.ok_or_else(|| WireError::bad_request("`modelId` must be a non-empty string"))?.into();
    let announcer = client.clone();
    let answered = ask(&app, &*live(&app, &id)?, client, Command::SetModel { model_id }).await?;
    let result = answer!(answered, SetModel).map_err(|error| refusal::control(&error, &id))?;
    if let Some(switch) = Switch::read(&result) {
        switch.keep(&app, announcer).await;
    }
    Ok(Json(result))
}

/// What an agent of the family says it has switched to. The user's sessions begin with it from now on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Switch {
    model_id: String,
    #[serde(default)]
    base_url: Option<String>,
}

impl Switch {
    /// None of another agent, whose models are not those of the settings.
    fn read(result: &RawValue) -> Option<Self> {
        let result: Value = serde_json::from_str(result.get()).ok()?;
        Self::deserialize(&result["_meta"]["qwenModelSwitch"]).ok()
    }

    /// Writes it to the user's settings and tells every session of it. The session itself has switched, whatever becomes of this.
    async fn keep(self, app: &App, client: Option<ClientId>) {
        let primary = app.workspaces.primary();
        let event = json!({"key": "model.name", "value": self.model_id, "scope": Scope::User});
        let changes = [
            Change::set("model.name", self.model_id.into()),
            // Tells apart models of the same name on several servers.
            Change::set("model.baseUrl", self.base_url.unwrap_or_default().into()),
        ];
        match primary.settings.run(move |settings| settings.write(Scope::User, &changes)).await {
            Ok(Ok(())) => announce(app, primary, Scope::User, EventType::SettingsChanged, &event, client).await,
            Ok(Err(error)) => tracing::error!(%error, "the model is not kept for new sessions"),
            Err(error) => tracing::error!(%error, "the model is not kept for new sessions"),
        }
    }
}

pub(super) async fn approval_mode(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<ModeChanged>, WireError> {
    let mode = body.get("mode").and_then(Value::as_str).and_then(|mode| mode.parse().ok());
    let mode = mode.ok_or_else(refusal::invalid_approval_mode)?;
    let persist = match body.get("persist") {
        None => false,
        Some(Value::Bool(persist)) => *persist,
        Some(_) => return Err(WireError::bad_request("`persist` must be a boolean").code("invalid_persist_flag")),
    };
    let live = live(&app, &id)?;
    if let Some(workspace) = app.workspaces.owner(&id).await.ok().flatten() {
        check_mode(&workspace, mode).await?;
    }
    let answered = ask(&app, &live, client, Command::SetApprovalMode { mode, persist }).await?;
    let change = answer!(answered, SetApprovalMode).map_err(|error| refusal::control(&error, &id))?;
    Ok(Json(ModeChanged {
        session_id: SessionId::from(id),
        mode: change.mode,
        previous: change.previous,
        persisted: change.persisted,
    }))
}
