//! `GET /workspace/tools` and `POST /workspace/tools/:name/enable`.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use axum::{Json, extract::State};
use roost_core::event::EventType;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    access::{Caller, Trusted, Visible},
    settings::{announce, unsaved},
    status::ErrorCell,
};
use crate::{
    App, WireError,
    agent_query::{AgentAnswer, ask},
    body::JsonBody,
    routes::path::NamedTool,
    settings::{Change, Layers, Scope, Settings},
};

/// Longest name of a tool, in bytes.
const MAX_NAME_BYTES: usize = 256;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tools {
    v: u8,
    workspace_cwd: PathBuf,
    initialized: bool,
    acp_channel_live: bool,
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorCell>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Toggled {
    tool_name: String,
    enabled: bool,
}

/// What the agent has; switched off is what it will not have when it starts the next time.
pub(super) async fn list(Visible { workspace, .. }: Visible) -> Result<Json<Tools>, WireError> {
    let layers = workspace.settings.run(Settings::read).await?;
    let off = disabled(&layers);
    let answer = ask(&workspace.sessions, "qwen/status/workspace/tools", &json!({"cwd": workspace.cwd})).await;
    let mut tools = match &answer {
        AgentAnswer::Said(said) => said["tools"].as_array().cloned().unwrap_or_default(),
        AgentAnswer::Idle | AgentAnswer::Unheard | AgentAnswer::Failed(_) => Vec::new(),
    };
    for tool in &mut tools {
        let is_off = tool["name"].as_str().is_some_and(|name| off.contains(name));
        if let (true, Some(tool)) = (is_off, tool.as_object_mut()) {
            tool.insert("enabled".to_owned(), false.into());
        }
    }
    Ok(Json(Tools {
        v: 1,
        workspace_cwd: workspace.cwd.clone(),
        initialized: true,
        acp_channel_live: !matches!(answer, AgentAnswer::Idle),
        tools,
        errors: ErrorCell::of("tools", &answer).into_iter().collect(),
    }))
}

/// Keeps a tool out of, or lets it back into, what agents of this workspace are started with. It need not exist yet.
pub(super) async fn toggle(
    State(app): State<Arc<App>>,
    Trusted(workspace): Trusted,
    NamedTool(name): NamedTool,
    Caller(client): Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Toggled>, WireError> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        let said = format!("The tool's name must be 1 to {MAX_NAME_BYTES} bytes without control characters");
        return Err(WireError::bad_request(said).code("invalid_tool_name"));
    }
    let Some(Value::Bool(enabled)) = body.get("enabled") else {
        let said = "`enabled` is required and must be a boolean";
        return Err(WireError::bad_request(said).code("invalid_enabled_flag"));
    };
    let toggled = Toggled { tool_name: name, enabled: *enabled };
    let wish = toggled.clone();
    let changes = move |own: &Map<String, Value>| {
        let listed = own.get("tools").and_then(|tools| tools.get("disabled")?.as_array());
        let mut list = listed.cloned().unwrap_or_default();
        list.retain(|name| *name != wish.tool_name.as_str());
        if !wish.enabled {
            list.push(wish.tool_name.as_str().into());
        }
        [Change::set("tools.disabled", list.into())]
    };
    let written = workspace.settings.run(move |settings| settings.edit(Scope::Workspace, changes));
    written.await?.map_err(|error| unsaved(&error))?;
    let event = json!(toggled);
    announce(&app, &workspace, Scope::Workspace, EventType::ToolToggled, &event, client).await;
    Ok(Json(toggled))
}

fn disabled(layers: &Layers) -> BTreeSet<String> {
    let list = layers.get("tools.disabled").unwrap_or_default();
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
