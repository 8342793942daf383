//! `POST /session/:id/prompt`, which a client that gave its prompt a key may send again: the same prompt under the same key is accepted
//! once, and answered as often as it is asked.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use memchr::memmem;
use roost_core::{
    PromptId, SessionId,
    session::{PendingPrompt, PromptKey},
};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, MutexGuard};

use super::prompt::{self, Accepted};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader, driver::LiveSession};

/// Requests with the same key pass one after the other. Those with another rarely wait for each other, and never for long.
#[derive(Clone, Debug, Default)]
pub(super) struct Turnstiles(Arc<[Mutex<()>; 32]>);

pub(super) async fn send(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    client: ClientHeader,
    Extension(turnstiles): Extension<Turnstiles>,
    JsonBody(body): JsonBody,
) -> Result<Response, WireError> {
    let Some(key) = key(&body)? else {
        return prompt::send(State(app), Path(id), client, JsonBody(body)).await;
    };
    // Whoever comes second finds out what became of the first.
    let _turn = turnstiles.pass(&id, &key).await;
    let known = known(&app, &id, &key).await?;
    let sent = prompt::send(State(app), Path(id), client, JsonBody(body)).await?;
    let Some((live, prompt_id)) = known else { return Ok(sent) };
    let accepted = Accepted {
        last_event_id: last_before(&live, &prompt_id),
        event_epoch: live.stream.bus().epoch().clone(),
        prompt_id,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)).into_response())
}

fn key(body: &Map<String, Value>) -> Result<Option<PromptKey>, WireError> {
    let Some(Value::Object(meta)) = body.get("_meta") else { return Ok(None) };
    PromptKey::of(meta).map_err(|error| WireError::bad_request(error.to_string()).code("invalid_prompt_key"))
}

/// The prompt that was accepted under this key.
async fn known(app: &App, id: &str, key: &PromptKey) -> Result<Option<(Arc<LiveSession>, PromptId)>, WireError> {
    let _share = app.workspaces.locks().share(&SessionId::from(id))?;
    let Some(live) = app.workspaces.get_or_revive(id).await else { return Ok(None) };
    let known = live.machine().prompt_of(key).cloned();
    Ok(known.map(|prompt| (live, prompt)))
}

/// The last event before the prompt's first, as its first answer said it. Where that event is not kept any more it is 0: whoever reads from
/// there is told that something is missing.
fn last_before(live: &LiveSession, prompt: &PromptId) -> u64 {
    let told = format!("\"promptId\":{}", Value::from(prompt.as_str()));
    let waits = live.machine().pending_prompts().iter().any(|pending: &PendingPrompt| pending.prompt_id == *prompt);
    let bus = live.stream.bus();
    let mut kept = bus.frames_after(0).enumerate();
    match kept.find(|(_, frame)| memmem::find(&frame.json(), told.as_bytes()).is_some()) {
        // What is older than all that is kept may have been the prompt's, too.
        Some((0, first)) if first.id > 1 => 0,
        Some((_, first)) => first.id - 1,
        None if waits => bus.last_event_id(),
        None => 0,
    }
}

impl Turnstiles {
    async fn pass(&self, session: &str, key: &PromptKey) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (session, key).hash(&mut hasher);
        let place = hasher.finish() % self.0.len() as u64;
        self.0[usize::try_from(place).unwrap_or_default()].lock().await
    }
}
