//! Model, approval mode and name, and the calls to the agent that take time.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Answer, ApprovalMode, CallId, ControlRefused, DisplayName, Effect, LedgerEntry, ModeChange, Session, Ticket,
    TitleSource, outbox::Outbox,
};
use crate::{ClientId, Draft, EventType, Millis, PromptId, SessionId, acp::RpcError};

/// What a reply of the agent's is for.
#[derive(Debug)]
pub(super) enum Call {
    Prompt { prompt_id: PromptId },
    SetModel { ticket: Ticket, client: Option<ClientId>, model_id: Box<str> },
    SetMode { ticket: Ticket, client: Option<ClientId>, mode: ApprovalMode, persist: bool },
}

impl Call {
    /// Answers whoever waits, when there will be no reply.
    fn abandon(self, refused: ControlRefused, out: &mut Outbox) {
        match self {
            Self::Prompt { .. } => {}
            Self::SetModel { ticket, .. } => out.reply(ticket, Answer::SetModel(Err(refused))),
            Self::SetMode { ticket, .. } => out.reply(ticket, Answer::SetApprovalMode(Err(refused))),
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
struct SessionMetadataUpdated<'a> {
    session_id: &'a SessionId,
    display_name: &'a DisplayName,
    title_source: TitleSource,
}

impl Session {
    pub(super) fn set_model(&mut self, ticket: Ticket, client: Option<ClientId>, model_id: Box<str>, out: &mut Outbox) {
        let params = super::outbox::raw(&SetModelParams { session_id: &self.id, model_id: &model_id });
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
        let params = super::outbox::raw(&SetModeParams { session_id: &self.id, mode_id: mode.as_str() });
        self.ask_agent("session/set_mode", &params, Call::SetMode { ticket, client, mode, persist }, out);
    }

    fn ask_agent(&mut self, method: &'static str, params: &RawValue, purpose: Call, out: &mut Outbox) {
        if self.agent.is_none() {
            return purpose.abandon(ControlRefused::AgentAbsent, out);
        }
        let call = CallId(self.next_call);
        self.next_call += 1;
        self.calls.insert(call, purpose);
        out.call_agent(call, method, &params);
    }

    pub(super) fn reply(
        &mut self,
        now: Millis,
        call: CallId,
        result: Result<Box<RawValue>, RpcError>,
        out: &mut Outbox,
    ) {
        match (self.calls.remove(&call), result) {
            (None, _) => {}
            (Some(Call::Prompt { prompt_id }), result) => self.prompt_replied(now, &prompt_id, result, out),
            (Some(Call::SetModel { ticket, client, model_id }), Ok(result)) => {
                if let Some(state) = &mut self.agent {
                    Arc::make_mut(state).set_model(&model_id);
                }
                let data = ModelSwitched { session_id: &self.id, model_id: &model_id };
                out.publish(Draft::new(EventType::ModelSwitched, &data).caused_by(client));
                out.reply(ticket, Answer::SetModel(Ok(result)));
            }
            (Some(Call::SetModel { ticket, client, model_id }), Err(error)) => {
                let detail = detail(&error);
                let data = ModelSwitchFailed { session_id: &self.id, requested_model_id: &model_id, error: &detail };
                out.publish(Draft::new(EventType::ModelSwitchFailed, &data).caused_by(client));
                out.reply(ticket, Answer::SetModel(Err(ControlRefused::Agent(error))));
            }
            (Some(Call::SetMode { ticket, client, mode, persist }), Ok(_)) => {
                if persist {
                    out.push(Effect::SaveApprovalMode(mode));
                }
                let previous = self.change_mode(mode.as_str(), persist, None, client, out);
                out.reply(ticket, Answer::SetApprovalMode(Ok(ModeChange { previous, mode, persisted: persist })));
            }
            (Some(Call::SetMode { ticket, .. }), Err(error)) => {
                out.reply(ticket, Answer::SetApprovalMode(Err(ControlRefused::Agent(error))));
            }
        }
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
        let known = self.agent.as_ref().and_then(|state| state.current_mode_id());
        let previous: Box<str> = known.unwrap_or(ApprovalMode::Default.as_str()).into();
        if let Some(state) = &mut self.agent {
            Arc::make_mut(state).set_mode(next);
        }
        let plan = ApprovalMode::Plan.as_str();
        let plan_execution_mode = (next == plan && *previous != *plan).then_some(&*previous);
        let data =
            ApprovalModeChanged { session_id: &self.id, previous: &previous, next, persisted, plan_execution_mode };
        out.publish(Draft::new(EventType::ApprovalModeChanged, &data).in_prompt(prompt_id).caused_by(originator));
        previous
    }

    /// Whether a client's wish for this mode is with the agent; the news of it is then the answer to that wish.
    pub(super) fn is_changing_mode_to(&self, wanted: &str) -> bool {
        self.calls.values().any(|call| matches!(call, Call::SetMode { mode, .. } if mode.as_str() == wanted))
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

    /// Nobody will reply any more.
    pub(super) fn abandon_calls(&mut self, refused: &ControlRefused, out: &mut Outbox) {
        for (_, call) in std::mem::take(&mut self.calls) {
            call.abandon(refused.clone(), out);
        }
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
