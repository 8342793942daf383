//! `POST /session/:id/load` and `/resume`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::{
    EventEpoch, SessionId,
    session::{AgentState, Command},
};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    create::{SessionObject, approval_mode, check_cwd},
    refusal,
};
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    sessions::{Attachment, Lend, Restore},
};

/// What resume answers, and load with a history beside it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restored {
    #[serde(flatten)]
    session: SessionObject,
    state: Arc<AgentState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compacted_replay: Option<Vec<Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live_journal: Option<Vec<Box<RawValue>>>,
    last_event_id: u64,
    event_epoch: EventEpoch,
}

pub(super) async fn load(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Restored>, WireError> {
    let lend = restore(&app, &id, Restore::Load, client, &body).await?;
    let loaded = app.sessions.history(&lend.live).await.map_err(|error| {
        tracing::error!(%error, session = %id, "cannot read the session's history");
        WireError::internal()
    })?;
    let mut restored = answer(&app, &lend);
    restored.last_event_id = loaded.last_event_id;
    restored.compacted_replay = Some(loaded.history.compacted_replay);
    restored.live_journal = Some(loaded.history.live_journal);
    Ok(Json(restored))
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Restored>, WireError> {
    let lend = restore(&app, &id, Restore::Resume, client, &body).await?;
    Ok(Json(answer(&app, &lend)))
}

async fn restore(
    app: &App,
    id: &str,
    how: Restore,
    client: Option<roost_core::ClientId>,
    body: &Map<String, Value>,
) -> Result<Lend, WireError> {
    check_cwd(app, body)?;
    let mode = approval_mode(body)?;
    let session = SessionId::from(id);
    let _share = app.sessions.locks().share(&session)?;
    let restored = app.sessions.restore(&session, how, client).await;
    let lend = restored.map_err(|error| refusal::restore(&error, id, how))?;
    if let (Some(mode), Attachment::Made) = (mode, lend.attachment) {
        // A session that comes back in another mode than wished says so in its state.
        lend.live.command(None, Command::SetApprovalMode { mode, persist: false }).await;
    }
    Ok(lend)
}

fn answer(app: &App, lend: &Lend) -> Restored {
    let (epoch, last_event_id) = {
        let bus = lend.live.stream.bus();
        (bus.epoch().clone(), bus.last_event_id())
    };
    Restored {
        session: SessionObject::of(app, lend).with_activity(lend),
        state: lend.live.agent_state(),
        compacted_replay: None,
        live_journal: None,
        last_event_id,
        event_epoch: epoch,
    }
}
