//! The way to an agent: its pipe, and who waits for what comes back.

use std::{sync::Arc, time::Duration};

use roost_core::acp::{Message, RpcError, RpcId, code};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};
use tokio::sync::oneshot;

use super::{
    FromAgent,
    switchboard::{Awaiting, Switchboard},
    writer::Outbox,
};

/// Tells an agent of a session's end. It is no method of the protocol's; nothing is lost on an agent that does not know it.
const CLOSE_METHOD: &str = "qwen/control/session/close";
/// How long an agent may take to let go of a session.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Line {
    switchboard: Arc<Switchboard>,
    outbox: Outbox,
}

impl Line {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self { switchboard: Arc::default(), outbox }
    }

    pub(super) fn switchboard(&self) -> &Arc<Switchboard> {
        &self.switchboard
    }

    pub(super) fn call(&self, method: &str, params: &RawValue, awaiting: Awaiting) {
        if let Some(id) = self.switchboard.expect(awaiting) {
            let id = RpcId::Number(id);
            self.outbox.send(Message::Request { id, method: method.into(), params }.to_line());
        }
    }

    pub(super) fn notify(&self, method: &str, params: &RawValue) {
        self.outbox.send(Message::Notification { method: method.into(), params }.to_line());
    }

    pub(super) fn answer(&self, id: RpcId, outcome: Result<&RawValue, RpcError>) {
        self.outbox.send(Message::Response { id, outcome }.to_line());
    }

    /// Refuses what is asked in a batch that no session hears.
    pub(super) fn refuse_all(&self, batch: &[FromAgent]) {
        for message in batch {
            if let FromAgent::Request { rpc_id, .. } = message {
                self.refuse(rpc_id.clone(), "no such session");
            }
        }
    }

    pub(super) fn refuse(&self, id: RpcId, why: &str) {
        self.answer(id, Err(RpcError::new(code::INVALID_PARAMS, why)));
    }

    /// Tells the agent that a session is over, so that it need not keep it, and gives it a moment: whoever opens the session next should not
    /// meet what is left of it.
    pub(super) async fn close(&self, session: &str) {
        let (answered, answer) = oneshot::channel();
        self.call(CLOSE_METHOD, &params(session), Awaiting::Caller(answered));
        let _ = tokio::time::timeout(CLOSE_PATIENCE, answer).await;
    }

    /// The same without waiting.
    pub(super) fn tell_closed(&self, session: &str) {
        self.call(CLOSE_METHOD, &params(session), Awaiting::Nobody);
    }
}

fn params(session: &str) -> Box<RawValue> {
    to_raw_value(&json!({"sessionId": session})).expect("a string is JSON")
}
