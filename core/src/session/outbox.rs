//! The effects of one input, in the order they were decided.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Answer, CallId, Effect, LedgerEntry, Ticket};
use crate::{
    Draft,
    acp::{RpcError, RpcId},
};

#[derive(Debug, Default)]
pub(super) struct Outbox(Vec<Effect>);

impl Outbox {
    pub(super) fn publish(&mut self, draft: Draft) {
        self.0.push(Effect::Publish(draft));
    }

    pub(super) fn record(&mut self, entry: LedgerEntry) {
        self.0.push(Effect::Record(entry));
    }

    pub(super) fn reply(&mut self, ticket: Ticket, answer: Answer) {
        self.0.push(Effect::Reply { ticket, answer });
    }

    pub(super) fn call_agent(&mut self, call: CallId, method: &'static str, params: &impl Serialize) {
        self.0.push(Effect::CallAgent { call, method, params: raw(params) });
    }

    pub(super) fn notify_agent(&mut self, method: &'static str, params: &impl Serialize) {
        self.0.push(Effect::NotifyAgent { method, params: raw(params) });
    }

    pub(super) fn answer_agent(&mut self, rpc_id: RpcId, result: &impl Serialize) {
        self.0.push(Effect::AnswerAgent { rpc_id, answer: Ok(raw(result)) });
    }

    pub(super) fn refuse_agent(&mut self, rpc_id: RpcId, error: RpcError) {
        self.0.push(Effect::AnswerAgent { rpc_id, answer: Err(error) });
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    pub(super) fn into_effects(self) -> Vec<Effect> {
        self.0
    }
}

pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("payload types have string keys only")
}
