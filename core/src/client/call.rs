//! A request together with the meaning of its answer.

use serde_json::Value;

use super::{Method, Request, WireFailure};
use crate::{ClientId, payload::Read};

/// A request that is answered with a `T`.
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until its request is sent"]
pub struct Call<T> {
    request: Request,
    parse: fn(&str) -> Result<T, String>,
}

/// What came back, as far as a client looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<&'a str>,
    pub body: &'a [u8],
}

/// Why an answer is not what was asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Refused(Box<WireFailure>),
    /// A 2xx that is not what the protocol says.
    #[error("the daemon’s answer was not understood: {0}")]
    Garbled(String),
}

/// An answer that says nothing but that the request was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done;

impl Read for Done {
    fn read(_: &Value) -> Option<Self> {
        Some(Self)
    }
}

impl<T: Read> Call<T> {
    pub(super) fn new(request: Request) -> Self {
        Self { request, parse: by_value }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Request::new(Method::Get, path))
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Request::new(Method::Delete, path))
    }

    pub(super) fn post(path: impl Into<String>, body: &impl serde::Serialize) -> Self {
        Self::new(Request::new(Method::Post, path).json(body))
    }

    pub(super) fn patch(path: impl Into<String>, body: &impl serde::Serialize) -> Self {
        Self::new(Request::new(Method::Patch, path).json(body))
    }
}

impl<T> Call<T> {
    /// The same request, its answer read in another way.
    pub(super) fn read_by<U>(self, parse: fn(&str) -> Result<U, String>) -> Call<U> {
        Call { request: self.request, parse }
    }

    /// The same call with a bearer token.
    pub fn with_token(self, token: &str) -> Self {
        Self { request: self.request.with_token(token), ..self }
    }

    /// The same call, made as this client of the session; as nobody when there is none.
    pub fn by(self, client: Option<&ClientId>) -> Self {
        match client {
            Some(client) => Self { request: self.request.by(client), ..self },
            None => self,
        }
    }

    /// What to send.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Reads what came back. An empty body counts as JSON `null`.
    ///
    /// # Errors
    /// [`CallError::Refused`] for every status but 2xx, [`CallError::Garbled`] for a body that is not a `T`.
    pub fn read(&self, answer: &Answer<'_>) -> Result<T, CallError> {
        if !(200..300).contains(&answer.status) {
            return Err(CallError::Refused(Box::new(WireFailure::read(answer))));
        }
        let body = std::str::from_utf8(answer.body).map_err(|error| CallError::Garbled(error.to_string()))?;
        (self.parse)(if body.is_empty() { "null" } else { body }).map_err(CallError::Garbled)
    }
}

fn by_value<T: Read>(body: &str) -> Result<T, String> {
    T::take(value(body)?).ok_or_else(|| "it lacks what it is for".to_owned())
}

fn value(body: &str) -> Result<Value, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}
