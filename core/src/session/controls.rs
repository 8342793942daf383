//! Model, approval mode, language and name.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{
    Answer, ApprovalMode, DisplayName, LedgerEntry, Session, Ticket, TitleSource,
    calls::Call,
    outbox::{Outbox, raw},
};
use crate::{ClientId, Draft, EventType, Millis, PromptId, SessionId, acp::RpcError};

/// What became of a wish for another language, in the agent's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LanguageChange {
    pub language: Box<str>,
    /// The language of the model's answers; None where it is left to the model.
    pub output_language: Option<Box<str>>,
    /// Whether sessions that run already follow.
    pub refreshed: bool,
}

impl LanguageChange {
    /// Reads the agent's result; what it leaves out is as asked, and not refreshed.
    pub(super) fn read(result: &RawValue, asked: Box<str>) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Told {
            language: Option<Box<str>>,
            output_language: Option<Box<str>>,
            refreshed: bool,
        }
        let told: Told = serde_json::from_str(result.get()).unwrap_or_default();
        Self {
            language: told.language.unwrap_or(asked),
            output_language: told.output_language,
            refreshed: told.refreshed,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetModelParams<'a> {
    session_id: &'a SessionId,
    model_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetModeParams<'a> {
    session_id: &'a SessionId,
    mode_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelSwitched<'a> {
    session_id: &'a SessionId,
    model_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelSwitchFailed<'a> {
    session_id: &'a SessionId,
    requested_model_id: &'a str,
    error: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalModeChanged<'a> {
    session_id: &'a SessionId,
    previous: &'a str,
    next: &'a str,
    persisted: bool,
    /// The mode an approved plan will run under.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_execution_mode: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LanguageChanged<'a> {
    session_id: &'a SessionId,
    #[serde(flatten)]
    change: &'a LanguageChange,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetLanguageParams<'a> {
    session_id: &'a SessionId,
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_output_language: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionMetadataUpdated<'a> {
    session_id: &'a SessionId,
    display_name: &'a DisplayName,
    title_source: TitleSource,
}

impl Session {
    pub(super) fn set_model(&mut self, ticket: Ticket, client: Option<ClientId>, model_id: Box<str>, out: &mut Outbox) {
        let params = raw(&SetModelParams { session_id: &self.id, model_id: &model_id });
        self.ask_agent("session/set_model", &params, Call::SetModel { ticket, client, model_id }, out);
    }

    pub(super) fn set_approval_mode(
        &mut self,
        ticket: Ticket,
        client: Option<ClientId>,
        mode: ApprovalMode,
        persist: bool,
        out: &mut Outbox,
    ) {
        let params = raw(&SetModeParams { session_id: &self.id, mode_id: mode.as_str() });
        self.ask_agent("session/set_mode", &params, Call::SetMode { ticket, client, mode, persist }, out);
    }

    pub(super) fn set_language(
        &mut self,
        ticket: Ticket,
        client: Option<ClientId>,
        language: Box<str>,
        sync_output_language: Option<bool>,
        out: &mut Outbox,
    ) {
        let params = SetLanguageParams { session_id: &self.id, language: &language, sync_output_language };
        let params = raw(&params);
        self.ask_agent("qwen/control/session/language", &params, Call::SetLanguage { ticket, client, language }, out);
    }

    pub(super) fn language_changed(&self, change: &LanguageChange) -> Draft {
        Draft::new(EventType::LanguageChanged, &LanguageChanged { session_id: &self.id, change })
    }

    /// The model is another now: remember it, tell everybody.
    pub(super) fn change_model(&mut self, model_id: &str, client: Option<ClientId>, out: &mut Outbox) {
        if let Some(state) = &mut self.agent {
            Arc::make_mut(state).set_model(model_id);
        }
        self.standing.model = Some(model_id.into());
        out.record(LedgerEntry::ModelChanged { model: model_id.into() });
        let data = ModelSwitched { session_id: &self.id, model_id };
        out.publish(Draft::new(EventType::ModelSwitched, &data).caused_by(client));
    }

    pub(super) fn model_switch_failed(&self, requested_model_id: &str, error: &RpcError) -> Draft {
        let detail = detail(error);
        let data = ModelSwitchFailed { session_id: &self.id, requested_model_id, error: &detail };
        Draft::new(EventType::ModelSwitchFailed, &data)
    }

    /// The mode is another now: remember it, tell everybody. Returns the one before.
    pub(super) fn change_mode(
        &mut self,
        next: &str,
        persisted: bool,
        prompt_id: Option<PromptId>,
        originator: Option<ClientId>,
        out: &mut Outbox,
    ) -> Box<str> {
        let known = self.agent.as_ref().and_then(|state| state.current_mode_id()).or(self.standing.mode.as_deref());
        let previous: Box<str> = known.unwrap_or(ApprovalMode::Default.as_str()).into();
        if let Some(state) = &mut self.agent {
            Arc::make_mut(state).set_mode(next);
        }
        self.standing.mode = Some(next.into());
        out.record(LedgerEntry::ModeChanged { mode: next.into() });
        let plan = ApprovalMode::Plan.as_str();
        let plan_execution_mode = (next == plan && *previous != *plan).then_some(&*previous);
        let data =
            ApprovalModeChanged { session_id: &self.id, previous: &previous, next, persisted, plan_execution_mode };
        out.publish(Draft::new(EventType::ApprovalModeChanged, &data).in_prompt(prompt_id).caused_by(originator));
        previous
    }

    /// Whether a client's wish for this mode is with the agent; the news of it is then the answer to that wish.
    pub(super) fn is_changing_mode_to(&self, wanted: &str) -> bool {
        self.calls.iter().any(|call| matches!(call, Call::SetMode { mode, .. } if mode.as_str() == wanted))
    }

    /// The same of a model.
    pub(super) fn is_changing_model_to(&self, wanted: &str) -> bool {
        self.calls.iter().any(|call| matches!(call, Call::SetModel { model_id, .. } if **model_id == *wanted))
    }

    pub(super) fn rename(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        display_name: DisplayName,
        out: &mut Outbox,
    ) {
        self.set_name(now, display_name.clone(), TitleSource::Manual, client, out);
        out.reply(ticket, Answer::Rename(Ok(display_name)));
    }

    pub(super) fn set_name(
        &mut self,
        now: Millis,
        display_name: DisplayName,
        title_source: TitleSource,
        client: Option<ClientId>,
        out: &mut Outbox,
    ) {
        self.updated_at = now;
        out.record(LedgerEntry::MetadataChanged { display_name: display_name.clone(), title_source });
        let data = SessionMetadataUpdated { session_id: &self.id, display_name: &display_name, title_source };
        out.publish(Draft::new(EventType::SessionMetadataUpdated, &data).caused_by(client));
        self.display_name = Some((display_name, title_source));
    }
}

/// The sentence worth showing: agents put it into `data.details`, or into `data` itself, when `message` only names the code.
pub(super) fn detail(error: &RpcError) -> Box<str> {
    let details = error_data(error).and_then(|data| match data {
        Value::Object(mut data) => data.remove("details"),
        data => Some(data),
    });
    match details {
        Some(Value::String(text)) if !text.is_empty() => text.into(),
        _ => error.message.as_str().into(),
    }
}

/// `data.errorKind`
pub(super) fn error_kind(error: &RpcError) -> Option<Box<str>> {
    Some(error_data(error)?.get("errorKind")?.as_str()?.into())
}

fn error_data(error: &RpcError) -> Option<Value> {
    serde_json::from_str(error.data.as_ref()?.get()).ok()
}
