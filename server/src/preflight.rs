//! Whether everything is there that sessions need: looked at, tried, and where an agent is up, asked.

mod probe;

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use self::probe::{program_version, workspace};
use crate::{agent_query::AgentAnswer, config::AgentCommand};

/// Where an agent has not been asked because none is up.
const IDLE_HINT: &str = "start a session to see";

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    pub kind: Kind,
    pub status: Status,
    pub locality: Locality,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What is checked. The names are the protocol's; what a native daemon means by them is in `detail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What the daemon runs on: itself.
    NodeVersion,
    /// The program that serves the sessions.
    CliEntry,
    WorkspaceDir,
    /// Searching in files, which happens in the process.
    Ripgrep,
    Git,
    Npm,
    Auth,
    McpDiscovery,
    Skills,
    Providers,
    ToolRegistry,
    Egress,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Warning,
    Error,
    NotStarted,
    /// The agent does not say.
    Unknown,
}

/// Who knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Locality {
    Daemon,
    Acp,
}

/// What the agent has said of itself.
#[derive(Clone, Debug)]
pub struct AgentReport {
    pub providers: AgentAnswer,
    pub tools: AgentAnswer,
    pub skills: AgentAnswer,
    pub mcp: AgentAnswer,
}

/// Every check, in the protocol's order.
pub async fn cells(cwd: &Path, agent: &AgentCommand, report: &AgentReport) -> Vec<Cell> {
    let (git, npm) = tokio::join!(program_version(Kind::Git, "git"), program_version(Kind::Npm, "npm"));
    vec![
        Cell::ok(Kind::NodeVersion, json!({"runtime": "native", "version": env!("CARGO_PKG_VERSION")})),
        entry(agent),
        workspace(cwd),
        Cell::ok(Kind::Ripgrep, json!({"source": "in-process"})),
        git,
        npm,
        reported(Kind::Auth, &report.providers, auth),
        reported(Kind::McpDiscovery, &report.mcp, mcp),
        reported(Kind::Skills, &report.skills, |said| counted(Kind::Skills, &said["skills"])),
        reported(Kind::Providers, &report.providers, providers),
        reported(Kind::ToolRegistry, &report.tools, |said| counted(Kind::ToolRegistry, &said["tools"])),
        Cell {
            hint: Some("whether model servers can be reached is not probed".to_owned()),
            ..Cell::idle(Kind::Egress)
        },
    ]
}

impl Cell {
    fn new(kind: Kind, status: Status) -> Self {
        let locality = match kind {
            Kind::NodeVersion | Kind::CliEntry | Kind::WorkspaceDir | Kind::Ripgrep | Kind::Git | Kind::Npm => {
                Locality::Daemon
            }
            Kind::Auth | Kind::McpDiscovery | Kind::Skills | Kind::Providers | Kind::ToolRegistry | Kind::Egress => {
                Locality::Acp
            }
        };
        Self { kind, status, locality, detail: None, error: None, error_kind: None, hint: None }
    }

    fn ok(kind: Kind, detail: Value) -> Self {
        Self { detail: Some(detail), ..Self::new(kind, Status::Ok) }
    }

    fn failed(kind: Kind, status: Status, error_kind: &'static str, error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), error_kind: Some(error_kind), ..Self::new(kind, status) }
    }

    fn idle(kind: Kind) -> Self {
        Self { hint: Some(IDLE_HINT.to_owned()), ..Self::new(kind, Status::NotStarted) }
    }
}

fn entry(agent: &AgentCommand) -> Cell {
    let source = if agent.name == "built-in" { "built-in" } else { "--agent" };
    let detail = json!({"path": agent.program, "source": source});
    match probe::runnable(&agent.program) {
        Ok(()) => Cell::ok(Kind::CliEntry, detail),
        Err((error_kind, error)) => {
            Cell { detail: Some(detail), ..Cell::failed(Kind::CliEntry, Status::Error, error_kind, error) }
        }
    }
}

/// A cell from an agent's answer.
fn reported(kind: Kind, answer: &AgentAnswer, read: impl FnOnce(&Value) -> Cell) -> Cell {
    match answer {
        AgentAnswer::Idle => Cell::idle(kind),
        AgentAnswer::Said(said) => read(said),
        AgentAnswer::Unheard => {
            Cell { hint: Some("the agent does not tell".to_owned()), ..Cell::new(kind, Status::Unknown) }
        }
        AgentAnswer::Failed(error) => Cell::failed(kind, Status::Error, "protocol_error", error.clone()),
    }
}

fn auth(said: &Value) -> Cell {
    match said["current"]["authType"].as_str() {
        Some(source) => Cell::ok(Kind::Auth, json!({"source": source})),
        None => Cell::failed(Kind::Auth, Status::Warning, "auth_env_error", "no model is chosen"),
    }
}

fn mcp(said: &Value) -> Cell {
    let servers = said["servers"].as_array().map_or(&[][..], Vec::as_slice);
    let count = |status: &str| servers.iter().filter(|server| server["mcpStatus"] == status).count();
    let (connected, connecting) = (count("connected"), count("connecting"));
    let disconnected = servers.len() - connected - connecting;
    let detail = json!({
        "discoveryState": said["discoveryState"], "total": servers.len(), "connected": connected, "connecting": connecting,
        "disconnected": disconnected,
    });
    let status = if disconnected > 0 { Status::Warning } else { Status::Ok };
    Cell { detail: Some(detail), ..Cell::new(Kind::McpDiscovery, status) }
}

fn providers(said: &Value) -> Cell {
    let providers = said["providers"].as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<&str> = providers.iter().filter_map(|provider| provider["authType"].as_str()).collect();
    match names.as_slice() {
        [] => Cell::failed(Kind::Providers, Status::Warning, "auth_env_error", "no model provider is configured"),
        names => Cell::ok(Kind::Providers, json!({"count": names.len(), "providers": names})),
    }
}

fn counted(kind: Kind, list: &Value) -> Cell {
    Cell::ok(kind, json!({"count": list.as_array().map_or(0, Vec::len)}))
}
