//! Every route of the daemon: a body it would accept, what it reads of bodies and queries, and in which ways it can be asked badly.
//!
//! Tests hold the list against the router and its sources, so that a new route meets strangers and bad input, too.

mod bodies;
mod column;
mod field;
mod parameter;
mod queries;
mod wrong;

use self::{bodies::BODIES, queries::QUERIES};
pub use self::{
    column::{Cell, Column},
    field::{Field, Refusal},
    parameter::Parameter,
    wrong::Wrong,
};

/// One route. Segments in braces are parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    /// As the router has it: `/session/{id}/load`.
    pub path: String,
    /// The path without what it is mounted below: as the router's source names it.
    pub written: &'static str,
    /// JSON; empty for routes that take none.
    pub body: &'static str,
}

/// What stands in for the parameters of a path.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub session: &'a str,
    /// A workspace's id, or its path percent-encoded.
    pub workspace: &'a str,
    /// Everything else: groups, requests, prompts, tools…
    pub other: &'a str,
}

type Row = (&'static str, &'static str, &'static str);

/// One of each.
const DAEMON: &[Row] = &[
    ("GET", "/health", ""),
    ("GET", "/capabilities", ""),
    ("GET", "/daemon/status", ""),
    ("GET", "/metrics", ""),
    ("GET", "/openapi.json", ""),
    ("POST", "/auth/exchange", r#"{"code":"x"}"#),
    ("POST", "/language", r#"{"language":"en"}"#),
    ("POST", "/workspaces", r#"{"cwd":"/"}"#),
    ("PATCH", "/workspaces/{workspace}", r#"{"displayName":"name"}"#),
    ("DELETE", "/workspaces/{workspace}", "{}"),
    ("GET", "/workspace-registrations", ""),
    ("DELETE", "/workspace-registrations/{registration}", ""),
    ("POST", "/session", r#"{"sessionScope":"thread"}"#),
    ("DELETE", "/session/{id}", ""),
    ("POST", "/session/{id}/load", "{}"),
    ("POST", "/session/{id}/resume", "{}"),
    ("POST", "/session/{id}/detach", "{}"),
    ("POST", "/session/{id}/heartbeat", "{}"),
    ("GET", "/session/{id}/status", ""),
    ("GET", "/session/{id}/context", ""),
    ("GET", "/session/{id}/context-usage", ""),
    ("GET", "/session/{id}/stats", ""),
    ("GET", "/session/{id}/supported-commands", ""),
    ("PATCH", "/session/{id}/metadata", r#"{"displayName":"name"}"#),
    ("PATCH", "/session/{id}/organization", r#"{"isPinned":true}"#),
    ("GET", "/session/{id}/_meta", ""),
    ("PUT", "/session/{id}/_meta", r#"{"meta":{"k":"v"}}"#),
    ("PATCH", "/session/{id}/_meta", r#"{"meta":{"k":"v"}}"#),
    ("DELETE", "/session/{id}/_meta", ""),
    ("GET", "/session/{id}/artifacts", ""),
    ("POST", "/session/{id}/artifacts", r#"{"title":"A link","url":"https://example.org/"}"#),
    ("DELETE", "/session/{id}/artifacts/{artifact}", ""),
    ("GET", "/session/{id}/artifacts/{artifact}/content", ""),
    ("POST", "/session/{id}/prompt", r#"{"prompt":[{"type":"text","text":"hi"}]}"#),
    ("POST", "/session/{id}/cancel", "{}"),
    ("GET", "/session/{id}/pending-prompts", ""),
    ("DELETE", "/session/{id}/pending-prompts/{prompt}", ""),
    ("POST", "/session/{id}/mid-turn-message", r#"{"message":"hi"}"#),
    ("GET", "/session/{id}/mid-turn-messages", ""),
    ("DELETE", "/session/{id}/mid-turn-messages/{message}", ""),
    ("POST", "/session/{id}/continue", "{}"),
    ("POST", "/session/{id}/shell", r#"{"command":"true"}"#),
    ("POST", "/session/{id}/language", r#"{"language":"en"}"#),
    ("POST", "/session/{id}/model", r#"{"modelId":"some-model"}"#),
    ("POST", "/session/{id}/approval-mode", r#"{"mode":"plan"}"#),
    ("POST", "/session/{id}/permission/{request}", r#"{"outcome":{"outcome":"cancelled"}}"#),
    ("POST", "/permission/{request}", r#"{"outcome":{"outcome":"cancelled"}}"#),
    ("GET", "/session/{id}/events", ""),
    ("GET", "/session/{id}/turns/current", ""),
    ("GET", "/session/{id}/turns/{prompt}", ""),
    ("GET", "/session/{id}/transcript", ""),
    ("GET", "/session/{id}/export", ""),
    ("PATCH", "/workspaces/{workspace}/session/{session}/metadata", r#"{"displayName":"name"}"#),
    ("PATCH", "/workspaces/{workspace}/session/{session}/organization", r#"{"isPinned":true}"#),
    ("GET", "/workspaces/{workspace}/session/{session}/transcript", ""),
    ("GET", "/workspaces/{workspace}/session/{session}/export", ""),
    ("GET", "/workspaces/{workspace}/session/{session}/archive/export", ""),
    ("GET", "/workspaces/{workspace}/sessions/live-state", ""),
];

/// Below `/workspace/{id}` and `/workspaces/{workspace}`.
const NAMED: &[Row] = &[
    ("GET", "/sessions", ""),
    ("GET", "/session-info", ""),
    ("GET", "/session-groups", ""),
    ("POST", "/session-groups", r#"{"name":"a","color":"red"}"#),
    ("PATCH", "/session-groups/{group}", r#"{"name":"b"}"#),
    ("DELETE", "/session-groups/{group}", ""),
];

/// Below `/workspace`, for the primary one, and `/workspaces/{workspace}`.
const PRIMARY: &[Row] = &[
    ("GET", "/settings", ""),
    ("POST", "/settings", r#"{"scope":"workspace","key":"ui.hideTips","value":true}"#),
    ("GET", "/permissions", ""),
    ("POST", "/permissions", r#"{"scope":"workspace","ruleType":"allow","rules":[]}"#),
    ("GET", "/trust", ""),
    ("POST", "/trust/request", r#"{"desiredState":"trusted"}"#),
    ("GET", "/env", ""),
    ("GET", "/preflight", ""),
    ("GET", "/providers", ""),
    ("GET", "/tools", ""),
    ("POST", "/tools/{tool}/enable", r#"{"enabled":true}"#),
    ("POST", "/init", "{}"),
    ("POST", "/reload", "{}"),
    ("GET", "/git", ""),
    ("GET", "/git/diff", ""),
    ("GET", "/git/diff/file", ""),
    ("GET", "/git/log", ""),
    ("GET", "/git/log/commit", ""),
    ("GET", "/git/branches", ""),
    ("GET", "/acp/status", ""),
    ("POST", "/acp/preheat", "{}"),
    ("POST", "/acp/restart", "{}"),
    ("GET", "/auth/status", ""),
    ("GET", "/auth/providers", ""),
    ("POST", "/auth/provider", r#"{"providerId":"openai","apiKey":"k"}"#),
    ("POST", "/auth/device-flow", r#"{"providerId":"qwen-oauth"}"#),
    ("GET", "/auth/device-flow/{flow}", ""),
    ("DELETE", "/auth/device-flow/{flow}", ""),
];

/// At the top, for the primary workspace, and below `/workspaces/{workspace}`.
const BARE: &[Row] = &[
    ("POST", "/sessions/archive", r#"{"sessionIds":["none"]}"#),
    ("POST", "/sessions/unarchive", r#"{"sessionIds":["none"]}"#),
    ("POST", "/sessions/delete", r#"{"sessionIds":["none"]}"#),
    ("GET", "/file", ""),
    ("GET", "/file/bytes", ""),
    ("GET", "/stat", ""),
    ("GET", "/list", ""),
    ("GET", "/glob", ""),
    ("POST", "/file/write", r#"{"path":"new.txt","content":"x","mode":"create"}"#),
    ("POST", "/file/edit", r#"{"path":"a","oldText":"a","newText":"b","expectedHash":"sha256:0"}"#),
    ("POST", "/file/upload", ""),
    ("GET", "/acp", ""),
    ("POST", "/acp", r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}"#),
    ("DELETE", "/acp", ""),
];

const MOUNTS: [(&[Row], &[&str]); 4] = [
    (DAEMON, &[""]),
    (NAMED, &["/workspace/{id}", "/workspaces/{workspace}"]),
    (PRIMARY, &["/workspace", "/workspaces/{workspace}"]),
    (BARE, &["", "/workspaces/{workspace}"]),
];

/// Every route.
#[must_use]
pub fn all() -> Vec<Route> {
    let mounted = MOUNTS.iter().flat_map(|(rows, mounts)| {
        let route = |mount: &str, (method, written, body): Row| Route {
            method,
            path: format!("{mount}{written}"),
            written,
            body,
        };
        mounts.iter().flat_map(move |mount| rows.iter().map(move |row| route(mount, *row)))
    });
    mounted.collect()
}

/// Method and path of each, without what it is mounted below: as the router's source names them.
#[must_use]
pub fn as_written() -> Vec<(&'static str, &'static str)> {
    MOUNTS.iter().flat_map(|(rows, _)| rows.iter().map(|(method, path, _)| (*method, *path))).collect()
}

/// Every member of a body, and every parameter of a query, that some route reads: by its last name.
#[must_use]
pub fn names_read() -> Vec<&'static str> {
    let members = BODIES.iter().flat_map(|(_, _, fields)| fields.iter().map(|field| field.name));
    let parameters = QUERIES.iter().flat_map(|(_, _, parameters)| parameters.iter().map(|parameter| parameter.name));
    members.chain(parameters).map(|name| name.rsplit('.').next().unwrap_or(name)).collect()
}

/// Routes of the list of bodies that take none, and routes that take one and are not in it.
#[must_use]
pub fn undeclared() -> Vec<String> {
    let rows = MOUNTS.iter().flat_map(|(rows, _)| rows.iter());
    let is_declared = |method: &str, path: &str| BODIES.iter().any(|body| (body.0, body.1) == (method, path));
    let mut undeclared: Vec<String> = rows
        .filter(|(method, path, body)| body.is_empty() == is_declared(method, path))
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let known = as_written();
    let listed = BODIES.iter().map(|body| (body.0, body.1)).chain(QUERIES.iter().map(|query| (query.0, query.1)));
    undeclared.extend(listed.filter(|row| !known.contains(row)).map(|(method, path)| format!("{method} {path}")));
    undeclared
}

impl Route {
    /// The path with names in the place of its parameters.
    #[must_use]
    pub fn named(&self, names: Names<'_>) -> String {
        let mut before = "";
        let fill = |segment| {
            let is_parameter = str::starts_with(segment, '{');
            let filled = match before {
                "session" if is_parameter => names.session,
                "workspace" | "workspaces" if is_parameter => names.workspace,
                _ if is_parameter => names.other,
                _ => segment,
            };
            before = segment;
            filled
        };
        self.path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    /// It names a session.
    #[must_use]
    pub fn is_about_a_session(&self) -> bool {
        self.path.contains("/session/{")
    }

    /// It names a workspace.
    #[must_use]
    pub fn names_a_workspace(&self) -> bool {
        self.path.contains("/workspace/{") || self.path.starts_with("/workspaces/{")
    }

    /// It does nothing in the name of nobody.
    #[must_use]
    pub fn needs_a_client(&self) -> bool {
        let declares = self.method != "GET" && self.path.contains("/artifacts");
        declares || self.path.ends_with("/shell")
    }

    /// It reads a JSON body.
    #[must_use]
    pub fn takes_json(&self) -> bool {
        !self.body.is_empty()
    }

    /// It reads a body of any kind.
    #[must_use]
    pub fn takes_bytes(&self) -> bool {
        self.written == "/file/upload"
    }

    /// Open to whoever comes: whether the daemon is up, and signing in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.path.as_str(), "/health" | "/auth/exchange")
    }

    /// Its answer is made before anything is routed.
    #[must_use]
    pub fn is_answered_at_the_door(&self) -> bool {
        self.path == "/health"
    }

    /// Whether a request for `path` would be this route's; a query does not matter.
    #[must_use]
    pub fn serves(&self, method: &str, path: &str) -> bool {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let is_one = |(pattern, segment): (&str, &str)| pattern.starts_with('{') || pattern == segment;
        method == self.method
            && self.path.split('/').count() == path.split('/').count()
            && self.path.split('/').zip(path.split('/')).all(is_one)
    }
}

/// The route that a request would take.
#[must_use]
pub fn taken_by(method: &str, path: &str) -> Option<Route> {
    let parameters = |route: &Route| route.path.matches('{').count();
    all().into_iter().filter(|route| route.serves(method, path)).min_by_key(parameters)
}
