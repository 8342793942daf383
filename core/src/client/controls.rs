//! What can be chosen in a session, and what is chosen.

use serde::Serialize;
use serde_json::Value;

use crate::SessionId;
use crate::payload::readable;

/// The `state` of a load, a resume and a context: what the agent says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlState {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Models>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<Modes>,
    /// As they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_options: Option<Value>,
}

readable!(ControlState { ; models: "models", modes: "modes", config_options: "configOptions" });

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Models {
    pub current_model_id: String,
    pub available_models: Vec<Model>,
}

readable!(Models { ; current_model_id: "currentModelId", available_models: "availableModels" });

/// A model; its id is opaque.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub model_id: String,
    pub name: String,
    pub description: Option<String>,
}

readable!(Model { ; model_id: "modelId", name: "name", description: "description" });

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Modes {
    pub current_mode_id: String,
    pub available_modes: Vec<Mode>,
}

readable!(Modes { ; current_mode_id: "currentModeId", available_modes: "availableModes" });

/// An approval mode, in its agent's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mode {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
}

readable!(Mode { ; id: "id", name: "name", description: "description" });

/// `POST /session/:id/approval-mode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModeChanged {
    pub session_id: SessionId,
    pub mode: Box<str>,
    pub previous: Box<str>,
    pub persisted: bool,
}

readable!(ModeChanged { session_id: "sessionId", mode: "mode", previous: "previous", persisted: "persisted"; });
