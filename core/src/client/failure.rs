//! How the daemon says no.

use serde_json::{Map, Value};

use super::Answer;
use crate::Millis;

/// A refusal: `{"error", "code"?, …}` with its status. Of any other body only the status counts.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct WireFailure {
    pub status: u16,
    /// The cause, for programs; a JSON-RPC number as its digits.
    pub code: Option<Box<str>>,
    /// A sentence for people.
    pub message: String,
    /// Every other field.
    pub extras: Map<String, Value>,
    /// Not before this time has passed.
    pub retry_after: Option<Millis>,
}

impl WireFailure {
    /// Reads the answer to a refused request.
    #[must_use]
    pub fn read(answer: &Answer<'_>) -> Self {
        let body = std::str::from_utf8(answer.body).ok().and_then(|body| serde_json::from_str(body).ok());
        let mut extras = match body {
            Some(Value::Object(fields)) => fields,
            Some(_) | None => Map::new(),
        };
        let code = extras.shift_remove("code").and_then(|code| match code {
            Value::String(code) => Some(code.into_boxed_str()),
            Value::Number(code) => Some(code.to_string().into_boxed_str()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        let said = extras.shift_remove("error");
        // An agent's failure hides its reason in `data.details` behind a general message.
        let details = extras.get("data").and_then(|data| data.get("details"));
        let message = [details, said.as_ref()].into_iter().flatten().find_map(Value::as_str);
        Self {
            status: answer.status,
            code,
            message: message.map_or_else(|| format!("the daemon answered {}", answer.status), ToOwned::to_owned),
            retry_after: retry_after(answer, &extras),
            extras,
        }
    }

    /// Whether it has this `code`.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// The credential is what was wrong.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status == 401
    }

    /// What was asked for does not exist (any more).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }

    /// The daemon does not know this client id, as after a restart: load the session again for another.
    #[must_use]
    pub fn is_unknown_client(&self) -> bool {
        self.is("invalid_client_id")
    }

    /// The workspace that was named is not served, or no longer.
    #[must_use]
    pub fn is_unknown_workspace(&self) -> bool {
        self.is("workspace_mismatch") || self.status == 400 && self.code.is_none()
    }

    /// The same request may succeed later: the daemon is busy, full, starting or ending.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599) || self.retry_after.is_some()
    }
}

/// `retryAfterMs` tells it more exactly than the header's whole seconds.
fn retry_after(answer: &Answer<'_>, extras: &Map<String, Value>) -> Option<Millis> {
    let exact = extras.get("retryAfterMs").and_then(Value::as_u64).map(Millis);
    exact.or_else(|| {
        let seconds: u64 = answer.retry_after?.trim().parse().ok()?;
        Some(Millis(seconds.saturating_mul(1_000)))
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn failure(status: u16, retry_after: Option<&str>, body: &str) -> WireFailure {
        WireFailure::read(&Answer { status, retry_after, body: body.as_bytes() })
    }

    #[test]
    fn a_refusal_keeps_its_code_its_sentence_and_its_fields() {
        let full = failure(
            503,
            Some("5"),
            r#"{"error":"The queue is full","code":"prompt_queue_full","limit":5,"pendingCount":5}"#,
        );
        assert!(full.is("prompt_queue_full") && full.is_passing());
        assert_eq!((full.message.as_str(), full.retry_after), ("The queue is full", Some(Millis(5_000))));
        assert_eq!(full.extras["limit"], 5);
        assert!(!full.extras.contains_key("error") && !full.extras.contains_key("code"));
    }

    #[test]
    fn an_agents_failure_is_told_by_its_details() {
        let failed =
            failure(500, None, r#"{"error":"Internal error","code":-32603,"data":{"details":"No such model"}}"#);
        assert_eq!((failed.message.as_str(), failed.code.as_deref()), ("No such model", Some("-32603")));
    }

    #[test]
    fn a_refusal_that_is_no_json_is_told_by_its_status() {
        let failed = failure(502, None, "<html>Bad gateway</html>");
        assert_eq!((failed.message.as_str(), failed.code), ("the daemon answered 502", None));
    }

    #[test]
    fn a_rate_limit_says_to_the_millisecond_when_to_come_back() {
        let limited = failure(429, Some("2"), r#"{"error":"Rate limit exceeded","retryAfterMs":1250}"#);
        assert_eq!(limited.retry_after, Some(Millis(1_250)));
    }
}
