//! The one shape in which the daemon says no.

use std::{borrow::Cow, fmt};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use roost_core::{SessionId, archive_lock::InTransition, artifact::InvalidArtifact};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::sessions::Draining;

/// A status, a sentence, and what a program needs to act on it: `{"error", "code"?, …}`.
#[derive(Clone, PartialEq)]
pub struct WireError(Box<Answer>);

#[derive(Debug, Clone, PartialEq)]
struct Answer {
    status: StatusCode,
    error: Cow<'static, str>,
    code: Option<Value>,
    fields: Map<String, Value>,
    retry_after_seconds: Option<u32>,
    form: Form,
}

/// How the body is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `{"error", "code"?, …}`
    Flat,
    /// `{"v", "error": {"code", "message", …}}`, as the routes of artifacts have it for what was asked wrongly.
    Nested,
}

impl WireError {
    pub fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Answer {
            status,
            error: error.into(),
            code: None,
            fields: Map::new(),
            retry_after_seconds: None,
            form: Form::Flat,
        }))
    }

    pub fn bad_request(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// What a program tells cases apart by: a word of ours, or the number of a JSON-RPC error.
    #[must_use]
    pub fn code(mut self, code: impl Into<Value>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// One more field beside `error` and `code`.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl Serialize) -> Self {
        self.0.fields.insert(field.to_owned(), json!(value));
        self
    }

    /// Sends `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = Map::with_capacity(2 + self.0.fields.len());
        let sentence = match self.0.form {
            Form::Flat => "error",
            Form::Nested => "message",
        };
        body.insert(sentence.to_owned(), json!(self.0.error));
        if let Some(code) = &self.0.code {
            body.insert("code".to_owned(), code.clone());
        }
        body.extend(self.0.fields.clone());
        match self.0.form {
            Form::Flat => Value::Object(body),
            Form::Nested => json!({"v": 1, "error": body}),
        }
    }
}

/// The catalogue: answers that more than one route gives.
impl WireError {
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found")
    }

    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    pub fn token_required() -> Self {
        let how = "This route needs a bearer token. Start the daemon with --token or QWEN_SERVER_TOKEN, or without --no-auth.";
        Self::new(StatusCode::UNAUTHORIZED, how).code("token_required")
    }

    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
    }

    /// A client id that is malformed, before any session is looked at.
    pub fn malformed_client_id(why: impl fmt::Display) -> Self {
        Self::bad_request(format!("Invalid X-Qwen-Client-Id: {why}")).code("invalid_client_id")
    }

    pub fn session_not_found(session: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("No session with id \"{session}\""))
            .code("session_not_found")
            .with("sessionId", session)
    }

    pub fn session_archived(session: &str) -> Self {
        let why = format!("Session \"{session}\" is archived. Unarchive it before loading.");
        Self::new(StatusCode::CONFLICT, why).code("session_archived").with("sessionId", session)
    }

    pub fn session_not_archived(session: &str) -> Self {
        let why = format!("Session \"{session}\" is not archived.");
        Self::new(StatusCode::CONFLICT, why).code("session_not_archived").with("sessionId", session)
    }

    pub fn session_conflict(session: &str) -> Self {
        let why = format!("Session \"{session}\" exists in both active and archived directories.");
        Self::new(StatusCode::CONFLICT, why).code("session_conflict").with("sessionId", session)
    }

    /// 400 in a form of its own.
    pub fn invalid_artifact(error: &InvalidArtifact) -> Self {
        let mut refused = Self::bad_request(error.message.clone()).code("VALIDATION_FAILED");
        refused.0.form = Form::Nested;
        match error.field {
            Some(field) => refused.with("field", field),
            None => refused,
        }
    }

    /// 503: no session can come to a workspace that is being removed.
    pub fn workspace_draining(error: &Draining) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            .code("workspace_draining")
            .with("workspaceCwd", &error.workspace_cwd)
            .retry_after(5)
    }

    /// Its files are being moved, or it is in use while they were to be.
    pub fn session_archiving(session: &SessionId) -> Self {
        let why = format!("Session \"{session}\" is in transition");
        Self::new(StatusCode::CONFLICT, why).code("session_archiving").with("sessionId", session).retry_after(5)
    }
}

impl From<InTransition> for WireError {
    fn from(InTransition(session): InTransition) -> Self {
        Self::session_archiving(&session)
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.status, self.0.error)
    }
}

impl fmt::Debug for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for WireError {}

impl IntoResponse for WireError {
    fn into_response(self) -> Response {
        let mut response = (self.0.status, axum::Json(self.body())).into_response();
        if let Some(seconds) = self.0.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
