//! Prompts: send, cancel, and the queue.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use roost_core::{
    EventEpoch, PromptId, SessionId,
    session::{Command, PendingPrompt, PromptIntent, SendPrompt, requested_deadline},
};
use serde::Serialize;
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use super::{answer, command, live, refusal};
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    serve::{Awaited, Patience},
};

/// The 202. The cursor was taken before the prompt was enqueued: whoever reads from it misses nothing of the turn.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    pub(super) prompt_id: PromptId,
    pub(super) last_event_id: u64,
    pub(super) event_epoch: EventEpoch,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingPrompts {
    pending_prompts: Vec<PendingPrompt>,
}

#[derive(Debug, Serialize)]
pub(super) struct Removed {
    pub(super) removed: bool,
}

pub(super) async fn send(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Response, WireError> {
    let prompt = read(body)?;
    let _share = app.workspaces.locks().share(&SessionId::from(id.as_str()))?;
    let live = app.workspaces.get_or_revive(&id).await.ok_or_else(|| WireError::session_not_found(&id))?;
    let answered = live.command_and_tell(client, Command::SendPrompt(prompt)).await;
    let (answered, told) = answered.ok_or_else(|| WireError::session_not_found(&id))?;
    let last_event_id = answered.last_event_id;
    let prompt_id = answer!(answered, Prompt).map_err(|error| refusal::prompt(&error, &id))?;
    let event_epoch = live.stream.bus().epoch().clone();
    let awaited = told.map(|told| Extension(Awaited::new(told, Patience::WhileItFlows)));
    let accepted = Json(Accepted { prompt_id, last_event_id, event_epoch });
    Ok((StatusCode::ACCEPTED, awaited, accepted).into_response())
}

pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    _: JsonBody,
) -> Result<StatusCode, WireError> {
    let answered = command(&app, &id, client, Command::Cancel).await?;
    answer!(answered, Cancel).map_err(|error| refusal::refused(&error, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn pending(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<PendingPrompts>, WireError> {
    let live = live(&app, &id)?;
    refusal::check_registered(&live, client.as_ref())?;
    let pending_prompts = live.machine().pending_prompts();
    Ok(Json(PendingPrompts { pending_prompts }))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path((id, prompt)): Path<(String, String)>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<Removed>, WireError> {
    let answered = command(&app, &id, client, Command::RemovePrompt { prompt_id: PromptId::from(prompt) }).await?;
    let removed = answer!(answered, RemovePrompt).map_err(|error| refusal::refused(&error, &id))?;
    Ok(Json(Removed { removed }))
}

fn read(mut body: Map<String, Value>) -> Result<SendPrompt, WireError> {
    let blocks = blocks(body.shift_remove("prompt"))?;
    let deadline = requested_deadline(body.get("deadlineMs"))
        .map_err(|why| WireError::bad_request(why.to_string()).code("invalid_deadline_ms"))?;
    let is_retry = body.get("retry") == Some(&Value::Bool(true));
    let with_annotations = match body.shift_remove("includeSessionMeta") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(wanted)) => wanted,
        Some(_) => return Err(WireError::bad_request("`includeSessionMeta` must be a boolean")),
    };
    let meta = match body.shift_remove("_meta") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(meta)) => meta,
        Some(_) => return Err(WireError::bad_request("`_meta` must be an object")),
    };
    for ours in ["sessionId", "deadlineMs", "retry"] {
        body.shift_remove(ours);
    }
    Ok(SendPrompt {
        prompt_id: PromptId::from(uuid::Uuid::new_v4().to_string()),
        blocks,
        meta,
        extra: body,
        deadline,
        intent: if is_retry { PromptIntent::Retry } else { PromptIntent::Ask },
        with_annotations,
    })
}

fn blocks(prompt: Option<Value>) -> Result<Vec<Box<RawValue>>, WireError> {
    let malformed = || WireError::bad_request("`prompt` must be a non-empty array of content blocks");
    let Some(Value::Array(blocks)) = prompt else { return Err(malformed()) };
    if blocks.is_empty() || !blocks.iter().all(Value::is_object) {
        return Err(malformed());
    }
    blocks.iter().map(|block| to_raw_value(block).map_err(|_| malformed())).collect()
}
