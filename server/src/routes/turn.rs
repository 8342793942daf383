//! `GET /session/:id/turns/current` and `/turns/:promptId`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::StatusCode;
use roost_core::{
    PromptId, SessionId,
    session::{PendingPrompt, PromptState},
};
use tokio::task::spawn_blocking;

use super::{path, transcript};
use crate::{
    App, WireError,
    driver::LiveSession,
    store::Shelf,
    transcript_page::PageError,
    turn_status::{self, TurnStatus, Turns},
};

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/session/{id}/turns/current", get(current)).route("/session/{id}/turns/{prompt}", get(named))
}

/// The running turn, else the one that ended last.
async fn current(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<TurnStatus>, WireError> {
    let live = live(&app, &id)?;
    let running = pending(&live, |prompt| prompt.state == PromptState::Running);
    let turns = turns(&app, &live).await?;
    let status = match running {
        Some(running) => unfinished(running, &turns, &live.id),
        None => turns.last(&live.id).unwrap_or_else(|| TurnStatus::idle(live.id.clone())),
    };
    Ok(Json(status))
}

async fn named(
    State(app): State<Arc<App>>,
    Path((id, prompt)): Path<(String, String)>,
) -> Result<Json<TurnStatus>, WireError> {
    let live = live(&app, &id)?;
    let wanted = PromptId::from(prompt);
    let waiting = pending(&live, |prompt| prompt.prompt_id == wanted);
    let turns = turns(&app, &live).await?;
    let status = match waiting {
        Some(waiting) => Some(unfinished(waiting, &turns, &live.id)),
        None => turns.ended(&wanted, &live.id),
    };
    status.map(Json).ok_or_else(|| {
        WireError::new(StatusCode::NOT_FOUND, format!("Prompt {wanted} not found in session {id}"))
            .code("prompt_not_found")
            .with("sessionId", &id)
            .with("promptId", &wanted)
    })
}

fn live(app: &App, id: &str) -> Result<Arc<LiveSession>, WireError> {
    app.workspaces.live(id).ok_or_else(|| WireError::session_not_found(id))
}

fn pending(live: &LiveSession, is_it: impl Fn(&PendingPrompt) -> bool) -> Option<PendingPrompt> {
    live.machine().pending_prompts().into_iter().find(is_it)
}

/// What is on disk, after the driver has written down all that has happened so far.
async fn turns(app: &App, live: &LiveSession) -> Result<Turns, WireError> {
    let gone = || WireError::session_not_found(live.id.as_str());
    let workspace = path::owner(app, live.id.as_str(), "/session/:id/turns/:promptId").await?;
    let _share = workspace.sessions.locks().share(&live.id)?;
    live.sample().await.ok_or_else(gone)?;
    let past = workspace.sessions.past(Shelf::Active, &live.id).await.ok_or_else(gone)?;
    let read = spawn_blocking(move || past.snapshot().map(|snapshot| Turns::of(&snapshot))).await;
    read.map_err(|_| WireError::internal())?.map_err(|error| transcript::refused(&PageError::from(error), &live.id))
}

fn unfinished(prompt: PendingPrompt, turns: &Turns, session: &SessionId) -> TurnStatus {
    let (state, started_at) = match prompt.state {
        PromptState::Queued => (turn_status::State::Queued, None),
        PromptState::Running => (turn_status::State::Running, turns.started_at(&prompt.prompt_id)),
    };
    TurnStatus {
        state,
        prompt_text: Some(prompt.text.into()),
        queued_at: Some(prompt.queued_at),
        started_at,
        prompt_id: Some(prompt.prompt_id),
        originator_client_id: prompt.originator_client_id,
        ..TurnStatus::idle(session.clone())
    }
}
