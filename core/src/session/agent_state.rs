//! What the agent says about itself when it opens a session, kept current from its updates.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

/// `{models, modes, configOptions, _meta}` of `session/new`, `session/load` and `session/resume`; the `state` of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentState {
    /// `{currentModelId, availableModels}`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Map<String, Value>>,
    /// `{currentModeId, availableModes}`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_options: Option<Vec<Value>>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl AgentState {
    /// Reads the agent's result; an agent that tells nothing about itself has the empty state.
    #[must_use]
    pub fn read(result: &RawValue) -> Self {
        serde_json::from_str(result.get()).unwrap_or_default()
    }

    #[must_use]
    pub fn current_model_id(&self) -> Option<&str> {
        let models = self.models.as_ref().and_then(|models| models.get("currentModelId")).and_then(Value::as_str);
        models.or_else(|| self.option("model"))
    }

    #[must_use]
    pub fn current_mode_id(&self) -> Option<&str> {
        let modes = self.modes.as_ref().and_then(|modes| modes.get("currentModeId")).and_then(Value::as_str);
        modes.or_else(|| self.option("mode"))
    }

    pub(super) fn set_model(&mut self, id: &str) {
        self.models.get_or_insert_default().insert("currentModelId".into(), id.into());
        self.set_option("model", id);
    }

    pub(super) fn set_mode(&mut self, id: &str) {
        self.modes.get_or_insert_default().insert("currentModeId".into(), id.into());
        self.set_option("mode", id);
    }

    /// Takes a new list of options; models and modes follow it.
    pub(super) fn set_options(&mut self, options: Vec<Value>) {
        self.config_options = Some(options);
        for (id, set) in [("model", Self::set_model as fn(&mut Self, &str)), ("mode", Self::set_mode)] {
            if let Some(value) = self.option(id).map(str::to_owned) {
                set(self, &value);
            }
        }
    }

    fn option(&self, id: &str) -> Option<&str> {
        let option = self.config_options.as_ref()?.iter().find(|option| option["id"] == id)?;
        option.get("currentValue")?.as_str()
    }

    fn set_option(&mut self, id: &str, value: &str) {
        let options = self.config_options.iter_mut().flatten();
        for option in options.filter(|option| option["id"] == id).filter_map(Value::as_object_mut) {
            option.insert("currentValue".into(), value.into());
        }
    }
}

/// The five approval modes a client can ask for, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalMode {
    Plan,
    Default,
    AutoEdit,
    Auto,
    Yolo,
}

/// Why a text is no approval mode: 400 `invalid_approval_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an approval mode is one of plan, default, auto-edit, auto, yolo")]
pub struct InvalidApprovalMode;

impl ApprovalMode {
    /// In the order of `allowed` in the 400.
    pub const ALL: [Self; 5] = [Self::Plan, Self::Default, Self::AutoEdit, Self::Auto, Self::Yolo];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Default => "default",
            Self::AutoEdit => "auto-edit",
            Self::Auto => "auto",
            Self::Yolo => "yolo",
        }
    }

    /// Whether the agent asks less in it than by default. In a folder that is not trusted no session is in such a mode.
    #[must_use]
    pub fn is_privileged(self) -> bool {
        match self {
            Self::Plan | Self::Default => false,
            Self::AutoEdit | Self::Auto | Self::Yolo => true,
        }
    }
}

impl std::str::FromStr for ApprovalMode {
    type Err = InvalidApprovalMode;

    fn from_str(text: &str) -> Result<Self, InvalidApprovalMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(InvalidApprovalMode)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    #[test]
    fn every_mode_survives_its_name() {
        for mode in ApprovalMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            assert_eq!(json!(mode), mode.as_str());
        }
        assert_eq!("turbo".parse::<ApprovalMode>(), Err(InvalidApprovalMode));
    }

    #[test]
    fn options_and_the_older_fields_never_disagree() {
        let option = |value: &str| json!({"id": "model", "currentValue": value, "options": []});
        let mut state = AgentState { config_options: Some(vec![option("a")]), ..AgentState::default() };
        assert_eq!(state.current_model_id(), Some("a"));
        state.set_model("b");
        assert_eq!(state.config_options.as_deref(), Some(&[option("b")][..]));
        state.set_options(vec![option("c")]);
        assert_eq!(state.current_model_id(), Some("c"));
        assert_eq!(state.models.as_ref().and_then(|models| models["currentModelId"].as_str()), Some("c"));
    }
}
