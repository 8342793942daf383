//! Servers of tools that a client brings along for its session (ACP's `mcpServers`). The agent connects to them; the daemon checks
//! their shape, passes them on, and keeps them in memory only: what they are started with may be secret.

use std::{collections::HashSet, fmt, sync::Arc};

use serde_json::{Map, Value, json};
use url::Url;

use crate::child::AgentInfo;

/// Servers of one session at most.
const MAX_SERVERS: usize = 64;
/// Longest name of a server, in characters.
const MAX_NAME_CHARS: usize = 256;

/// The servers of one session, as an agent takes them. Cheap to clone; what they hold is in no log.
#[derive(Clone, Default, PartialEq)]
pub struct McpServers(Arc<[Server]>);

#[derive(PartialEq)]
struct Server {
    name: Box<str>,
    transport: Transport,
    /// As it goes to the agent.
    spelled: Value,
}

/// How an agent reaches a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A process it starts. Every agent can.
    Stdio,
    Http,
    Sse,
}

/// What is wrong with a list of servers, and where: `mcpServers[1].env[0].value`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct InvalidMcpServers {
    pub field: String,
    why: &'static str,
}

/// The agent cannot reach a server that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent cannot connect to the MCP server \"{server}\": it does not speak {transport} to such servers")]
pub struct UnfitMcpServer {
    pub server: Box<str>,
    pub transport: Transport,
}

impl McpServers {
    /// Reads `mcpServers` of a request; without it there are none.
    ///
    /// # Errors
    /// It is not a list of servers. Nothing in the error repeats a value.
    pub fn parse(list: Option<&Value>) -> Result<Self, InvalidMcpServers> {
        let list = match list {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(list)) if list.len() <= MAX_SERVERS => list,
            Some(_) => return Err(invalid("mcpServers", "must be an array of at most 64 servers")),
        };
        let mut names = HashSet::new();
        let mut servers = Vec::with_capacity(list.len());
        for (at, server) in list.iter().enumerate() {
            let place = format!("mcpServers[{at}]");
            let server = Server::parse(server, &place)?;
            if !names.insert(server.name.clone()) {
                return Err(invalid(format!("{place}.name"), "must be another than that of the servers before"));
            }
            servers.push(server);
        }
        Ok(Self(servers.into()))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an agent must have said that it can reach one of them.
    #[must_use]
    pub fn are_demanding(&self) -> bool {
        self.0.iter().any(|server| server.transport != Transport::Stdio)
    }

    /// Whether the agent can reach them all.
    ///
    /// # Errors
    /// The first it cannot reach.
    pub fn check(&self, agent: &AgentInfo) -> Result<(), UnfitMcpServer> {
        let reaches = |transport| match transport {
            Transport::Stdio => true,
            Transport::Http => agent.mcp_http,
            Transport::Sse => agent.mcp_sse,
        };
        match self.0.iter().find(|server| !reaches(server.transport)) {
            Some(server) => Err(UnfitMcpServer { server: server.name.clone(), transport: server.transport }),
            None => Ok(()),
        }
    }

    /// `mcpServers` of `session/new` and its like.
    #[must_use]
    pub fn to_params(&self) -> Vec<Value> {
        self.0.iter().map(|server| server.spelled.clone()).collect()
    }
}

impl fmt::Debug for McpServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|server| &server.name)).finish()
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdio => "stdio",
            Self::Http => "HTTP",
            Self::Sse => "SSE",
        })
    }
}

