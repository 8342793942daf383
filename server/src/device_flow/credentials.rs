//! The token on disk: readable by its owner only, replaced as a whole, and not while the agent renews another.

use std::{io, path::Path, time::Duration};

use roost_core::{
    Millis,
    credentials::{Credentials, Token},
    home::CREDENTIALS_LOCK,
};

use super::IdentityProvider;
use crate::private_file;

/// An agent that renews a token takes no longer than this.
const RENEWAL: Duration = Duration::from_secs(60);

/// Writes the token to the provider's file in `home`; the moment it expires, where the provider says. The failure is worded for the user.
pub(super) async fn save(
    home: &Path,
    provider: &IdentityProvider,
    token: Token,
    now: Millis,
) -> Result<Option<Millis>, String> {
    let endpoint = provider.token_endpoint.to_string();
    let credentials = Credentials::granted(token, now, endpoint, provider.client_id.clone());
    let (expires_at, text) = (credentials.expiry_date, credentials.to_text());
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
