//! The answers of the daemon, as far as the page reads them (http.md §3–§6).
//!
//! Read by hand out of JSON: every field that may be missing may be missing here, one of another type counts as missing, and the page
//! carries no decoder of its own for each of them.

use roost_core::{ClientId, Envelope, EventEpoch, SessionId};
use serde::Deserialize;
use serde_json::Value;

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn flag(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or_default()
}

fn list<T>(value: &Value, key: &str, read: impl FnMut(&Value) -> T) -> Vec<T> {
    value[key].as_array().into_iter().flatten().map(read).collect()
}

/// `GET /capabilities`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Capabilities {
    pub(crate) features: Vec<String>,
    pub(crate) workspace_cwd: String,
}

impl Capabilities {
    pub(crate) fn read(answer: &Value) -> Self {
        let feature = |feature: &Value| feature.as_str().unwrap_or_default().to_owned();
        Self { features: list(answer, "features", feature), workspace_cwd: text(answer, "workspaceCwd") }
    }

    /// Whether the daemon advertises `tag`. An affordance is shown only then.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.features.iter().any(|feature| feature == tag)
    }
}

/// `GET /workspace/:cwd/sessions`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionPage {
    pub(crate) sessions: Vec<SessionSummary>,
    pub(crate) next_cursor: Option<String>,
}

impl SessionPage {
    pub(crate) fn read(answer: &Value) -> Self {
        let next_cursor = answer["nextCursor"].as_str().map(ToOwned::to_owned);
        Self { sessions: list(answer, "sessions", SessionSummary::read), next_cursor }
    }
}

/// One session in the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionSummary {
    pub(crate) session_id: SessionId,
    pub(crate) display_name: String,
    /// ISO 8601; when anything happened last, or else when it was created.
    pub(crate) updated_at: String,
    pub(crate) has_active_prompt: bool,
    pub(crate) is_waiting: bool,
    pub(crate) has_turn_error: bool,
}

impl SessionSummary {
    fn read(value: &Value) -> Self {
        let updated_at = value["updatedAt"].as_str().or(value["createdAt"].as_str());
        Self {
            session_id: text(value, "sessionId").into(),
            display_name: text(value, "displayName"),
            updated_at: updated_at.unwrap_or_default().to_owned(),
            has_active_prompt: flag(value, "hasActivePrompt"),
            is_waiting: flag(value, "isWaitingForPermission") || flag(value, "isWaitingForUserQuestion"),
            has_turn_error: flag(value, "hasTurnError"),
        }
    }
}

/// `POST /session`.
#[derive(Clone, Debug)]
pub(crate) struct Created {
    pub(crate) session_id: SessionId,
    pub(crate) client_id: Option<ClientId>,
}

impl Created {
    pub(crate) fn read(answer: &Value) -> Self {
        Self {
            session_id: text(answer, "sessionId").into(),
            client_id: answer["clientId"].as_str().map(ClientId::from),
        }
    }
}

/// `POST /session/:id/load`. The one answer that can be large, so it is decoded in one go.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Loaded {
    #[serde(default)]
    pub(crate) client_id: Option<ClientId>,
    /// See [`ControlState::read`].
    #[serde(default)]
    pub(crate) state: Value,
    #[serde(default)]
    pub(crate) compacted_replay: Vec<Envelope>,
    #[serde(default)]
    pub(crate) live_journal: Vec<Envelope>,
    pub(crate) last_event_id: u64,
    pub(crate) event_epoch: EventEpoch,
}

/// What can be chosen in a session, and what is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ControlState {
    pub(crate) modes: Choices,
    pub(crate) models: Choices,
}

/// One thing that can be chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choices {
    /// Empty when nobody has said.
    pub(crate) current: String,
    /// In the daemon's order.
    pub(crate) available: Vec<Choice>,
}

/// One possible choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) about: String,
}

impl ControlState {
    /// Reads the `state` of a load or of `GET /session/:id/context`.
    pub(crate) fn read(state: &Value) -> Self {
        let choice = |id: &'static str| {
            move |value: &Value| Choice {
                id: text(value, id),
                name: text(value, "name"),
                about: text(value, "description"),
            }
        };
        let (modes, models) = (&state["modes"], &state["models"]);
        Self {
            modes: Choices {
                current: text(modes, "currentModeId"),
                available: list(modes, "availableModes", choice("id")),
            },
            models: Choices {
                current: text(models, "currentModelId"),
                available: list(models, "availableModels", choice("modelId")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_with_nothing_expected_in_it_reads_as_nothing() {
        for odd in [json!(null), json!([1]), json!({"features": 7, "sessions": {}, "modes": "x"})] {
            assert_eq!(Capabilities::read(&odd), Capabilities::default());
            assert!(SessionPage::read(&odd).sessions.is_empty());
            assert_eq!(ControlState::read(&odd), ControlState::default());
        }
    }

    #[test]
    fn a_session_without_news_counts_from_its_creation() {
        let page =
            SessionPage::read(&json!({"sessions": [{"sessionId": "s", "createdAt": "2026-01-01T00:00:00.000Z"}]}));
        assert_eq!(page.sessions[0].updated_at, "2026-01-01T00:00:00.000Z");
    }
}
