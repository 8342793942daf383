//! The token on disk: readable by its owner only, replaced as a whole.

use std::path::PathBuf;

use roost_core::Millis;
use serde_json::{Map, Value, json};

use super::exchange::Token;
use crate::auth::private_file;

/// Writes the token; the moment it expires, where the provider says. The failure is worded for the user.
pub(super) async fn save(path: PathBuf, token: Token, now: Millis) -> Result<Option<Millis>, String> {
    let expires_at = token.expires_in.filter(|seconds| *seconds > 0.0);
    let expires_at = expires_at.map(|seconds| now.after(Millis((seconds * 1_000.0) as u64)));
    let text = format!("{:#}\n", Value::Object(members(token, expires_at)));
    let written = tokio::task::spawn_blocking(move || {
        private_file::replace(&path, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    });
    let written = written.await.unwrap_or_else(|_| Err("the token could not be written".to_owned()));
    if let Err(error) = &written {
        tracing::error!(error, "a token is lost");
    }
    written.map(|()| expires_at)
}

fn members(token: Token, expires_at: Option<Millis>) -> Map<String, Value> {
    let known = [
        ("access_token", Some(json!(token.access_token))),
        ("refresh_token", token.refresh_token.map(Value::from)),
        ("token_type", token.token_type.map(Value::from)),
        ("resource_url", token.resource_url.map(Value::from)),
        ("expiry_date", expires_at.map(|moment| json!(moment))),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
