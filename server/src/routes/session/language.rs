//! `POST /session/:id/language`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use roost_core::session::{Command, LanguageChange};
use serde_json::Value;

use super::{answer, ask, live, refusal};
use crate::{App, WireError, body::JsonBody, client_id::ClientHeader, settings::languages};

pub(super) async fn set(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<LanguageChange>, WireError> {
    let language = body.get("language").and_then(Value::as_str).filter(|name| languages().contains(name));
    let language = language.ok_or_else(invalid_language)?.into();
    let sync_output_language = match body.get("syncOutputLanguage") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(sync)) => Some(*sync),
        Some(_) => {
            return Err(WireError::bad_request("`syncOutputLanguage` must be a boolean").code("invalid_sync_flag"));
        }
    };
    let live = live(&app, &id)?;
    let answered = ask(&app, &live, client, Command::SetLanguage { language, sync_output_language }).await?;
    let change = answer!(answered, SetLanguage);
    change.map(Json).map_err(|error| refusal::question(&error, &id, "qwen/control/session/language"))
}

fn invalid_language() -> WireError {
    let said = format!("`language` must be one of {}", languages().join(", "));
    WireError::bad_request(said).code("invalid_language").with("allowed", languages())
}
