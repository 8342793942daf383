//! A question to a workspace's agent that is about no session; never a reason to start one.

use std::time::Duration;

use roost_core::acp::code;
use serde_json::{Value, value};

use crate::{child::CallError, sessions::Sessions};

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentAnswer {
    /// No agent is up.
    Idle,
    Said(Value),
    /// The agent has no such method; other agents than the built-in one need not have it.
    Unheard,
    /// It refused, or is gone, or took too long; in words.
    Failed(String),
}

/// Asks the agent that is up.
pub async fn ask(sessions: &Sessions, method: &str, params: &Value) -> AgentAnswer {
    let Some(agent) = sessions.agent() else { return AgentAnswer::Idle };
    let Ok(params) = value::to_raw_value(params) else { return AgentAnswer::Failed("no question".to_owned()) };
    match tokio::time::timeout(PATIENCE, agent.call(method, &params)).await {
        Ok(Ok(result)) => match serde_json::from_str(result.get()) {
            Ok(said) => AgentAnswer::Said(said),
            Err(error) => AgentAnswer::Failed(error.to_string()),
        },
        Ok(Err(CallError::Refused(error))) if error.code == code::METHOD_NOT_FOUND => AgentAnswer::Unheard,
        Ok(Err(error)) => AgentAnswer::Failed(error.to_string()),
        Err(_) => AgentAnswer::Failed(format!("the agent did not answer within {} s", PATIENCE.as_secs())),
    }
}
