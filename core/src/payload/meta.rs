//! Facts that agents put under `_meta`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Read, may, readable};
use crate::Millis;

/// Tokens and time of model requests. A frame reports one request; sums are made with [`Usage::add`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    pub thought_tokens: u64,
    pub cached_read_tokens: u64,
    /// `_meta.durationMs`: how long the model took.
    #[serde(skip)]
    pub duration: Millis,
    /// `_meta.apiErrors`.
    #[serde(skip)]
    pub api_errors: u64,
    /// `_meta.apiRetries`.
    #[serde(skip)]
    pub api_retries: u64,
}

/// Time and errors stand beside it, not in it.
impl Read for Usage {
    fn read(value: &Value) -> Option<Self> {
        value.as_object()?;
        Some(Self {
            input_tokens: may(value, "inputTokens")?,
            output_tokens: may(value, "outputTokens")?,
            total_tokens: may(value, "totalTokens")?,
            thought_tokens: may(value, "thoughtTokens")?,
            cached_read_tokens: may(value, "cachedReadTokens")?,
            ..Self::default()
        })
    }
}

impl Usage {
    /// Adds another request's figures; sums saturate.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.input_tokens, other.input_tokens),
            (&mut self.output_tokens, other.output_tokens),
            (&mut self.total_tokens, other.total_tokens),
            (&mut self.thought_tokens, other.thought_tokens),
            (&mut self.cached_read_tokens, other.cached_read_tokens),
            (&mut self.duration.0, other.duration.0),
            (&mut self.api_errors, other.api_errors),
            (&mut self.api_retries, other.api_retries),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// `_meta.goalStatus`: one step in the life of a goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoalStatus {
    /// `set`, `checking`, `paused`, `achieved`, `cleared`, `failed`, `aborted`…
    pub kind: Box<str>,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub condition: String,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub iterations: u64,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub duration_ms: Millis,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_reason: Option<String>,
}

readable!(GoalStatus {
    kind: "kind";
    condition: "condition", iterations: "iterations", duration_ms: "durationMs", last_reason: "lastReason"
});
