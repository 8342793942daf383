//! What is sent to an identity provider, and how its answers are read.

use std::{fmt, sync::Arc, time::Duration};

use http::{StatusCode, header};
use reqwest::{Client, redirect::Policy};
use roost_core::{
    Millis,
    credentials::Token,
    device_flow::{Answer, FlowError, Offer},
};
use serde::{Deserialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};
use uuid::Uuid;

use super::{IdentityProvider, pkce::Verifier};
use crate::auth::Secret;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// For one request, from the first byte sent to the last received.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const MAX_SHOWN_CHARS: usize = 64;

/// Asks one provider.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    client: Client,
    provider: Arc<IdentityProvider>,
}

/// What a provider answered to a poll.
pub(super) enum Polled {
    Token(Token),
    Said(Answer),
}

/// Why there is no code. Of what the provider sent it repeats nothing but the error word.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("no HTTP client can be made: {0}")]
    NoClient(reqwest::Error),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it answered {status} {word}")]
    Refused { status: StatusCode, word: Shown },
    #[error("it answered {0} with something that is not a device code")]
    Nonsense(StatusCode),
}

/// A provider's word, safe to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown(String);

#[derive(Deserialize)]
struct CodeAnswer {
    device_code: String,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(default)]
    verification_uri_complete: Option<String>,
    #[serde(default)]
    expires_in: Option<f64>,
    #[serde(default)]
    interval: Option<f64>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}

/// Some providers answer 200 while they wait for the user.
#[derive(Deserialize)]
struct WaitAnswer {
    status: String,
    #[serde(default, rename = "slowDown")]
    slow_down: bool,
}

impl Ask {
    pub(super) fn new(provider: Arc<IdentityProvider>) -> Result<Self, AskError> {
        // Another part of the process may have chosen a provider before; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            // A redirect would carry the secrets elsewhere.
            .redirect(Policy::none())
            .user_agent(concat!("roost/", env!("CARGO_PKG_VERSION")));
        let builder = if provider.is_local() { builder.no_proxy() } else { builder };
        Ok(Self { client: builder.build().map_err(AskError::NoClient)?, provider })
    }

    pub(super) fn provider(&self) -> &IdentityProvider {
        &self.provider
    }

    /// A code for the user, and the one it stands for between the provider and us.
    pub(super) async fn for_code(&self, verifier: &Verifier) -> Result<(Offer, Secret), AskError> {
        let challenge = verifier.challenge();
        let mut form = vec![("client_id", self.provider.client_id.as_str())];
        form.extend(self.provider.scope.as_deref().map(|scope| ("scope", scope)));
        form.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        let sent = self.post(&self.provider.device_authorization_endpoint, &form).await;
        let (status, body) = sent.map_err(|error| AskError::Unreachable(cause(&error)))?;
        if !status.is_success() {
            let word = parse::<ErrorAnswer>(&body).map(|answer| answer.error).unwrap_or_default();
            return Err(AskError::Refused { status, word: Shown::new(&word) });
        }
        let answer: CodeAnswer = parse(&body).ok_or(AskError::Nonsense(status))?;
        if answer.device_code.is_empty() || answer.user_code.is_empty() || !is_web_address(&answer.verification_uri) {
            return Err(AskError::Nonsense(status));
        }
        let offer = Offer {
            user_code: answer.user_code,
            verification_uri: answer.verification_uri,
            verification_uri_complete: answer.verification_uri_complete.filter(|uri| is_web_address(uri)),
            lifetime: answer.expires_in.and_then(millis),
            interval: answer.interval.and_then(millis),
        };
        Ok((offer, Secret::new(answer.device_code)))
    }

    /// The token, or how the user's decision stands.
    pub(super) async fn for_token(&self, device_code: &Secret, verifier: &Verifier) -> Polled {
        let form = [
            ("grant_type", GRANT_TYPE),
            ("client_id", self.provider.client_id.as_str()),
            ("device_code", device_code.reveal()),
            ("code_verifier", verifier.reveal()),
        ];
        match self.post(&self.provider.token_endpoint, &form).await {
            Ok((status, body)) => read_poll(&self.provider.id, status, &body),
            Err(error) => {
                tracing::warn!(
                    provider = self.provider.id,
                    error = cause(&error),
                    "the identity provider is out of reach"
                );
                Polled::Said(Answer::SlowDown)
            }
        }
    }

