//! The HTTP client for model servers, made when it is first needed, and how its failures read.

use std::{error::Error, sync::OnceLock, time::Duration};

use reqwest::{
    Client, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use super::{ModelError, failure::message_of};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest silence in an answer. Models think for minutes before their first word.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(600);

/// One pool of connections for the whole process.
pub(super) fn client() -> Result<Client, ModelError> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    // Another part of the process may have chosen a provider before; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(SILENCE_TIMEOUT)
        .tcp_nodelay(true)
        .user_agent(concat!("roost/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ModelError::Provider(format!("no HTTP client can be made: {}", causes(&error))))?;
    Ok(CLIENT.get_or_init(|| client).clone())
}

/// A failure on the way, before or during an answer.
pub(super) fn broken(url: &str, error: &(dyn Error + 'static)) -> ModelError {
    let (url, cause) = (url.to_owned(), causes(error));
    let is_connect = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect);
    if is_connect && !is_reset(error) {
        ModelError::Unreachable { url, cause }
    } else {
        ModelError::BrokenOff { url, cause }
    }
}

fn is_reset(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    })
}

/// The error and what caused it, outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), move |error| {
        let error: &'a (dyn Error + 'static) = *error;
        error.source()
    })
}

/// The innermost cause says most; the outer ones only repeat the address.
fn causes(error: &(dyn Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}

/// Who was asked for what, for the wording of a refusal.
pub(super) struct Asked<'a> {
    pub(super) url: &'a str,
    pub(super) model: &'a str,
    /// The variable that holds the key.
    pub(super) variable: &'a str,
}

/// A status that is no success, as an error.
pub(super) fn refused(asked: &Asked<'_>, status: StatusCode, headers: &HeaderMap, body: &str) -> ModelError {
    let (url, message, retry_after) = (asked.url.to_owned(), message_of(body), retry_after(headers));
    match status.as_u16() {
        status @ (401 | 403) => ModelError::Unauthorized { url, status, variable: asked.variable.to_owned(), message },
        404 => ModelError::NotFound { url, model: asked.model.to_owned(), message },
        429 => ModelError::Busy { url, retry_after, message },
        status @ (408 | 500..=599) => ModelError::Server { url, status, retry_after, message },
        status => ModelError::Refused { url, status, message },
    }
}

/// Seconds, or milliseconds where a provider says so. Dates are rare and ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("retry-after-ms")
        .map(Duration::from_millis)
        .or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
}
