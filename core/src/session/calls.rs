//! Calls to the agent that take time, and what their replies do.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    Answer, ApprovalMode, CallId, ControlRefused, Effect, LanguageChange, ModeChange, Session, Ticket, outbox::Outbox,
};
use crate::{ClientId, Millis, PromptId, SessionId, acp::RpcError};

/// What a reply of the agent's is for.
#[derive(Debug)]
pub(super) enum Call {
    Prompt {
        prompt_id: PromptId,
    },
    SetModel {
        ticket: Ticket,
        client: Option<ClientId>,
        model_id: Box<str>,
    },
    SetMode {
        ticket: Ticket,
        client: Option<ClientId>,
        mode: ApprovalMode,
        persist: bool,
    },
    /// The mode of before a restart; `instead` is what the agent came with.
    KeepMode {
        instead: Box<str>,
    },
    /// The same of the model.
    KeepModel {
        kept: Box<str>,
        instead: Box<str>,
    },
    SetLanguage {
        ticket: Ticket,
        client: Option<ClientId>,
        language: Box<str>,
    },
    /// Whether a turn was interrupted, and can go on as `prompt_id`.
    Continue {
        ticket: Ticket,
        client: Option<ClientId>,
        prompt_id: PromptId,
    },
    /// A client's question that changes nothing here.
    Ask {
        ticket: Ticket,
    },
    /// Nobody waits for the reply.
    Told,
}

/// Calls whose reply is still awaited.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: BTreeMap<CallId, Call>,
    last: u64,
}

impl Calls {
    /// A number for a call that is about to be made.
    pub(super) fn open(&mut self, purpose: Call) -> CallId {
        self.last += 1;
        let call = CallId(self.last);
        self.open.insert(call, purpose);
        call
    }

    /// The purpose of a call that is over.
    pub(super) fn close(&mut self, call: CallId) -> Option<Call> {
        self.open.remove(&call)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Call> {
        self.open.values()
    }
}

impl Call {
    /// Answers whoever waits, when there will be no reply.
    fn abandon(self, refused: ControlRefused, out: &mut Outbox) {
        match self {
            Self::Prompt { .. } | Self::KeepMode { .. } | Self::KeepModel { .. } | Self::Told => {}
            Self::SetModel { ticket, .. } => out.reply(ticket, Answer::SetModel(Err(refused))),
            Self::SetMode { ticket, .. } => out.reply(ticket, Answer::SetApprovalMode(Err(refused))),
            Self::SetLanguage { ticket, .. } => out.reply(ticket, Answer::SetLanguage(Err(refused))),
            Self::Continue { ticket, .. } => out.reply(ticket, Answer::Continue(Err(refused))),
            Self::Ask { ticket } => out.reply(ticket, Answer::Ask(Err(refused))),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AskParams<'a> {
    session_id: &'a SessionId,
    #[serde(flatten)]
    rest: &'a Map<String, Value>,
}

impl Session {
    /// Something only the agent knows: `params` go to it with the session's name.
    pub(super) fn ask(&mut self, ticket: Ticket, method: &'static str, params: &Map<String, Value>, out: &mut Outbox) {
        let params = super::outbox::raw(&AskParams { session_id: &self.id, rest: params });
        self.ask_agent(method, &params, Call::Ask { ticket }, out);
    }

    pub(super) fn ask_agent(&mut self, method: &'static str, params: &RawValue, purpose: Call, out: &mut Outbox) {
        if self.agent.is_none() {
            return purpose.abandon(ControlRefused::AgentAbsent, out);
        }
        out.call_agent(self.calls.open(purpose), method, &params);
    }

    pub(super) fn reply(
        &mut self,
        now: Millis,
        call: CallId,
        result: Result<Box<RawValue>, RpcError>,
        out: &mut Outbox,
    ) {
        let Some(purpose) = self.calls.close(call) else { return };
        match (purpose, result) {
            (Call::Prompt { prompt_id }, result) => self.prompt_replied(now, call, &prompt_id, result, out),
            (Call::SetModel { ticket, client, model_id }, Ok(result)) => {
                self.change_model(&model_id, client, out);
                out.reply(ticket, Answer::SetModel(Ok(result)));
            }
            (Call::SetModel { ticket, client, model_id }, Err(error)) => {
                out.publish(self.model_switch_failed(&model_id, &error).caused_by(client));
                out.reply(ticket, Answer::SetModel(Err(ControlRefused::Agent(error))));
            }
            (Call::SetMode { ticket, client, mode, persist }, Ok(_)) => {
                if persist {
                    out.push(Effect::SaveApprovalMode(mode));
                }
                let previous = self.change_mode(mode.as_str(), persist, None, client, out);
                self.let_go_of(mode);
                out.reply(ticket, Answer::SetApprovalMode(Ok(ModeChange { previous, mode, persisted: persist })));
                self.advance(now, out);
            }
            (Call::SetMode { ticket, .. }, Err(error)) => {
                out.reply(ticket, Answer::SetApprovalMode(Err(ControlRefused::Agent(error))));
                self.advance(now, out);
            }
            (Call::KeepModel { .. } | Call::Told, Ok(_)) | (Call::Told, Err(_)) => {}
            (Call::KeepMode { .. }, Ok(_)) => self.advance(now, out),
            (Call::KeepMode { instead }, Err(_)) => {
                self.change_mode(&instead, false, None, None, out);
                self.advance(now, out);
            }
            (Call::KeepModel { kept, instead }, Err(error)) => {
                out.publish(self.model_switch_failed(&kept, &error));
                self.change_model(&instead, None, out);
            }
            (Call::SetLanguage { ticket, client, language }, Ok(result)) => {
                let change = LanguageChange::read(&result, language);
                out.publish(self.language_changed(&change).caused_by(client));
                out.reply(ticket, Answer::SetLanguage(Ok(change)));
            }
            (Call::SetLanguage { ticket, .. }, Err(error)) => {
                out.reply(ticket, Answer::SetLanguage(Err(ControlRefused::Agent(error))));
            }
            (Call::Continue { ticket, client, prompt_id }, result) => {
                self.may_continue(now, ticket, client, prompt_id, result, out);
            }
            (Call::Ask { ticket }, result) => {
                out.reply(ticket, Answer::Ask(result.map_err(ControlRefused::Agent)));
            }
        }
    }

    /// Nobody will reply any more.
    pub(super) fn abandon_calls(&mut self, refused: &ControlRefused, out: &mut Outbox) {
        for (_, call) in std::mem::take(&mut self.calls.open) {
            call.abandon(refused.clone(), out);
        }
    }
}
