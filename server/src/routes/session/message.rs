//! Messages for the running turn: `POST /session/:id/mid-turn-message`, and what waits of them (M1–M3).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{
    PromptId,
    session::{Command, MAX_MESSAGE_CHARS, MessageQueue, QueueMessage},
};
use serde::Serialize;
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use super::{answer, command, live, prompt::Removed, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader};

const MAX_ID_CHARS: usize = 128;
/// Content blocks beside the text.
const MAX_BLOCKS: usize = 16;
const MEDIA: [&str; 3] = ["image", "audio", "resource"];

/// Whether the message waits. It is 200 either way: what cannot wait may still be sent as a prompt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Taken {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<PromptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) async fn queue(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Taken>, WireError> {
    let message = read(&body)?;
    let answered = command(&app, &id, client, Command::QueueMessage(message)).await?;
    let queued = answer!(answered, QueueMessage).map_err(|error| refusal::refused(&error, &id))?;
    Ok(Json(match queued {
        Ok(message_id) => Taken { accepted: true, message_id: Some(message_id), reason: None },
        Err(why) => Taken { accepted: false, message_id: None, reason: Some(why.to_string()) },
    }))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<MessageQueue>, WireError> {
    let live = live(&app, &id)?;
    refusal::check_registered(&live, client.as_ref())?;
    let queue = live.machine().message_queue();
    Ok(Json(queue))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path((id, message)): Path<(String, String)>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<Removed>, WireError> {
    let answered = command(&app, &id, client, Command::RemoveMessage { message_id: PromptId::from(message) }).await?;
    let removed = answer!(answered, RemoveMessage).map_err(|error| refusal::refused(&error, &id))?;
    Ok(Json(Removed { removed }))
}

fn read(body: &Map<String, Value>) -> Result<QueueMessage, WireError> {
    let content = content(body.get("content"))?;
    let text = match body.get("message") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(WireError::bad_request("`message` must be a string")),
    };
    if text.is_empty() && content.is_empty() {
        return Err(WireError::bad_request("`message` must be a non-empty string"));
    }
    if text.chars().count() > MAX_MESSAGE_CHARS {
        return Err(WireError::bad_request(format!("`message` must be at most {MAX_MESSAGE_CHARS} characters")));
    }
    let message_id = match body.get("messageId") {
        None | Some(Value::Null) => PromptId::from(uuid::Uuid::new_v4().to_string()),
        Some(Value::String(id)) if (1..=MAX_ID_CHARS).contains(&id.chars().count()) => PromptId::from(id.as_str()),
        Some(_) => {
            let said = format!("`messageId` must be a non-empty string of at most {MAX_ID_CHARS} characters");
            return Err(WireError::bad_request(said));
        }
    };
    Ok(QueueMessage { message_id, text: text.into(), content })
}

fn content(content: Option<&Value>) -> Result<Vec<Box<RawValue>>, WireError> {
    let malformed = || {
        let said = format!("`content` must be an array of 1 to {MAX_BLOCKS} blocks of type {}", MEDIA.join(", "));
        WireError::bad_request(said)
    };
    let blocks = match content {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(blocks)) if (1..=MAX_BLOCKS).contains(&blocks.len()) => blocks,
        Some(_) => return Err(malformed()),
    };
    let is_media = |block: &Value| block["type"].as_str().is_some_and(|kind| MEDIA.contains(&kind));
    if !blocks.iter().all(is_media) {
        return Err(malformed());
    }
    blocks.iter().map(|block| to_raw_value(block).map_err(|_| malformed())).collect()
}
