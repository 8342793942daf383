//! The token of a sign-in by device flow, as the key to a model server: read, sent, and renewed before it expires (RFC 6749 §6).
//!
//! Agents of several folders share the token. Who renews it holds a lock meanwhile, so that a refresh token is used once.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{Client, StatusCode, header, redirect::Policy};
use roost_core::{
    Millis,
    credentials::{Credentials, Token},
    home::{CREDENTIALS, CREDENTIALS_LOCK},
};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{config::Secret, lock};

/// A token that expires sooner than this is renewed before it is shown to anybody.
const AHEAD: Millis = Millis(60_000);
/// How long a renewal may take, and how long to wait for another agent's renewal.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Longest error word shown.
const MAX_WORD_CHARS: usize = 64;

/// The sign-in of a home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    home: PathBuf,
}

/// What a request is sent with, and where.
#[derive(Debug)]
pub(crate) struct Bearer {
    pub(crate) token: Secret,
    pub(crate) base_url: String,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    #[error("nobody is signed in")]
    None,
    #[error("the sign-in does not say where its models are")]
    NoServer,
    #[error("the token has expired, and nothing says how to renew it")]
    NotRenewable,
    #[error("the identity provider refused to renew the token ({0})")]
    Refused(String),
    #[error("the identity provider cannot be reached: {0}")]
    Unreachable(String),
    #[error("the token cannot be kept: {0}")]
    Io(#[from] io::Error),
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}

impl SignIn {
    /// The one of `home`, signed in or not.
    pub(crate) fn of(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    /// Where the models are; none where nobody is signed in.
    pub(crate) fn base_url(&self) -> Option<String> {
        self.read()?.base_url()
    }

    /// A token that is good for a while. `refused` is one that the server would not take: it is renewed whatever its date says.
    pub(crate) async fn bearer(&self, refused: Option<&Secret>) -> Result<Bearer, SignInError> {
        let kept = self.read().ok_or(SignInError::None)?;
        if is_good(&kept, refused) {
            return bearer(kept);
        }
        let _turn = self.turn().await?;
        // Somebody else may have renewed it meanwhile.
        let kept = self.read().ok_or(SignInError::None)?;
        if is_good(&kept, refused) {
            return bearer(kept);
        }
        match renew(&kept).await {
            Ok(fresh) => {
                self.write(&fresh)?;
                bearer(fresh)
            }
            // The token is still good, if not for long: the next prompt tries again.
            Err(error) if refused.is_none() && kept.expiry_date.is_none_or(|date| date > now()) => {
                tracing::warn!(%error, "the token is not renewed yet");
                bearer(kept)
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self) -> Option<Credentials> {
        Credentials::parse(&fs::read_to_string(self.home.join(CREDENTIALS)).ok()?)
    }

    async fn turn(&self) -> Result<fs::File, SignInError> {
        let path = self.home.join(CREDENTIALS_LOCK);
        let turn = tokio::task::spawn_blocking(move || lock::within(&path, PATIENCE)).await;
        Ok(turn.map_err(io::Error::other)??)
    }

    /// For the user's eyes only, and as a whole.
    fn write(&self, fresh: &Credentials) -> io::Result<()> {
        let draft = self.home.join(format!(".{CREDENTIALS}.{}.tmp", uuid::Uuid::new_v4().simple()));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut file| {
            file.write_all(fresh.to_text().as_bytes())?;
            file.sync_all()
        });
        let replaced = written.and_then(|()| fs::rename(&draft, self.home.join(CREDENTIALS)));
        replaced.inspect_err(|_| drop(fs::remove_file(&draft)))
    }
}

fn is_good(kept: &Credentials, refused: Option<&Secret>) -> bool {
    match refused {
        Some(refused) => kept.access_token != refused.expose(),
        None => kept.expiry_date.is_none_or(|date| date > now().after(AHEAD)),
    }
}

fn bearer(kept: Credentials) -> Result<Bearer, SignInError> {
    let base_url = kept.base_url().ok_or(SignInError::NoServer)?;
    Ok(Bearer { token: Secret::from(kept.access_token), base_url })
}

async fn renew(kept: &Credentials) -> Result<Credentials, SignInError> {
    let (Some(refresh_token), Some(endpoint), Some(client_id)) =
        (&kept.refresh_token, &kept.token_endpoint, &kept.client_id)
    else {
        return Err(SignInError::NotRenewable);
    };
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", client_id)];
    let (status, body) = post(endpoint, &form).await?;
    if !status.is_success() {
        let word = serde_json::from_slice::<ErrorAnswer>(&body).map(|answer| answer.error).unwrap_or_default();
        let word: String = word.chars().filter(char::is_ascii_graphic).take(MAX_WORD_CHARS).collect();
        return Err(SignInError::Refused(format!("{status} {word}").trim_end().to_owned()));
    }
    match Token::parse(&body) {
        Some(token) => Ok(kept.clone().renewed(token, now())),
        None => Err(SignInError::Refused("it answered something that is no token".to_owned())),
    }
}

async fn post(endpoint: &str, form: &[(&str, &str)]) -> Result<(StatusCode, Vec<u8>), SignInError> {
    // Another part of the process may have chosen a provider before; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unreachable = |error: reqwest::Error| SignInError::Unreachable(innermost(&error));
    let url = Url::parse(endpoint).map_err(|error| SignInError::Unreachable(error.to_string()))?;
    // A redirect would carry the refresh token elsewhere.
    let builder = Client::builder().timeout(PATIENCE).redirect(Policy::none());
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let client = if is_local { builder.no_proxy() } else { builder }.build().map_err(unreachable)?;
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client.post(url).body(body).header(header::ACCEPT, "application/json");
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut response = request.send().await.map_err(unreachable)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        let room = MAX_ANSWER_BYTES - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok((response.status(), bytes))
}

/// The innermost cause says most; the secrets are in bodies, never in an address.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
