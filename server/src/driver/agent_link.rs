//! The way between one session and the agent process that serves it: names, requests, replies.

use std::{sync::Arc, time::Duration};

use roost_core::{
    PromptId, RequestId, SessionId,
    acp::{RpcError, RpcId, code},
    session::{AgentInput, CallId},
};
use serde::Deserialize;
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use crate::child::{CallError, Child, DRAIN_METHOD, FromAgent, Loss, Mailbox, StartError};

/// A session the agent has opened.
#[derive(Debug)]
pub struct AgentLink {
    child: Arc<Child>,
    mailbox: Mailbox,
    /// What it said before it said that the session is open.
    early: Vec<FromAgent>,
    session: SessionId,
    /// The agent's own name for it, where that is another.
    renamed: Option<Box<str>>,
}

/// `session/request_permission`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestPermission {
    tool_call: Box<RawValue>,
    options: Box<RawValue>,
}

/// `craft/drainMidTurnQueue`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DrainMessages {
    #[serde(default)]
    prompt_id: Option<PromptId>,
}

/// Why no agent serves a session.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoAgent {
    #[error(transparent)]
    Start(#[from] Arc<StartError>),
    /// It refused to open the session, or was lost before it had.
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the agent did not open the session in {} ms", .0.as_millis())]
    Slow(Duration),
}

impl NoAgent {
    pub(super) fn loss(&self) -> Loss {
        match self {
            Self::Call(CallError::Lost(loss)) => loss.clone(),
            Self::Start(_) | Self::Call(_) | Self::Slow(_) => Loss::because(&self.to_string()),
        }
    }
}

impl AgentLink {
    /// The agent calls the session `agent_session` and talks to it through `mailbox`.
    #[must_use]
    pub fn new(
        child: Arc<Child>,
        mailbox: Mailbox,
        early: Vec<FromAgent>,
        session: SessionId,
        agent_session: &str,
    ) -> Self {
        let renamed = (session.as_str() != agent_session).then(|| agent_session.into());
        Self { child, mailbox, early, session, renamed }
    }

    pub(super) fn take_early(&mut self) -> Vec<FromAgent> {
        std::mem::take(&mut self.early)
    }

    pub(super) fn renamed(&self) -> Option<&str> {
        self.renamed.as_deref()
    }

    /// What the agent says next. Never empty; the loss of the agent is the last.
    pub(super) async fn receive(&mut self) -> Vec<FromAgent> {
        match self.mailbox.recv().await {
            Some(batch) => batch,
            None => vec![FromAgent::Lost(Loss::because("the agent is gone"))],
        }
    }

    /// What it has said already.
    pub(super) fn heard(&mut self) -> Option<Vec<FromAgent>> {
        self.mailbox.try_recv()
    }

    fn permission(&self, rpc_id: RpcId, params: &RawValue) -> Option<AgentInput> {
        match serde_json::from_str::<RequestPermission>(params.get()) {
            Ok(RequestPermission { tool_call, options }) => Some(AgentInput::RequestPermission {
                rpc_id,
                request_id: RequestId::from(uuid::Uuid::new_v4().to_string()),
                tool_call,
                options,
            }),
            Err(error) => {
                self.refuse(rpc_id, code::INVALID_PARAMS, error.to_string());
                None
            }
        }
    }

    fn refuse(&self, rpc_id: RpcId, code: i64, why: String) {
        self.child.answer(rpc_id, Err(RpcError::new(code, why)));
    }

    pub(super) fn call(&self, call: CallId, method: &str, params: &RawValue) {
        match &self.renamed {
            None => self.child.call_for(self.session.as_str(), call, method, params),
            Some(name) => self.child.call_for(name, call, method, &renamed(params, name)),
        }
    }

    pub(super) fn notify(&self, method: &str, params: &RawValue) {
        match &self.renamed {
            None => self.child.notify(method, params),
            Some(name) => self.child.notify(method, &renamed(params, name)),
        }
    }

    pub(super) fn answer(&self, rpc_id: RpcId, answer: Result<&RawValue, RpcError>) {
        self.child.answer(rpc_id, answer);
    }

    /// Others wait for this session to listen.
    pub(super) async fn crowded(&mut self) {
        self.mailbox.crowded().await;
    }

    /// Nobody listens to the agent here any more. It is told, and has a moment to let go.
    pub async fn leave(self) {
        self.mailbox.leave().await;
    }

    fn inward(&self, params: Box<RawValue>) -> Box<RawValue> {
        if self.renamed.is_some() { renamed(&params, self.session.as_str()) } else { params }
    }
}

/// What a message means to the session; None when it is none of its business. The loss of an agent needs no link: it may be why there
/// is none.
pub(super) fn input(link: Option<&AgentLink>, message: FromAgent) -> Option<AgentInput> {
    match (message, link) {
        (FromAgent::Lost(Loss { exit, reason }), _) => {
            Some(AgentInput::Lost { reason, exit_code: exit.code, signal: exit.signal.map(Into::into) })
        }
        (_, None) => None,
        (FromAgent::Update { kind, params }, Some(link)) => {
            Some(AgentInput::Update { kind, params: link.inward(params) })
        }
        (FromAgent::Reply { call, result }, Some(_)) => Some(AgentInput::Reply { call, result }),
        (FromAgent::Notification { method, params }, Some(_)) => Some(AgentInput::Notice { method, params }),
        (FromAgent::Request { rpc_id, method, params }, Some(_)) if is_drain(&method) => {
            let asking = serde_json::from_str::<DrainMessages>(params.get()).ok().and_then(|params| params.prompt_id);
            Some(AgentInput::DrainMessages { rpc_id, asking })
        }
        (FromAgent::Request { rpc_id, method, params }, Some(link)) if &*method == "session/request_permission" => {
            link.permission(rpc_id, &params)
        }
        (FromAgent::Request { rpc_id, method, .. }, Some(link)) => {
            link.refuse(rpc_id, code::METHOD_NOT_FOUND, format!("no method {method}"));
            None
        }
    }
}

fn is_drain(method: &str) -> bool {
    method.strip_prefix('_').unwrap_or(method) == DRAIN_METHOD
}

/// The same params about the session under its other name.
fn renamed(params: &RawValue, session: &str) -> Box<RawValue> {
    let rename = || {
        let mut members: Map<String, Value> = serde_json::from_str(params.get())?;
        members.insert("sessionId".to_owned(), session.into());
        to_raw_value(&members)
    };
    rename().unwrap_or_else(|_: serde_json::Error| params.to_owned())
}
