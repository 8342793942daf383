//! `GET /workspace/:cwd/sessions`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::SessionId;

/// One page, the most recently active first.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionPage {
    pub sessions: Vec<SessionSummary>,
    /// What the next page is asked for with; `None` on the last.
    pub next_cursor: Option<String>,
}

/// One session in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    pub session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub client_count: u64,
    #[serde(default)]
    pub has_active_prompt: bool,
    #[serde(default)]
    pub is_waiting_for_permission: bool,
    #[serde(default)]
    pub is_waiting_for_user_question: bool,
    #[serde(default)]
    pub has_turn_error: bool,
    #[serde(default)]
    pub is_archived: bool,
    /// Every other field, as it came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl SessionSummary {
    /// An agent cannot go on without somebody's answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.is_waiting_for_permission || self.is_waiting_for_user_question
    }
}
