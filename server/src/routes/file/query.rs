//! The query of a file route; what is wrong with it is said in the file envelope.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{
    files::{self, MAX_READ_BYTES, Refusal},
    routes::query,
};

/// As far as JavaScript counts.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
const MAX_LINES: u64 = 2_000;

/// A request's query. A parameter that is given twice reads as the empty one, which nothing accepts.
#[derive(Debug)]
pub(super) struct Query(query::Query);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        query::Query::from_request_parts(parts, state).await.map(Self)
    }
}

impl Query {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::malformed(format!("{name} query parameter is required")))
    }

    /// `1` or `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true"))
    }

    pub(super) fn line(&self) -> Result<Option<u64>, Refusal> {
        self.number("line", 1..=MAX_SAFE_INTEGER, "a positive integer")
    }

    pub(super) fn limit(&self) -> Result<Option<u64>, Refusal> {
        self.number("limit", 1..=MAX_LINES, "a positive integer in [1, 2000]")
    }

    pub(super) fn offset(&self) -> Result<Option<u64>, Refusal> {
        self.number("offset", 0..=MAX_SAFE_INTEGER, "a non-negative safe integer")
    }

    pub(super) fn max_bytes(&self) -> Result<Option<usize>, Refusal> {
        let bytes = self.number("maxBytes", 1..=MAX_READ_BYTES as u64, "a positive integer in [1, 262144]")?;
        Ok(bytes.map(|bytes| usize::try_from(bytes).unwrap_or(MAX_READ_BYTES)))
    }

    pub(super) fn max_results(&self) -> Result<Option<usize>, Refusal> {
        let results = self.number("maxResults", 1..=files::MAX_MATCHES as u64, "a positive integer in [1, 50000]")?;
        Ok(results.map(|results| usize::try_from(results).unwrap_or(files::MAX_MATCHES)))
    }

    fn number(&self, name: &str, range: std::ops::RangeInclusive<u64>, what: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        // `parse` alone takes a plus sign.
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| Refusal::malformed(format!("`{name}` must be {what}")))
    }
}
