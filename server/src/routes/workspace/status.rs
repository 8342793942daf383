//! What is there for sessions: environment, preflight, providers. None of it starts the agent.

use std::{path::PathBuf, sync::Arc};

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::access::Visible;
use crate::{
    App, WireError,
    agent_query::{AgentAnswer, ask},
    environment, preflight,
    settings::Settings,
    workspaces::Workspace,
};

/// What every answer here begins with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cells<T> {
    v: u8,
    workspace_cwd: PathBuf,
    initialized: bool,
    acp_channel_live: bool,
    cells: Vec<T>,
}

/// Something that an agent would know.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorCell {
    kind: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

/// Variables of `.env` files and of the settings count as set: the workspace's agent has them.
pub(super) async fn environment(
    Visible { workspace, .. }: Visible,
) -> Result<Json<Cells<environment::Cell>>, WireError> {
    let variables = workspace.settings.run(Settings::variables).await?;
    Ok(Json(Cells::of(&workspace, environment::cells(|name| variables.value(name)))))
}

pub(super) async fn preflight(
    State(app): State<Arc<App>>,
    Visible { workspace, .. }: Visible,
) -> Json<Cells<preflight::Cell>> {
    let params = json!({"cwd": workspace.cwd});
    let question = |method| ask(&workspace.sessions, method, &params);
    let (providers, tools, skills, mcp) = tokio::join!(
        question("qwen/status/workspace/providers"),
        question("qwen/status/workspace/tools"),
        question("qwen/status/workspace/skills"),
        question("qwen/status/workspace/mcp"),
    );
    let report = preflight::AgentReport { providers, tools, skills, mcp };
    let cells = preflight::cells(&workspace.cwd, &app.config.agent, &report).await;
    Json(Cells::of(&workspace, cells))
}

/// As the agent tells; an agent that is not up has none to tell of.
pub(super) async fn providers(Visible { workspace, .. }: Visible) -> Json<Value> {
    let answer = ask(&workspace.sessions, "qwen/status/workspace/providers", &json!({"cwd": workspace.cwd})).await;
    let said = match &answer {
        AgentAnswer::Said(said) => said.as_object().cloned().unwrap_or_default(),
        AgentAnswer::Idle | AgentAnswer::Unheard | AgentAnswer::Failed(_) => Map::new(),
    };
    let is_live = !matches!(answer, AgentAnswer::Idle);
    let mut body = Map::new();
    body.insert("v".to_owned(), 1.into());
    body.insert("workspaceCwd".to_owned(), json!(workspace.cwd));
    body.insert("initialized".to_owned(), (!said.is_empty()).into());
    body.insert("acpChannelLive".to_owned(), is_live.into());
    for field in ["current", "approvalMode"] {
        if let Some(value) = said.get(field).filter(|value| !value.is_null()) {
            body.insert(field.to_owned(), value.clone());
        }
    }
    body.insert("providers".to_owned(), said.get("providers").cloned().unwrap_or_else(|| json!([])));
    if let Some(error) = ErrorCell::of("providers", &answer) {
        body.insert("errors".to_owned(), json!([error]));
    }
    Json(Value::Object(body))
}

impl<T> Cells<T> {
    fn of(workspace: &Workspace, cells: Vec<T>) -> Self {
        let acp_channel_live = workspace.sessions.agent().is_some();
        Self { v: 1, workspace_cwd: workspace.cwd.clone(), initialized: true, acp_channel_live, cells }
    }
}

impl ErrorCell {
    /// Why there is nothing to tell; none where there is.
    pub(super) fn of(kind: &'static str, answer: &AgentAnswer) -> Option<Self> {
        let cell = |status, hint| Self { kind, status, error: None, error_kind: None, hint };
        match answer {
            AgentAnswer::Said(_) => None,
            AgentAnswer::Idle => Some(cell("not_started", Some("start a session to see"))),
            AgentAnswer::Unheard => Some(cell("unknown", Some("the agent does not tell"))),
            AgentAnswer::Failed(error) => {
                Some(Self { error: Some(error.clone()), error_kind: Some("protocol_error"), ..cell("error", None) })
            }
        }
    }
}
