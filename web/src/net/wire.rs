//! The answers of the daemon, as far as the page reads them (http.md §3–§6). Every field that may be missing may be missing here.

use roost_core::{ClientId, Envelope, EventEpoch, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET /capabilities`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Capabilities {
    pub(crate) qwen_code_version: String,
    pub(crate) features: Vec<String>,
    pub(crate) workspace_cwd: String,
}

impl Capabilities {
    /// Whether the daemon advertises `tag`. An affordance is shown only then.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.features.iter().any(|feature| feature == tag)
    }
}

/// `POST /auth/exchange`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Exchanged {
    pub(crate) token: String,
}

/// `GET /workspace/:cwd/sessions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SessionPage {
    pub(crate) sessions: Vec<SessionSummary>,
    pub(crate) next_cursor: Option<String>,
}

/// One session in the list.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionSummary {
    pub(crate) session_id: SessionId,
    #[serde(default)]
    pub(crate) updated_at: Option<String>,
    #[serde(default)]
    pub(crate) created_at: Option<String>,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) has_active_prompt: bool,
    #[serde(default)]
    pub(crate) is_waiting_for_permission: bool,
    #[serde(default)]
    pub(crate) is_waiting_for_user_question: bool,
    #[serde(default)]
    pub(crate) has_turn_error: bool,
}

/// `POST /session`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    pub(crate) session_id: SessionId,
    #[serde(default)]
    pub(crate) client_id: Option<ClientId>,
}

/// `POST /session/:id/load`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Loaded {
    #[serde(default)]
    pub(crate) client_id: Option<ClientId>,
    #[serde(default)]
    pub(crate) state: ControlState,
    #[serde(default)]
    pub(crate) compacted_replay: Vec<Envelope>,
    #[serde(default)]
    pub(crate) live_journal: Vec<Envelope>,
    pub(crate) last_event_id: u64,
    pub(crate) event_epoch: EventEpoch,
}

/// `GET /session/:id/context`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Context {
    #[serde(default)]
    pub(crate) state: ControlState,
}

/// What can be chosen in a session, and what is chosen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ControlState {
    pub(crate) models: Option<Models>,
    pub(crate) modes: Option<Modes>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Models {
    pub(crate) current_model_id: String,
    pub(crate) available_models: Vec<Model>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Model {
    pub(crate) model_id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Modes {
    pub(crate) current_mode_id: String,
    pub(crate) available_modes: Vec<Mode>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Mode {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
}

/// The body of a permission vote.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Vote {
    pub(crate) outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answers: Option<serde_json::Map<String, Value>>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub(crate) enum Outcome {
    #[serde(rename_all = "camelCase")]
    Selected { option_id: String },
}
