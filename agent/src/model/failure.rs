//! What can go wrong with a model, in words a person can act on.

use std::time::Duration;

/// Longest part of an unexpected answer that is shown.
const MAX_EXCERPT_CHARS: usize = 300;
/// The JSON-RPC code of a client that has to sign in.
const AUTH_REQUIRED: i32 = -32000;

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ModelError {
    #[error("The model server at {url} refused the key (HTTP {status}). Check {variable}.{}", detail(.message))]
    Unauthorized { url: String, status: u16, variable: String, message: String },
    #[error("The model server at {url} cannot be reached: {cause}. Is it running, and is the address right?")]
    Unreachable { url: String, cause: String },
    #[error("The model server at {url} asks to wait (HTTP 429).{}", detail(.message))]
    Busy { url: String, retry_after: Option<Duration>, message: String },
    #[error("The model server at {url} has a problem (HTTP {status}).{}", detail(.message))]
    Server { url: String, status: u16, retry_after: Option<Duration>, message: String },
    #[error("The model `{model}` or the address {url} does not exist (HTTP 404). Check the model's name and the address.{}", detail(.message))]
    NotFound { url: String, model: String, message: String },
    #[error("The model server at {url} refused the request (HTTP {status}).{}", detail(.message))]
    Refused { url: String, status: u16, message: String },
    #[error("The connection to the model server at {url} broke off: {cause}")]
    BrokenOff { url: String, cause: String },
    #[error("The model server at {url} sent something that is not an answer of a model: {excerpt}")]
    Nonsense { url: String, excerpt: String },
    #[error("No model is named. Set OPENAI_MODEL to a model of {url}.")]
    NoModel { url: String },
    #[error("The model needs a sign-in: {0}. Sign in again.")]
    SignedOut(String),
    #[error("The model's provider reports: {0}")]
    Provider(String),
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" It says: {message}") }
}

impl ModelError {
    /// Whether the same request may well succeed a little later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Server { .. } | Self::BrokenOff { .. } => true,
            Self::Unauthorized { .. }
            | Self::Unreachable { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Nonsense { .. }
            | Self::NoModel { .. }
            | Self::SignedOut(_)
            | Self::Provider(_) => false,
        }
    }

    /// How long the server asked to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            Self::Unauthorized { .. }
            | Self::Unreachable { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::BrokenOff { .. }
            | Self::Nonsense { .. }
            | Self::NoModel { .. }
            | Self::SignedOut(_)
            | Self::Provider(_) => None,
        }
    }

    /// The JSON-RPC code it surfaces as.
    pub(crate) fn rpc_code(&self) -> i32 {
        match self {
            Self::Busy { .. } => 429,
            Self::SignedOut(_) => AUTH_REQUIRED,
            Self::Unauthorized { .. }
            | Self::Unreachable { .. }
            | Self::Server { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::BrokenOff { .. }
            | Self::Nonsense { .. }
            | Self::NoModel { .. }
            | Self::Provider(_) => -32603,
        }
    }
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a provider says in an error body: `error.message`, `message`, or the body itself.
pub(super) fn message_of(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = json.as_ref().and_then(|json| {
        let candidates = [json.pointer("/error/message"), json.get("message"), json.get("error"), json.get("detail")];
        candidates.into_iter().flatten().find_map(serde_json::Value::as_str)
    });
    excerpt(message.unwrap_or(body))
}
