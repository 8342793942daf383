//! `POST /workspace/reload`: settings that were changed by other hands are taken up.

use axum::Json;
use roost_core::event::EventType;
use serde::Serialize;
use serde_json::{Value, json};

use super::access::{Caller, Visible};
use crate::{
    WireError,
    agent_query::{AgentAnswer, ask},
    body::JsonBody,
    settings::Settings,
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reloaded {
    env: Environment,
    /// At the top level.
    changed_keys: Vec<String>,
    child_reloaded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_refreshed: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_skipped: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_error: Option<String>,
    /// The agent that is up goes on with the variables that the files name now.
    runtime_environment_applied: bool,
}

/// Variables of the agent that have changed.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    updated_keys: Vec<String>,
    removed_keys: Vec<String>,
}

pub(super) async fn reload(
    Visible { workspace, .. }: Visible,
    Caller(client): Caller,
    _: JsonBody,
) -> Result<Json<Reloaded>, WireError> {
    let changed_keys = workspace.settings.run(Settings::take_up).await?;
    let answer = ask(&workspace.sessions, "qwen/control/workspace/reload", &json!({"cwd": workspace.cwd})).await;
    let mut reloaded = Reloaded {
        env: Environment::default(),
        changed_keys,
        child_reloaded: false,
        sessions_refreshed: None,
        sessions_skipped: None,
        child_error: None,
        runtime_environment_applied: false,
    };
    match answer {
        AgentAnswer::Said(said) => {
            reloaded.env = Environment {
                updated_keys: texts(&said["env"]["updatedKeys"]),
                removed_keys: texts(&said["env"]["removedKeys"]),
            };
            reloaded.child_reloaded = true;
            reloaded.runtime_environment_applied = said["env"].is_object();
            reloaded.sessions_refreshed = Some(texts(&said["sessionsRefreshed"]));
            reloaded.sessions_skipped = Some(texts(&said["sessionsSkipped"]));
        }
        AgentAnswer::Idle => reloaded.child_error = Some("No agent is up; the next one reads the files".to_owned()),
        AgentAnswer::Unheard => reloaded.child_error = Some("The agent cannot reload; start it again".to_owned()),
        AgentAnswer::Failed(error) => reloaded.child_error = Some(error),
    }
    workspace.announce(EventType::SettingsReloaded, &reloaded, client).await;
    Ok(Json(reloaded))
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
