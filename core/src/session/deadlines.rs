//! How long a prompt may take (D1–D5). The clock starts at admission, so waiting in the queue counts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Millis;

/// How long the agent may take to come back from a prompt whose time is over, before the next one starts. What it says until then belongs
/// to the prompt it was cut off from.
pub(super) const LET_GO: Millis = Millis(1_000);

/// The deadline of one prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// How long it was given; named in the error.
    pub allowed: Millis,
    /// When it is over.
    pub at: Millis,
}

impl Deadline {
    /// D1: the server's length, shortened by the request's. Without a server deadline a request has no effect.
    #[must_use]
    pub fn effective(now: Millis, server: Option<Millis>, request: Option<Millis>) -> Option<Self> {
        let server = server?;
        let allowed = request.map_or(server, |request| request.min(server));
        Some(Self { allowed, at: now.after(allowed) })
    }

    pub(super) fn message(self) -> String {
        format!("prompt exceeded the {}ms deadline", self.allowed.0)
    }
}

/// Why a `deadlineMs` is refused: 400 `invalid_deadline_ms` (D2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deadlineMs must be a positive integer")]
pub struct InvalidDeadline;

/// Reads `deadlineMs` of a request; absent or null is no wish (D2).
pub fn requested_deadline(value: Option<&Value>) -> Result<Option<Millis>, InvalidDeadline> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match whole(value) {
            Some(ms) if ms > 0 => Ok(Some(Millis(ms))),
            _ => Err(InvalidDeadline),
        },
    }
}

/// JavaScript knows no difference between `5` and `5.0`, so neither does the wire.
fn whole(value: &Value) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        let float = value.as_f64().filter(|float| float.fract() == 0.0 && (0.0..EXACT).contains(float))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and below 2^53")]
        let ms = float as u64;
        Some(ms)
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    /// D1: a request can only shorten the servers deadline.
    #[test]
    fn d1_a_request_can_only_shorten_the_servers_deadline() {
        let allowed = |server: Option<u64>, request: Option<u64>| {
            Deadline::effective(Millis(1_000), server.map(Millis), request.map(Millis)).map(|d| (d.allowed.0, d.at.0))
        };
        assert_eq!(allowed(None, Some(5)), None);
        assert_eq!(allowed(Some(10), None), Some((10, 1_010)));
        assert_eq!(allowed(Some(10), Some(5)), Some((5, 1_005)));
        assert_eq!(allowed(Some(10), Some(50)), Some((10, 1_010)));
    }

    /// D2: a requested deadline is a positive whole number or absent.
    #[test]
    fn d2_a_requested_deadline_is_a_positive_whole_number_or_absent() {
        assert_eq!(requested_deadline(None), Ok(None));
        assert_eq!(requested_deadline(Some(&Value::Null)), Ok(None));
        assert_eq!(requested_deadline(Some(&json!(5))), Ok(Some(Millis(5))));
        assert_eq!(requested_deadline(Some(&json!(5.0))), Ok(Some(Millis(5))));
        for bad in [json!(0), json!(-1), json!(1.5), json!("5"), json!(true), json!([]), json!(1e300)] {
            assert_eq!(requested_deadline(Some(&bad)), Err(InvalidDeadline), "{bad}");
        }
    }
}
