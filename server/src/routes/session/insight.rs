//! What only the agent knows about a session: how full its context is, and what was used up.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::session::Command;
use serde_json::{Map, Value, json};

use super::{answer, ask, live, refusal};
use crate::{App, WireError, routes::query::Query};

type Told = Result<Json<Map<String, Value>>, WireError>;

/// The lists are empty without `?detail=true`: they cost the agent work.
pub(super) async fn context_usage(State(app): State<Arc<App>>, Path(id): Path<String>, query: Query) -> Told {
    let is_detailed = query.get("detail") == Some("true");
    let params = json!({"detail": is_detailed});
    tell(&app, &id, "qwen/status/session/context_usage", &params).await
}

pub(super) async fn stats(State(app): State<Arc<App>>, Path(id): Path<String>) -> Told {
    tell(&app, &id, "qwen/status/session/stats", &json!({})).await
}

/// The agent's answer, under the daemon's name for the session.
async fn tell(app: &App, id: &str, method: &'static str, params: &Value) -> Told {
    let live = live(app, id)?;
    let params = params.as_object().cloned().unwrap_or_default();
    let answered = ask(app, &live, None, Command::Ask { method, params }).await?;
    let told = answer!(answered, Ask).map_err(|error| refusal::question(&error, id, method))?;
    let mut told: Map<String, Value> = serde_json::from_str(told.get()).unwrap_or_default();
    for (field, value) in [("v", json!(1)), ("sessionId", json!(live.id)), ("workspaceCwd", json!(&*live.cwd))] {
        told.insert(field.to_owned(), value);
    }
    Ok(Json(told))
}
