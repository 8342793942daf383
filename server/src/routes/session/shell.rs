//! `POST /session/:id/shell`: a command line in the session's folder, for whoever switched that on.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
};
use http::{StatusCode, request::Parts};
use roost_core::session::ShellRefused;
use serde::Serialize;
use serde_json::Value;

use super::{answer, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader, driver::ShellLine};

/// Longest command line, in characters.
const MAX_COMMAND_CHARS: usize = 32_768;

/// Passes only where the daemon was started with `--enable-session-shell`; comes before anything else of the request is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShellEnabled;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShellResult {
    exit_code: Option<i32>,
    output: Box<str>,
    aborted: bool,
}

impl FromRequestParts<Arc<App>> for ShellEnabled {
    type Rejection = WireError;

    async fn from_request_parts(_: &mut Parts, app: &Arc<App>) -> Result<Self, WireError> {
        if app.config.enable_session_shell {
            return Ok(Self);
        }
        let said = "The session shell is off. Start the daemon with --enable-session-shell.";
        Err(refused("session_shell_disabled", said))
    }
}

/// Answers when the command line has ended; it is stopped when the request is given up.
pub(super) async fn run(
    State(app): State<Arc<App>>,
    _: ShellEnabled,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<ShellResult>, WireError> {
    let needs_id = || refused("client_id_required", "A command needs the X-Qwen-Client-Id of a client of the session.");
    let client = client.ok_or_else(needs_id)?;
    let command = body.get("command").and_then(Value::as_str).filter(|command| !command.trim().is_empty());
    let command = command.ok_or_else(|| WireError::bad_request("`command` must be a non-empty string"))?;
    if command.chars().count() > MAX_COMMAND_CHARS {
        return Err(WireError::bad_request(format!("`command` must be at most {MAX_COMMAND_CHARS} characters")));
    }
    if command.contains('\0') {
        return Err(WireError::bad_request("`command` must not contain NUL characters"));
    }
    let live = live(&app, &id)?;
    let apart = app.workspaces.all().iter().find_map(|workspace| workspace.sessions.worktree(&live.id));
    let folder = apart.as_ref().map_or(&*live.cwd, |worktree| &worktree.path);
    let line = ShellLine {
        command: command.into(),
        cwd: folder.to_string_lossy().into(),
        patience: app.config.timeouts.session_shell,
    };
    let answered = live.run_shell(Some(client), line).await.ok_or_else(|| WireError::session_not_found(&id))?;
    let end = answer!(answered, Shell).map_err(|error| match error {
        ShellRefused::Refused(error) => refusal::refused(&error, &id),
        ShellRefused::Failed(why) => {
            WireError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("The shell cannot be started: {why}"))
                .code("shell_failed")
        }
    })?;
    Ok(Json(ShellResult { exit_code: end.exit_code, output: end.output, aborted: end.aborted }))
}

fn refused(code: &'static str, said: &'static str) -> WireError {
    WireError::new(StatusCode::FORBIDDEN, said).code(code).with("errorKind", code)
}
