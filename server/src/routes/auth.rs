//! `POST /auth/exchange`: a one-time sign-in code becomes a device's own credential. An addition of Roost.

use std::{net::IpAddr, sync::Arc};

use axum::{Extension, Json, extract::State};
use http::StatusCode;
use roost_core::Millis;
use serde_json::{Value, json};

use crate::{
    App, WireError,
    auth::{ExchangeError, Refusal, Secret},
    body::JsonBody,
    clock,
    serve::Connection,
};

/// `{"code"}` → `{"token"}`.
pub async fn exchange(
    State(app): State<Arc<App>>,
    Extension(connection): Extension<Connection>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, WireError> {
    let Some(Value::String(code)) = body.get("code") else {
        return Err(WireError::bad_request("`code` must be a string").code("invalid_request"));
    };
    let (code, peer) = (Secret::new(code.as_str()), connection.peer().ip().to_canonical());
    let exchanged = tokio::task::spawn_blocking(move || trade(&app, peer, &code)).await;
    let credential = exchanged.map_err(|_| WireError::internal())??;
    Ok(Json(json!({ "token": credential.reveal() })))
}

fn trade(app: &App, peer: IpAddr, code: &Secret) -> Result<Secret, WireError> {
    app.auth.exchange(clock::now(), peer, code.reveal()).map_err(|error| match error {
        ExchangeError::Refused(Refusal::InvalidCode) => {
            let what_to_do = "This sign-in code is wrong, already used or expired. Restart the daemon, or send it SIGUSR1, to get a new link.";
            WireError::new(StatusCode::UNAUTHORIZED, what_to_do).code("invalid_sign_in_code")
        }
        ExchangeError::Refused(Refusal::TooManyGuesses { retry_in }) => too_many_guesses(retry_in),
        ExchangeError::Remember { .. } => {
            tracing::error!(%error, "a device could not sign in");
            WireError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
    })
}

fn too_many_guesses(retry_in: Millis) -> WireError {
    let seconds = u32::try_from(retry_in.0.div_ceil(1_000)).unwrap_or(u32::MAX);
    WireError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many wrong sign-in codes from this address. Wait, then try again.",
    )
    .code("too_many_sign_in_attempts")
    .with("retryAfterMs", retry_in)
    .retry_after(seconds)
}
