//! Everything under `/session`: one file a noun.

mod annotation;
mod artifact;
mod control;
mod create;
mod events;
mod going_on;
mod insight;
mod keyed;
mod language;
mod message;
mod metadata;
mod permission;
mod presence;
mod prompt;
mod refusal;
mod restore;
mod shell;
mod status;

use std::sync::Arc;

use axum::{
    Extension, Router,
    routing::{get, patch, post},
};
use roost_core::{ClientId, session::Command};

pub(super) use self::status::Activity;

use crate::{
    App, WireError,
    driver::{Answered, LiveSession},
};

/// The table of routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/session", post(create::create))
        .route("/session/{id}", axum::routing::delete(presence::close))
        .route("/session/{id}/load", post(restore::load))
        .route("/session/{id}/resume", post(restore::resume))
        .route("/session/{id}/detach", post(presence::detach))
        .route("/session/{id}/heartbeat", post(presence::heartbeat))
        .route("/session/{id}/status", get(status::status))
        .route("/session/{id}/context", get(status::context))
        .route("/session/{id}/supported-commands", get(status::supported_commands))
        .route("/session/{id}/metadata", patch(metadata::update))
        .route("/workspaces/{workspace}/session/{session}/metadata", patch(metadata::update_in))
        .route("/session/{id}/prompt", post(keyed::send).layer(Extension(keyed::Turnstiles::default())))
        .route("/session/{id}/cancel", post(prompt::cancel))
        .route("/session/{id}/pending-prompts", get(prompt::pending))
        .route("/session/{id}/pending-prompts/{prompt}", axum::routing::delete(prompt::remove))
        .route("/session/{id}/mid-turn-message", post(message::queue))
        .route("/session/{id}/mid-turn-messages", get(message::list))
        .route("/session/{id}/mid-turn-messages/{message}", axum::routing::delete(message::remove))
        .route("/session/{id}/continue", post(going_on::go_on))
        .route("/session/{id}/shell", post(shell::run))
        .route("/session/{id}/context-usage", get(insight::context_usage))
        .route("/session/{id}/stats", get(insight::stats))
        .route("/session/{id}/language", post(language::set))
        .route(
            "/session/{id}/_meta",
            get(annotation::show).put(annotation::replace).patch(annotation::merge).delete(annotation::clear),
        )
        .route("/session/{id}/artifacts", get(artifact::list).post(artifact::add))
        .route("/session/{id}/artifacts/{artifact}", axum::routing::delete(artifact::remove))
        .route("/session/{id}/artifacts/{artifact}/content", get(artifact::content))
        .route("/session/{id}/model", post(control::model))
        .route("/session/{id}/approval-mode", post(control::approval_mode))
        .route("/session/{id}/permission/{request}", post(permission::vote))
        .route("/permission/{request}", post(permission::vote_anywhere))
        .route("/session/{id}/events", get(events::stream))
}

/// The live session a path names.
fn live(app: &App, id: &str) -> Result<Arc<LiveSession>, WireError> {
    app.workspaces.live(id).ok_or_else(|| WireError::session_not_found(id))
}

/// Gives a live session a command.
async fn command(app: &App, id: &str, client: Option<ClientId>, command: Command) -> Result<Answered, WireError> {
    let answered = live(app, id)?.command(client, command).await;
    answered.ok_or_else(|| WireError::session_not_found(id))
}

/// Gives a command that waits for the agent; one that does not answer in time is a 504.
async fn ask(app: &App, live: &LiveSession, client: Option<ClientId>, command: Command) -> Result<Answered, WireError> {
    let patience = app.config.timeouts.agent_answer;
    let answered = tokio::time::timeout(patience, live.command(client, command)).await;
    let answered = answered.map_err(|_| refusal::slow(patience, "session"))?;
    answered.ok_or_else(|| WireError::session_not_found(live.id.as_str()))
}

/// Takes the answer apart that a command of this kind gets; the session answers every command in its own kind.
macro_rules! answer {
    ($answered:expr, $kind:ident) => {
        match $answered.answer {
            roost_core::session::Answer::$kind(result) => result,
            _ => return Err(crate::WireError::internal()),
        }
    };
}
use answer;
