//! The vendor methods: each is a route of the daemon under another name.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::{
    acp::{RpcError, code},
    client::{Method, Request, segment},
};

/// A vendor method and the request it stands for.
///
/// Params named in the route's path go into the path; each must be a non-empty string. GET and DELETE put the rest, which must be scalars,
/// into the query. Other methods send the rest as their JSON body, except for the params that the route lists as the query's.
#[derive(Debug, PartialEq, Eq)]
pub struct VendorMethod {
    pub name: &'static str,
    method: Method,
    route: Route,
}

/// Where a method's request goes. A `{name}` in a path is a param of the method; what follows a `?` names params of the query.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    /// Below `/session/<sessionId>`, of a session that the connection has.
    Owned(&'static str),
    /// The same of any session.
    Any(&'static str),
    /// Below `/workspace`; of a connection to one workspace below `/workspaces/<id>`.
    Workspace(&'static str),
    /// Below `/workspace/<id>`, or `/workspaces/<id>`.
    Named(&'static str),
    /// Below the root, or `/workspaces/<id>`.
    Root(&'static str),
}

/// The workspace a connection works in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub workspace: Box<str>,
    /// The connection was opened below `/workspaces/<id>` and reaches nothing else.
    pub is_qualified: bool,
}

use Method::{Delete, Get, Patch, Post};
use Route::{Any, Named, Owned, Root, Workspace};

const fn row(name: &'static str, method: Method, route: Route) -> VendorMethod {
    VendorMethod { name, method, route }
}

impl VendorMethod {
    /// Every method, in the order in which they are advertised. A daemon advertises those whose routes it has.
    pub const ALL: &'static [Self] = &[
        row("_qwen/session/heartbeat", Post, Owned("heartbeat")),
        row("_qwen/session/context", Get, Owned("context")),
        row("_qwen/session/supported_commands", Get, Owned("supported-commands")),
        row("_qwen/session/update_metadata", Patch, Owned("metadata")),
        row("_qwen/session/update_organization", Patch, Any("organization")),
        row("_qwen/session/recap", Post, Owned("recap")),
        row("_qwen/session/btw", Post, Owned("btw")),
        row("_qwen/session/shell", Post, Owned("shell")),
        row("_qwen/session/detach", Post, Owned("detach")),
        row("_qwen/session/context_usage", Get, Owned("context-usage")),
        row("_qwen/session/tasks", Get, Owned("tasks")),
        row("_qwen/session/tasks/cancel", Post, Owned("tasks/{taskId}/cancel")),
        row("_qwen/session/lsp", Get, Owned("lsp")),
        row("_qwen/session/artifacts", Get, Owned("artifacts")),
        row("_qwen/session/artifacts/add", Post, Owned("artifacts")),
        row("_qwen/session/artifacts/remove", Delete, Owned("artifacts/{artifactId}")),
        row("_qwen/workspace/session_groups/list", Get, Named("session-groups")),
        row("_qwen/workspace/session_groups/create", Post, Named("session-groups")),
        row("_qwen/workspace/session_groups/update", Patch, Named("session-groups/{groupId}")),
        row("_qwen/workspace/session_groups/delete", Delete, Named("session-groups/{groupId}")),
        row("_qwen/workspace/mcp", Get, Workspace("mcp")),
        row("_qwen/workspace/skills", Get, Workspace("skills")),
        row("_qwen/workspace/providers", Get, Workspace("providers")),
        row("_qwen/workspace/env", Get, Workspace("env")),
        row("_qwen/workspace/preflight", Get, Workspace("preflight")),
        row("_qwen/workspace/init", Post, Workspace("init")),
        row("_qwen/workspace/trust", Get, Workspace("trust")),
        row("_qwen/workspace/trust/request", Post, Workspace("trust/request")),
        row("_qwen/workspace/permissions", Get, Workspace("permissions")),
        row("_qwen/workspace/permissions/set", Post, Workspace("permissions")),
        row("_qwen/workspace/set_tool_enabled", Post, Workspace("tools/{toolName}/enable")),
        row("_qwen/workspace/restart_mcp_server", Post, Workspace("mcp/{serverName}/restart?entryIndex")),
        row("_qwen/workspace/memory", Get, Workspace("memory")),
        row("_qwen/workspace/memory/write", Post, Workspace("memory")),
        row("_qwen/workspace/memory/remember", Post, Workspace("memory/remember")),
        row("_qwen/workspace/memory/remember/get", Get, Workspace("memory/remember/{taskId}")),
        row("_qwen/workspace/memory/forget", Post, Workspace("memory/forget")),
        row("_qwen/workspace/memory/forget/get", Get, Workspace("memory/forget/{taskId}")),
        row("_qwen/workspace/memory/dream", Post, Workspace("memory/dream")),
        row("_qwen/workspace/memory/dream/get", Get, Workspace("memory/dream/{taskId}")),
        row("_qwen/workspace/tools", Get, Workspace("tools")),
        row("_qwen/workspace/mcp/tools", Get, Workspace("mcp/{serverName}/tools")),
        row("_qwen/workspace/mcp/resources", Get, Workspace("mcp/{serverName}/resources")),
        row("_qwen/workspace/mcp/initialize", Post, Workspace("mcp/initialize")),
        row("_qwen/workspace/mcp/reload", Post, Workspace("mcp/reload")),
        row("_qwen/workspace/mcp/servers/add", Post, Workspace("mcp/servers")),
        row("_qwen/workspace/mcp/servers/remove", Delete, Workspace("mcp/servers/{name}")),
        row("_qwen/workspace/auth/status", Get, Workspace("auth/status")),
        row("_qwen/workspace/auth/device_flow/start", Post, Workspace("auth/device-flow")),
        row("_qwen/workspace/auth/device_flow/get", Get, Workspace("auth/device-flow/{id}")),
        row("_qwen/workspace/auth/device_flow/cancel", Delete, Workspace("auth/device-flow/{id}")),
        row("_qwen/workspace/agents/list", Get, Workspace("agents")),
        row("_qwen/workspace/agents/get", Get, Workspace("agents/{agentType}")),
        row("_qwen/workspace/agents/create", Post, Workspace("agents")),
        row("_qwen/workspace/agents/update", Post, Workspace("agents/{agentType}?scope")),
        row("_qwen/workspace/agents/delete", Delete, Workspace("agents/{agentType}")),
        row("_qwen/file/read", Get, Root("file")),
        row("_qwen/file/read_bytes", Get, Root("file/bytes")),
        row("_qwen/file/stat", Get, Root("stat")),
        row("_qwen/file/list", Get, Root("list")),
        row("_qwen/file/glob", Get, Root("glob")),
        row("_qwen/file/write", Post, Root("file/write")),
        row("_qwen/file/edit", Post, Root("file/edit")),
        row("_qwen/sessions/delete", Post, Root("sessions/delete")),
        row("_qwen/sessions/archive", Post, Root("sessions/archive")),
        row("_qwen/sessions/unarchive", Post, Root("sessions/unarchive")),
    ];

    /// The method of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|method| method.name == name)
    }

    /// Whether `params.sessionId` has to be a session of the connection.
    #[must_use]
    pub fn needs_session(&self) -> bool {
        matches!(self.route, Owned(_))
    }

    /// The capability tag that has to be advertised for the method to be of any use; most need none.
    #[must_use]
    pub fn tag(&self) -> Option<&'static str> {
        (self.name == "_qwen/session/shell").then_some("session_shell_command")
    }

    /// The request with these params.
    ///
    /// # Errors
    /// `-32602` when a param the path needs is missing, or one for the query is no scalar.
    pub fn request(&self, mut params: Map<String, Value>, scope: &Scope) -> Result<Request, RpcError> {
        let template = self.template(scope);
        let (path, asked) = template.split_once('?').unwrap_or((&template, ""));
        let path = fill(path, |name| match params.shift_remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(segment(&text)),
            _ => Err(invalid(format!("`{name}` is required and must be a non-empty string"))),
        })?;
        match self.method {
            Get | Delete => Ok(Request::new(self.method, path + &query(&params)?)),
            Post | Patch => {
                let asked: Map<_, _> = asked.split('&').filter_map(|name| params.shift_remove_entry(name)).collect();
                Ok(Request::new(self.method, path + &query(&asked)?).json(&params))
            }
        }
    }

    /// The method and a path of the route, for asking a router whether it has it.
    #[must_use]
    pub fn sample(&self, scope: &Scope) -> (Method, String) {
        let template = self.template(scope);
        let path = template.split('?').next().unwrap_or_default();
        let filled = fill(path, |_| Ok::<_, std::convert::Infallible>("0".to_owned()));
        (self.method, filled.unwrap_or_else(|never| match never {}))
    }

    fn template(&self, scope: &Scope) -> String {
        let workspace = segment(&scope.workspace);
        let qualified = scope.is_qualified;
        match &self.route {
            Owned(rest) | Any(rest) => format!("/session/{{sessionId}}/{rest}"),
            Workspace(rest) | Named(rest) | Root(rest) if qualified => format!("/workspaces/{workspace}/{rest}"),
            Workspace(rest) => format!("/workspace/{rest}"),
            Named(rest) => format!("/workspace/{workspace}/{rest}"),
            Root(rest) => format!("/{rest}"),
        }
    }
}

/// `template` with each `{name}` replaced by what `value` says.
fn fill<E>(template: &str, mut value: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
    let mut path = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(before);
        path.push_str(&value(name)?);
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// Params as a query: `?a=1&b=2`, or nothing. A `null` is left out, `_meta` and `sessionId` too.
///
/// # Errors
/// `-32602` for a param that is no scalar.
pub fn query(params: &Map<String, Value>) -> Result<String, RpcError> {
    let mut query = String::new();
    for (name, value) in params {
        let value = match value {
            Value::Null => continue,
            _ if name == "_meta" || name == "sessionId" => continue,
            Value::String(text) => segment(text),
            Value::Bool(_) | Value::Number(_) => segment(&value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Err(invalid(format!("`{name}` must be a string, a number or a boolean")));
            }
        };
        let separator = if query.is_empty() { '?' } else { '&' };
        write!(query, "{separator}{}={value}", segment(name)).expect("a String takes every write");
    }
    Ok(query)
}

fn invalid(message: String) -> RpcError {
    RpcError::new(code::INVALID_PARAMS, message)
}