    async fn post(&self, url: &Url, form: &[(&str, &str)]) -> Result<(StatusCode, Vec<u8>), reqwest::Error> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(url.clone()).body(body);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.header(header::ACCEPT, "application/json");
        let mut response = request.header("x-request-id", Uuid::new_v4().to_string()).send().await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            let room = MAX_ANSWER_BYTES - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if bytes.len() == MAX_ANSWER_BYTES {
                break;
            }
        }
        Ok((response.status(), bytes))
    }
}

fn read_poll(provider: &str, status: StatusCode, body: &[u8]) -> Polled {
    if status.is_success() {
        if let Some(token) = Token::parse(body) {
            return Polled::Token(token);
        }
        if let Some(wait) = parse::<WaitAnswer>(body).filter(|answer| answer.status == "pending") {
            return Polled::Said(if wait.slow_down { Answer::SlowDown } else { Answer::Pending });
        }
    }
    let word = parse::<ErrorAnswer>(body).map(|answer| answer.error).unwrap_or_default();
    let refused = |kind, hint: &str| Answer::Refused { kind, hint: hint.to_owned() };
    Polled::Said(match word.as_str() {
        "authorization_pending" => Answer::Pending,
        "slow_down" => Answer::SlowDown,
        "access_denied" => refused(FlowError::AccessDenied, "the sign-in was declined"),
        "expired_token" => refused(FlowError::ExpiredToken, "nobody entered the code in time; start again"),
        "invalid_grant" => refused(FlowError::InvalidGrant, "the code is no longer good; start again"),
        "" if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => Answer::SlowDown,
        _ => {
            tracing::warn!(provider, status = status.as_u16(), word = %Shown::new(&word), "the identity provider answered a poll with something unknown");
            refused(FlowError::UpstreamError, "the identity provider gave an answer that makes no sense")
        }
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// The page opens it, so it must not be a script or a file.
fn is_web_address(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

fn millis(seconds: f64) -> Option<Millis> {
    (seconds.is_finite() && seconds > 0.0).then_some(Millis((seconds * 1_000.0) as u64))
}

/// The innermost cause says most, and names no address with secrets: those travel in bodies.
fn cause(error: &reqwest::Error) -> String {
    let chain = std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

impl Shown {
    fn new(word: &str) -> Self {
        Self(word.chars().filter(char::is_ascii_graphic).take(MAX_SHOWN_CHARS).collect())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polled(status: u16, body: &str) -> Option<Answer> {
        match read_poll("p", StatusCode::from_u16(status).expect("a status"), body.as_bytes()) {
            Polled::Token(_) => None,
            Polled::Said(answer) => Some(answer),
        }
    }

    fn kind(status: u16, body: &str) -> Option<FlowError> {
        match polled(status, body) {
            Some(Answer::Refused { kind, .. }) => Some(kind),
            Some(Answer::Pending | Answer::SlowDown | Answer::Granted) | None => None,
        }
    }

    #[test]
    fn a_poll_is_answered_by_a_token_a_word_or_nonsense() {
        assert_eq!(polled(200, r#"{"access_token":"t","expires_in":7}"#), None);
        assert_eq!(polled(400, r#"{"error":"authorization_pending"}"#), Some(Answer::Pending));
        assert_eq!(polled(200, r#"{"status":"pending"}"#), Some(Answer::Pending));
        for slower in [r#"{"error":"slow_down"}"#, "", "<html>"] {
            assert_eq!(polled(429, slower), Some(Answer::SlowDown), "{slower}");
        }
        assert_eq!(polled(200, r#"{"status":"pending","slowDown":true}"#), Some(Answer::SlowDown));
        assert_eq!(polled(503, "busy"), Some(Answer::SlowDown));
        assert_eq!(kind(400, r#"{"error":"access_denied"}"#), Some(FlowError::AccessDenied));
        assert_eq!(kind(400, r#"{"error":"expired_token"}"#), Some(FlowError::ExpiredToken));
        assert_eq!(kind(401, r#"{"error":"invalid_grant"}"#), Some(FlowError::InvalidGrant));
        for nonsense in
            [(200, "{}"), (200, r#"{"access_token":""}"#), (302, ""), (400, "{}"), (400, r#"{"error":"new"}"#)]
        {
            assert_eq!(kind(nonsense.0, nonsense.1), Some(FlowError::UpstreamError), "{nonsense:?}");
        }
    }
}
