//! What a session tells about itself without changing.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{
    SessionId,
    session::{Answer, Command, DisplayName, Interaction, TurnFailure},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::live;
use crate::{App, WireError, driver::LiveSession};

/// How long an agent may think about whether a turn was interrupted; the rest of the answer does not need it.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(2);

/// The part of a status that lists overlay, too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Activity {
    client_count: usize,
    has_active_prompt: bool,
    is_waiting_for_permission: bool,
    is_waiting_for_user_question: bool,
    pending_interaction_count: usize,
    has_turn_error: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn_error: Option<TurnFailure>,
    pending_interactions: Vec<Interaction>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    session_id: SessionId,
    workspace_cwd: PathBuf,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<DisplayName>,
    #[serde(flatten)]
    activity: Activity,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    v: u8,
    session_id: SessionId,
    workspace_cwd: PathBuf,
    /// [`roost_core::session::AgentState`]
    state: Arc<RawValue>,
    /// Whether the last turn was interrupted and can go on: `{kind, canContinue}`. Not every agent tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SupportedCommands {
    v: u8,
    session_id: SessionId,
    available_commands: Vec<Value>,
    available_skills: Vec<Value>,
}

/// `available_commands_update`
#[derive(Default, Deserialize)]
#[serde(default)]
struct CommandsUpdate {
    update: Commands,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Commands {
    available_commands: Vec<Value>,
    #[serde(rename = "_meta")]
    meta: CommandsMeta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CommandsMeta {
    available_skills: Vec<Value>,
}

impl From<roost_core::session::Status> for Activity {
    fn from(status: roost_core::session::Status) -> Self {
        Self {
            client_count: status.client_count,
            has_active_prompt: status.has_active_prompt,
            is_waiting_for_permission: status.is_waiting_for_permission,
            is_waiting_for_user_question: status.is_waiting_for_user_question,
            pending_interaction_count: status.pending_interactions.len(),
            has_turn_error: status.turn_error.is_some(),
            turn_error: status.turn_error,
            pending_interactions: status.pending_interactions,
        }
    }
}

pub(super) async fn status(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Status>, WireError> {
    let live = live(&app, &id)?;
    let mut status = live.machine().status();
    Ok(Json(Status {
        session_id: SessionId::from(id),
        workspace_cwd: live.cwd.to_path_buf(),
        created_at: status.created_at.to_iso(),
        updated_at: status.updated_at.to_iso(),
        display_name: status.display_name.take(),
        activity: status.into(),
    }))
}

pub(super) async fn context(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Context>, WireError> {
    let live = live(&app, &id)?;
    let recovery = recovery(&live).await;
    let (workspace_cwd, state) = (live.cwd.to_path_buf(), live.agent_state_json());
    Ok(Json(Context { v: 1, session_id: SessionId::from(id), workspace_cwd, state, recovery }))
}

/// As the agent has it; nothing from one that does not know, or is too busy to say.
async fn recovery(live: &LiveSession) -> Option<Value> {
    if !live.machine().may_be_broken_off() {
        return None;
    }
    let question = Command::Ask { method: "qwen/status/session/context", params: Map::new() };
    let answered = tokio::time::timeout(RECOVERY_PATIENCE, live.command(None, question)).await.ok().flatten()?;
    let Answer::Ask(Ok(told)) = answered.answer else { return None };
    let mut told: Value = serde_json::from_str(told.get()).ok()?;
    told.get_mut("recovery").map(Value::take).filter(Value::is_object)
}

pub(super) async fn supported_commands(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<SupportedCommands>, WireError> {
    let live = live(&app, &id)?;
    let known = live.machine().available_commands().and_then(|update| serde_json::from_str(update.get()).ok());
    let CommandsUpdate { update } = known.unwrap_or_default();
    Ok(Json(SupportedCommands {
        v: 1,
        session_id: SessionId::from(id),
        available_commands: update.available_commands,
        available_skills: update.meta.available_skills,
    }))
}
