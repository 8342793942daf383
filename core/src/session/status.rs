//! What a session tells about itself without changing.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{AgentState, DisplayName, Phase, Session, TitleSource};
use crate::{ClientId, Millis, PromptId, RequestId, SessionId};

/// A session as of now; everything `GET /session/:id/status`, the session list and `/daemon/status` overlay.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub created_at: Millis,
    /// The last prompt start, prompt end or metadata change.
    pub updated_at: Millis,
    pub last_seen_at: Option<Millis>,
    pub display_name: Option<DisplayName>,
    pub title_source: Option<TitleSource>,
    pub client_count: usize,
    /// Registrations over all clients: one client may have attached twice.
    pub attach_count: usize,
    pub has_active_prompt: bool,
    /// Running and queued.
    pub pending_prompt_count: usize,
    pub queued_prompt_count: usize,
    pub is_waiting_for_permission: bool,
    pub is_waiting_for_user_question: bool,
    pub pending_interactions: Vec<Interaction>,
    pub turn_error: Option<TurnFailure>,
    pub current_model_id: Option<Box<str>>,
    pub current_approval_mode: Option<Box<str>>,
}

/// `turnError`: how the last prompt failed; cleared when the next one starts (P13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnFailure {
    pub message: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<Box<str>>,
}

/// One element of `pendingInteractions`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Interaction {
    Permission {
        request_id: RequestId,
        #[serde(serialize_with = "Millis::serialize_iso")]
        created_at: Millis,
        action: Box<Action>,
        options: Vec<OptionLabel>,
    },
    UserQuestion {
        request_id: RequestId,
        #[serde(serialize_with = "Millis::serialize_iso")]
        created_at: Millis,
        title: Value,
        questions: Vec<Value>,
        options: Vec<OptionLabel>,
    },
}

/// The tool call a permission is asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    #[serde(rename = "type")]
    pub kind: Value,
    pub title: Value,
    pub content: Value,
    pub locations: Value,
    pub input: Value,
}

/// An option as the status shows it: `label` here is `name` in the event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OptionLabel {
    pub option_id: Box<str>,
    pub label: Box<str>,
    pub kind: Box<str>,
}

/// One element of `GET /session/:id/pending-prompts`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingPrompt {
    pub prompt_id: PromptId,
    pub text: Box<str>,
    pub queued_at: Millis,
    pub state: PromptState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub originator_client_id: Option<ClientId>,
}

/// Where a pending prompt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptState {
    Queued,
    Running,
}

impl Session {
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    #[must_use]
    pub fn has_active_prompt(&self) -> bool {
        self.prompts.running().is_some()
    }

    #[must_use]
    pub fn status(&self) -> Status {
        let pending_interactions = self.permissions.interactions();
        let is_question = |interaction: &Interaction| matches!(interaction, Interaction::UserQuestion { .. });
        let state = self.agent.as_deref();
        let is_queued = |prompt: &PendingPrompt| prompt.state == PromptState::Queued;
        Status {
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_seen_at: self.clients.last_seen_at(),
            display_name: self.display_name.as_ref().map(|(name, _)| name.clone()),
            title_source: self.display_name.as_ref().map(|(_, source)| *source),
            client_count: self.clients.len(),
            attach_count: self.clients.attach_count(),
            has_active_prompt: self.has_active_prompt(),
            pending_prompt_count: self.prompts.pending().count(),
            queued_prompt_count: self.prompts.pending().filter(is_queued).count(),
            is_waiting_for_permission: pending_interactions.iter().any(|interaction| !is_question(interaction)),
            is_waiting_for_user_question: pending_interactions.iter().any(is_question),
            pending_interactions,
            turn_error: self.turn_error.clone(),
            current_model_id: state.and_then(AgentState::current_model_id).map(Into::into),
            current_approval_mode: state.and_then(AgentState::current_mode_id).map(Into::into),
        }
    }

    /// Running and queued prompts, oldest first.
    #[must_use]
    pub fn pending_prompts(&self) -> Vec<PendingPrompt> {
        self.prompts.pending().collect()
    }

    /// The `state` of a load: what the agent says about itself. `None` until it has opened the session.
    #[must_use]
    pub fn agent_state(&self) -> Option<&Arc<AgentState>> {
        self.agent.as_ref()
    }

    /// Whether the last turn may have been broken off, so that it is worth asking the agent: it is not while the agent is at one, nor after one
    /// that came to its end, nor before the first. A session that was restored cannot tell.
    #[must_use]
    pub fn may_be_broken_off(&self) -> bool {
        !self.is_unbroken && self.prompts.unsettled().is_empty() && self.prompts.leftover().is_none()
    }

    /// Why the agent remembers nothing of this session, as long as nobody was told on the stream.
    #[must_use]
    pub fn forgotten(&self) -> Option<&str> {
        self.forgotten.as_deref()
    }

    /// The params of the last `available_commands_update`: `{sessionId, update:{availableCommands, …}}`.
    #[must_use]
    pub fn available_commands(&self) -> Option<&RawValue> {
        self.available_commands.as_deref()
    }
}
