//! What can be chosen in a session, and what is chosen.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::SessionId;

/// The `state` of a load, a resume and a context: what the agent says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlState {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Models>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<Modes>,
    /// As they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_options: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Models {
    pub current_model_id: String,
    pub available_models: Vec<Model>,
}

/// A model; its id is opaque.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Model {
    pub model_id: String,
    pub name: String,
    pub description: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Modes {
    pub current_mode_id: String,
    pub available_modes: Vec<Mode>,
}

/// An approval mode, in its agent's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mode {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
}

/// `POST /session/:id/approval-mode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModeChanged {
    pub session_id: SessionId,
    pub mode: Box<str>,
    pub previous: Box<str>,
    pub persisted: bool,
}
