//! What a session is apart from its turns, and keeps over a restart: its name, mode, model, artifacts, and what clients noted on it.

use serde_json::json;

use super::{
    AgentState, ApprovalMode, LedgerEntry, Session, Ticket,
    calls::Call,
    outbox::{Outbox, raw},
};
use crate::Millis;

/// Mode and model as they were last, whatever the agent comes back with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) mode: Option<Box<str>>,
    pub(super) model: Option<Box<str>>,
    /// The folder is not trusted, so that no privileged mode holds.
    pub(super) is_held_back: bool,
}

impl Session {
    /// The entries from which [`Session::restore`] makes the same session, if no prompt is pending.
    #[must_use]
    pub fn standing_entries(&self) -> Vec<LedgerEntry> {
        let mut entries = Vec::new();
        if let Some((display_name, title_source)) = self.display_name.clone() {
            entries.push(LedgerEntry::MetadataChanged { display_name, title_source });
        }
        entries.extend(self.standing.mode.clone().map(|mode| LedgerEntry::ModeChanged { mode }));
        entries.extend(self.standing.model.clone().map(|model| LedgerEntry::ModelChanged { model }));
        if !self.annotations.as_map().is_empty() {
            entries.push(LedgerEntry::Annotated { annotations: self.annotations.clone() });
        }
        let artifacts = self.artifacts.restorable().cloned();
        entries.extend(artifacts.map(|artifact| LedgerEntry::ArtifactKept { artifact: Box::new(artifact) }));
        entries.extend(self.keys.all().cloned().map(LedgerEntry::PromptKeyed));
        entries
    }

    /// What an agent said of itself, with the mode and model the session is in.
    #[must_use]
    pub fn as_it_stands(&self, mut state: AgentState) -> AgentState {
        if let Some(mode) = self.standing.mode.as_deref().filter(|_| state.current_mode_id().is_some()) {
            state.set_mode(mode);
        }
        if let Some(model) = self.standing.model.as_deref().filter(|_| state.current_model_id().is_some()) {
            state.set_model(model);
        }
        state
    }

    /// A privileged mode of before is given up, and everybody told, before an agent could be put into it again.
    pub(super) fn hold_back(&mut self, out: &mut Outbox) {
        self.standing.is_held_back = true;
        if self.agent.is_none() && self.standing.mode.as_deref().is_some_and(is_privileged) {
            self.change_mode(ApprovalMode::Default.as_str(), false, None, None, out);
        }
    }

    /// The same of an agent that is there already: it is asked, and nothing is run before it has said yes.
    pub(super) fn hold_agent_back(&mut self, ticket: Ticket, out: &mut Outbox) {
        self.standing.is_held_back = true;
        self.set_approval_mode(ticket, None, ApprovalMode::Default, false, out);
    }

    /// Whoever sets a privileged mode has seen that the folder is trusted by now.
    pub(super) fn let_go_of(&mut self, mode: ApprovalMode) {
        self.standing.is_held_back &= !mode.is_privileged();
    }

    /// Whether it is yet to be seen in which mode a session that is held back goes on.
    pub(super) fn is_holding_back(&self) -> bool {
        let changes = |call: &Call| matches!(call, Call::SetMode { .. } | Call::KeepMode { .. });
        self.standing.is_held_back && self.calls.iter().any(changes)
    }

    /// The privileged mode in which the agent stays although the folder is not trusted.
    pub(super) fn mode_not_held_back(&self) -> Option<&str> {
        let mode = self.agent.as_ref()?.current_mode_id()?;
        (self.standing.is_held_back && is_privileged(mode) && !self.is_holding_back()).then_some(mode)
    }

    /// The agent serves the session now. Where it came back in another mode or with another model than the session had, it is told
    /// before any prompt.
    pub(super) fn agent_ready(&mut self, now: Millis, state: AgentState, out: &mut Outbox) {
        let came_in = state.current_mode_id().map(Box::<str>::from);
        let came_with = state.current_model_id().map(Box::<str>::from);
        if self.standing.is_held_back && self.standing.mode.is_none() && came_in.as_deref().is_some_and(is_privileged) {
            self.standing.mode = Some(ApprovalMode::Default.as_str().into());
        }
        let state = self.as_it_stands(state);
        self.agent = Some(std::sync::Arc::new(state));
        if let (Some(model), Some(instead)) = (self.standing.model.clone(), came_with)
            && model != instead
        {
            let params = raw(&json!({"sessionId": self.id, "modelId": model}));
            self.ask_agent("session/set_model", &params, Call::KeepModel { kept: model, instead }, out);
        }
        if let (Some(mode), Some(instead)) = (self.standing.mode.clone(), came_in)
            && mode != instead
        {
            out.record(LedgerEntry::ModeChanged { mode: mode.clone() });
            let params = raw(&json!({"sessionId": self.id, "modeId": mode}));
            self.ask_agent("session/set_mode", &params, Call::KeepMode { instead }, out);
        }
        self.advance(now, out);
    }
}

/// A foreign agent's mode is none of ours, and not known to ask less.
fn is_privileged(mode: &str) -> bool {
    mode.parse().is_ok_and(ApprovalMode::is_privileged)
}
