//! `initialize`: what the daemon offers an agent, and what the agent says of itself.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{json, value::to_raw_value};

use super::{CallError, Child};

/// The ACP version spoken here.
const PROTOCOL_VERSION: u64 = 1;

/// By which the agent asks between its tool calls for what the user said meanwhile. It does so only when it is offered.
pub(crate) const DRAIN_METHOD: &str = "craft/drainMidTurnQueue";

/// What an agent can do, as far as the daemon cares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentInfo {
    pub name: String,
    pub version: String,
    /// `session/load` works: a session survives its process.
    pub load_session: bool,
    /// `session/resume` works: as load, without replaying.
    pub resume_session: bool,
    /// It connects to MCP servers over HTTP,
    pub mcp_http: bool,
    /// or as event streams; to processes every agent does.
    pub mcp_sse: bool,
}

/// Why a program is not taken for an agent.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("did not answer `initialize` within {} s", .0.as_secs())]
    Silent(Duration),
    #[error("failed to initialize: {0}")]
    Failed(CallError),
    #[error("answered `initialize` with something else: {0}")]
    Malformed(serde_json::Error),
    #[error("speaks ACP version {0}, not {PROTOCOL_VERSION}")]
    Version(u64),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Initialized {
    protocol_version: u64,
    #[serde(default)]
    agent_capabilities: Capabilities,
    #[serde(default)]
    agent_info: Option<Implementation>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Capabilities {
    load_session: bool,
    session_capabilities: SessionCapabilities,
    mcp_capabilities: McpCapabilities,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct McpCapabilities {
    http: bool,
    sse: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SessionCapabilities {
    resume: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Implementation {
    name: String,
    version: String,
}

/// Files are the agent's own business, so no `fs` capability is offered: what it changes, it changes where the user works.
pub(super) async fn shake(child: &Child) -> Result<AgentInfo, HandshakeError> {
    let offer = to_raw_value(&json!({
        "protocolVersion": PROTOCOL_VERSION,
        "clientInfo": {"name": "roost", "title": "Roost", "version": env!("CARGO_PKG_VERSION")},
        "clientCapabilities": {
            "fs": {"readTextFile": false, "writeTextFile": false},
            "terminal": false,
            "_meta": {DRAIN_METHOD: true},
        },
    }))
    .map_err(HandshakeError::Malformed)?;
    let answer = child.call("initialize", &offer).await.map_err(HandshakeError::Failed)?;
    let answer: Initialized = serde_json::from_str(answer.get()).map_err(HandshakeError::Malformed)?;
    if answer.protocol_version != PROTOCOL_VERSION {
        return Err(HandshakeError::Version(answer.protocol_version));
    }
    let agent = answer.agent_info.unwrap_or_default();
    let can = answer.agent_capabilities;
    Ok(AgentInfo {
        name: agent.name,
        version: agent.version,
        load_session: can.load_session,
        resume_session: can.session_capabilities.resume.is_some(),
        mcp_http: can.mcp_capabilities.http,
        mcp_sse: can.mcp_capabilities.sse,
    })
}