impl Server {
    fn parse(server: &Value, place: &str) -> Result<Self, InvalidMcpServers> {
        let Some(members) = server.as_object() else { return Err(invalid(place, "must be an object")) };
        let at = |member: &str| format!("{place}.{member}");
        let transport = match members.get("type").map(Value::as_str) {
            None | Some(Some("stdio")) => Transport::Stdio,
            Some(Some("http")) => Transport::Http,
            Some(Some("sse")) => Transport::Sse,
            Some(_) => return Err(invalid(at("type"), "must be \"stdio\", \"http\" or \"sse\"")),
        };
        let name = text(members, "name").filter(|name| !name.trim().is_empty());
        let name = name.filter(|name| name.chars().count() <= MAX_NAME_CHARS && !name.contains(char::is_control));
        let name = name.ok_or_else(|| invalid(at("name"), "must be 1 to 256 characters without control characters"))?;

        let mut spelled = Map::new();
        if transport != Transport::Stdio {
            spelled.insert("type".to_owned(), members["type"].clone());
        }
        spelled.insert("name".to_owned(), name.into());
        match transport {
            Transport::Stdio => {
                let command = text(members, "command").filter(|command| !command.trim().is_empty());
                let command = command.ok_or_else(|| invalid(at("command"), "must be a non-empty string"))?;
                spelled.insert("command".to_owned(), command.into());
                spelled.insert("args".to_owned(), arguments(members.get("args"), &at("args"))?);
                spelled.insert("env".to_owned(), pairs(members.get("env"), &at("env"))?);
            }
            Transport::Http | Transport::Sse => {
                let is_web = |text: &&str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
                let url = text(members, "url").filter(is_web);
                let url = url.ok_or_else(|| invalid(at("url"), "must be an http or https URL"))?;
                spelled.insert("url".to_owned(), url.into());
                spelled.insert("headers".to_owned(), pairs(members.get("headers"), &at("headers"))?);
            }
        }
        match members.get("_meta") {
            None | Some(Value::Null) => {}
            Some(meta @ Value::Object(_)) => drop(spelled.insert("_meta".to_owned(), meta.clone())),
            Some(_) => return Err(invalid(at("_meta"), "must be an object")),
        }
        Ok(Self { name: name.into(), transport, spelled: Value::Object(spelled) })
    }
}

/// What a process is started with; none when nothing is said.
fn arguments(list: Option<&Value>, place: &str) -> Result<Value, InvalidMcpServers> {
    match list {
        None | Some(Value::Null) => Ok(Value::Array(Vec::new())),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => Ok(Value::Array(list.clone())),
        Some(_) => Err(invalid(place, "must be an array of strings")),
    }
}

/// `[{name, value}]`: variables or headers; none when nothing is said.
fn pairs(list: Option<&Value>, place: &str) -> Result<Value, InvalidMcpServers> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Value::Array(Vec::new())),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(invalid(place, "must be an array of {name, value}")),
    };
    let pair = |(at, pair): (usize, &Value)| {
        let member = |name: &str| pair.get(name).and_then(Value::as_str);
        match (member("name").filter(|name| !name.is_empty()), member("value")) {
            (Some(name), Some(value)) => Ok(json!({"name": name, "value": value})),
            _ => Err(invalid(format!("{place}[{at}]"), "must be {name, value}, both strings, the name not empty")),
        }
    };
    list.iter().enumerate().map(pair).collect::<Result<_, _>>().map(Value::Array)
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

fn invalid(field: impl Into<String>, why: &'static str) -> InvalidMcpServers {
    InvalidMcpServers { field: field.into(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(list: &Value) -> Result<McpServers, InvalidMcpServers> {
        McpServers::parse(Some(list))
    }

    #[test]
    fn servers_are_passed_on_in_the_shape_that_agents_take() {
        let servers = parsed(&json!([
            {"name": "files", "command": "/bin/files", "type": "stdio", "extra": 1},
            {"type": "http", "name": "web", "url": "https://mcp.example/x", "headers": [{"name": "a", "value": "b", "c": 1}]},
        ]));
        let expected = json!([
            {"name": "files", "command": "/bin/files", "args": [], "env": []},
            {"type": "http", "name": "web", "url": "https://mcp.example/x", "headers": [{"name": "a", "value": "b"}]},
        ]);
        assert_eq!(json!(servers.map(|servers| servers.to_params()).ok()), expected);
    }

    #[test]
    fn an_agent_must_have_said_that_it_can_reach_what_is_no_process() {
        let servers = parsed(&json!([{"name": "a", "command": "a"}, {"type": "sse", "name": "b", "url": "http://b"}]));
        let servers = servers.expect("servers");
        assert!(servers.are_demanding());
        let unfit = UnfitMcpServer { server: "b".into(), transport: Transport::Sse };
        assert_eq!(servers.check(&AgentInfo { mcp_http: true, ..AgentInfo::default() }), Err(unfit));
        assert_eq!(servers.check(&AgentInfo { mcp_sse: true, ..AgentInfo::default() }), Ok(()));
    }

    #[test]
    fn nothing_shows_what_a_server_is_started_with() {
        let servers = parsed(&json!([{"name": "a", "command": "a", "env": [{"name": "KEY", "value": "secret"}]}]));
        assert_eq!(format!("{:?}", servers.expect("servers")), r#"["a"]"#);
    }
}
