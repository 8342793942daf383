//! `POST /workspace/init`: an empty context file for whoever will fill it.

use std::{path::PathBuf, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use roost_core::event::EventType;
use serde::Serialize;
use serde_json::{Map, Value};

use super::access::{Caller, Trusted};
use crate::{
    App, WireError,
    body::JsonBody,
    files::{BeginError, Begun, Refusal},
    workspaces::Workspace,
};

const CONTEXT_FILE: &str = "QWEN.md";

#[derive(Debug, Serialize)]
pub(super) struct Initialized {
    path: PathBuf,
    action: Begun,
}

pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Trusted(workspace): Trusted,
    Caller(client): Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<Initialized>, WireError> {
    let force = match body.get("force") {
        None => false,
        Some(Value::Bool(force)) => *force,
        Some(_) => {
            return Err(WireError::bad_request("`force` must be a boolean when provided").code("invalid_force_flag"));
        }
    };
    let (files, cwd) = (app.files.clone(), workspace.cwd.clone());
    let begun = workspace.settings.run(move |settings| {
        let name = context_file(&settings.in_force());
        let begun = files.of(&cwd).map_err(BeginError::Files).and_then(|files| files.begin_context_file(&name, force));
        (name, begun)
    });
    let (name, begun) = begun.await?;
    let action = begun.map_err(|error| refused(&error, &workspace, &name))?;
    let initialized = Initialized { path: workspace.cwd.join(name), action };
    workspace.announce(EventType::WorkspaceInitialized, &initialized, client).await;
    Ok(Json(initialized))
}

/// The first of `context.fileName`, which is a name or a list of them.
fn context_file(settings: &Map<String, Value>) -> String {
    let names = settings.get("context").and_then(|context| context.get("fileName"));
    let first =
        names.and_then(|names| names.as_str().or_else(|| names.get(0)?.as_str())).filter(|name| !name.is_empty());
    first.unwrap_or(CONTEXT_FILE).to_owned()
}

fn refused(error: &BeginError, workspace: &Workspace, name: &str) -> WireError {
    let target = workspace.cwd.join(name);
    let shown = target.display();
    let odd = |code: &'static str, kind: &'static str| {
        WireError::bad_request(format!("{shown} was left alone: {error}"))
            .code(code)
            .with("target", &target)
            .with("kind", kind)
    };
    match error {
        BeginError::Outside => WireError::bad_request(format!("The context file `{name}` lies outside the workspace"))
            .code("workspace_init_path_escape")
            .with("filename", name)
            .with("boundWorkspace", &workspace.cwd),
        BeginError::Symlink => odd("workspace_init_symlink", "symlink"),
        BeginError::NotRegular => odd("workspace_init_symlink", "not_a_file"),
        BeginError::Appeared => odd("workspace_init_race", "appeared"),
        BeginError::Replaced => odd("workspace_init_race", "replaced"),
        BeginError::Exists { size_bytes } => WireError::new(
            StatusCode::CONFLICT,
            format!("{shown} exists ({size_bytes} bytes). Pass {{\"force\": true}} to empty it."),
        )
        .code("workspace_init_conflict")
        .with("path", &target)
        .with("existingSize", size_bytes),
        BeginError::Files(refusal) => failed(refusal),
    }
}

fn failed(refusal: &Refusal) -> WireError {
    WireError::new(refusal.status(), refusal.to_string()).code(refusal.kind())
}
