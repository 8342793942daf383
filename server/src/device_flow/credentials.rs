//! The token on disk: readable by its owner only, replaced as a whole, and not while the agent renews another.

use std::{io, path::Path, time::Duration};

use roost_core::{Millis, credentials::Credentials, home::CREDENTIALS_LOCK};
use serde_json::Map;

use super::{IdentityProvider, exchange::Token};
use crate::auth::private_file;

/// An agent that renews a token takes no longer than this.
const RENEWAL: Duration = Duration::from_secs(60);

/// Writes the token to the provider's file in `home`; the moment it expires, where the provider says. The failure is worded for the user.
pub(super) async fn save(
    home: &Path,
    provider: &IdentityProvider,
    token: Token,
    now: Millis,
) -> Result<Option<Millis>, String> {
    let expires_at = token.expires_in.filter(|seconds| *seconds > 0.0);
    let expires_at = expires_at.map(|seconds| now.after(Millis((seconds * 1_000.0) as u64)));
    let text = credentials(provider, token, expires_at).to_text();
    let (path, lock) = (home.join(&provider.credentials), home.join(CREDENTIALS_LOCK));
    let written = tokio::task::spawn_blocking(move || {
        write(&path, &lock, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    });
    let written = written.await.unwrap_or_else(|_| Err("the token could not be written".to_owned()));
    if let Err(error) = &written {
        tracing::error!(error, "a token is lost");
    }
    written.map(|()| expires_at)
}

fn write(path: &Path, lock: &Path, text: &str) -> io::Result<()> {
    let _held = private_file::lock_within(lock, RENEWAL)?;
    private_file::replace(path, text)
}

fn credentials(provider: &IdentityProvider, token: Token, expires_at: Option<Millis>) -> Credentials {
    Credentials {
        access_token: token.access_token,
        refresh_token: token.refresh_token,
        token_type: token.token_type,
        resource_url: token.resource_url,
        expiry_date: expires_at,
        token_endpoint: Some(provider.token_endpoint.to_string()),
        client_id: Some(provider.client_id.clone()),
        more: Map::new(),
    }
}
