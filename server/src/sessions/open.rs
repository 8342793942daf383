//! Opening a session with an agent: `session/new`, `session/load`, `session/resume`.

use std::{path::Path, sync::Arc};

use roost_core::{
    SessionId,
    session::{AgentState, UpdateKind},
};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use crate::{
    child::{CallError, Child, FromAgent, Mailbox, NewSession},
    driver::AgentLink,
    mcp_servers::McpServers,
};

/// A session as the agent has opened it.
#[derive(Debug)]
pub(super) struct Opened {
    /// The daemon's name for it.
    pub(super) id: SessionId,
    agent_id: Box<str>,
    child: Arc<Child>,
    mailbox: Mailbox,
    /// What the agent said to it before it said that it is open.
    early: Vec<FromAgent>,
    pub(super) state: AgentState,
}

/// What becomes of the history that an agent tells while it loads a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is all there is: it becomes the session's events.
    Kept,
    /// The daemon has it already.
    Dropped,
}

impl Opened {
    /// A session that is new to the agent; `name` gives it the daemon's name.
    pub(super) async fn new_session(
        child: Arc<Child>,
        cwd: &Path,
        servers: &McpServers,
        name: impl FnOnce(&str) -> SessionId,
    ) -> Result<Self, CallError> {
        let params = params(&json!({"cwd": cwd, "mcpServers": servers.to_params()}));
        let NewSession { name: agent_id, result, mailbox } = child.open("session/new", &params).await?;
        let id = name(&agent_id);
        Ok(Self { id, agent_id, child, mailbox, early: Vec::new(), state: AgentState::read(&result) })
    }

    /// A session the agent has a record of, under the name `agent_id`.
    pub(super) async fn load(
        child: Arc<Child>,
        cwd: &Path,
        servers: &McpServers,
        id: SessionId,
        agent_id: &str,
        told: Told,
    ) -> Result<Self, CallError> {
        let can_resume = told == Told::Dropped && child.info().resume_session;
        let method = if can_resume { "session/resume" } else { "session/load" };
        let params = params(&json!({"sessionId": agent_id, "cwd": cwd, "mcpServers": servers.to_params()}));
        let mut mailbox = child.adopt(agent_id);
        let mut early = Vec::new();
        let result = {
            let call = child.load(agent_id, method, &params);
            tokio::pin!(call);
            loop {
                // A mailbox holds so much, and a history is long: read on while the call is under way.
                tokio::select! {
                    result = &mut call => break result,
                    Some(batch) = mailbox.recv() => early.extend(batch),
                }
            }
        };
        let result = result?;
        mailbox.opened();
        while let Some(batch) = mailbox.try_recv() {
            early.extend(batch);
        }
        if told == Told::Dropped {
            early.retain(|message| !is_history(message));
        }
        Ok(Self { id, agent_id: agent_id.into(), child, mailbox, early, state: AgentState::read(&result) })
    }

    /// The agent's name for it, where that is another.
    pub(super) fn renamed(&self) -> Option<&str> {
        Some(&*self.agent_id).filter(|agent_id| *agent_id != self.id.as_str())
    }

    /// What a driver needs of it.
    pub(super) fn link(self) -> (AgentLink, AgentState) {
        (AgentLink::new(self.child, self.mailbox, self.early, self.id, &self.agent_id), self.state)
    }
}

/// An update that repeats what was said, and not how things stand.
fn is_history(message: &FromAgent) -> bool {
    match message {
        FromAgent::Update { kind: UpdateKind::Other | UpdateKind::ToolCall, .. } => true,
        FromAgent::Update { .. }
        | FromAgent::Notification { .. }
        | FromAgent::Request { .. }
        | FromAgent::Reply { .. }
        | FromAgent::Lost(_) => false,
    }
}

fn params(value: &serde_json::Value) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
