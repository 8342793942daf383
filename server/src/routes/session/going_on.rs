//! `POST /session/:id/continue`: an interrupted turn goes on without new words.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{EventEpoch, PromptId, SessionId, session::Command};
use serde::Serialize;

use super::{answer, ask, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader};

/// Whether the turn goes on. Its events are those after the cursor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GoesOn {
    accepted: bool,
    interruption: Box<str>,
    #[serde(flatten)]
    prompt: Option<Accepted>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    prompt_id: PromptId,
    last_event_id: u64,
    event_epoch: EventEpoch,
}

pub(super) async fn go_on(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    _: JsonBody,
) -> Result<Json<GoesOn>, WireError> {
    let _share = app.workspaces.locks().share(&SessionId::from(id.as_str()))?;
    let live = live(&app, &id)?;
    let prompt_id = PromptId::from(uuid::Uuid::new_v4().to_string());
    let answered = ask(&app, &live, client, Command::Continue { prompt_id }).await?;
    let last_event_id = answered.last_event_id;
    let continued = answer!(answered, Continue).map_err(|error| refusal::control(&error, &id))?;
    let event_epoch = live.stream.bus().epoch().clone();
    let prompt = continued.prompt_id.map(|prompt_id| Accepted { prompt_id, last_event_id, event_epoch });
    Ok(Json(GoesOn { accepted: prompt.is_some(), interruption: continued.interruption, prompt }))
}
