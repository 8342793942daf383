//! Votes on permission requests, with the session in the path or without.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use roost_core::{
    ClientId, RequestId,
    session::{Command, Outcome, Vote},
};
use serde_json::{Map, Value};

use super::{answer, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader, driver::LiveSession, serve::Connection};

type Empty = Json<Map<String, Value>>;

pub(super) async fn vote(
    State(app): State<Arc<App>>,
    Path((id, request)): Path<(String, String)>,
    ClientHeader(client): ClientHeader,
    Extension(connection): Extension<Connection>,
    JsonBody(body): JsonBody,
) -> Result<Empty, WireError> {
    let vote = read(body, RequestId::from(request), &connection)?;
    cast(&*live(&app, &id)?, client, vote, true).await
}

pub(super) async fn vote_anywhere(
    State(app): State<Arc<App>>,
    Path(request): Path<String>,
    ClientHeader(client): ClientHeader,
    Extension(connection): Extension<Connection>,
    JsonBody(body): JsonBody,
) -> Result<Empty, WireError> {
    let vote = read(body, RequestId::from(request), &connection)?;
    match app.workspaces.asking(&vote.request_id) {
        Some(live) => cast(&live, client, vote, false).await,
        None => Err(refusal::no_request(&vote.request_id)),
    }
}

async fn cast(
    live: &LiveSession,
    client: Option<ClientId>,
    vote: Vote,
    names_session: bool,
) -> Result<Empty, WireError> {
    let request = vote.request_id.clone();
    let answered = live.command(client, Command::Vote(vote)).await;
    let answered = answered.ok_or_else(|| WireError::session_not_found(live.id.as_str()))?;
    answer!(answered, Vote).map_err(|error| refusal::vote(&error, &live.id, &request, names_session))?;
    Ok(Json(Map::new()))
}

fn read(mut body: Map<String, Value>, request_id: RequestId, connection: &Connection) -> Result<Vote, WireError> {
    let outcome = body.get("outcome").and_then(outcome);
    let malformed = "`outcome` must be {\"outcome\":\"selected\",\"optionId\":…} or {\"outcome\":\"cancelled\"}";
    let outcome = outcome.ok_or_else(|| WireError::bad_request(malformed))?;
    let answers = match body.shift_remove("answers") {
        None | Some(Value::Null) => None,
        Some(Value::Object(answers)) if answers.values().all(Value::is_string) => Some(answers),
        Some(_) => return Err(WireError::bad_request("`answers` must be an object of strings")),
    };
    let peer_is_loopback = connection.is_local();
    Ok(Vote { request_id, outcome, answers, peer_is_loopback })
}

fn outcome(value: &Value) -> Option<Outcome> {
    match value.get("outcome")?.as_str()? {
        "cancelled" => Some(Outcome::Cancelled),
        "selected" => {
            let option_id = value.get("optionId")?.as_str().filter(|id| !id.is_empty())?;
            Some(Outcome::Selected { option_id: option_id.into() })
        }
        _ => None,
    }
}
