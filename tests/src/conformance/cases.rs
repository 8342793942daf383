//! The requests: every route well asked and badly asked.

use serde_json::{Value, json};

use crate::routes::{self, Route};

/// One request. In paths and bodies `SESSION` and `WORKSPACE` stand for the stage's own.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) route: Route,
    pub(super) body: String,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// Its answer has no end: only the head is compared.
    pub(super) is_stream: bool,
    pub(super) ends_the_session: bool,
}

const UNKNOWN_SESSION: &str = "00000000-0000-4000-8000-000000000000";

/// What is Roost's own has nothing to be compared with.
const ADDITIONS: &[&str] = &["/auth/exchange", "/metrics", "/openapi.json", "/_meta", "/git"];

/// Where the original keeps a WebSocket, a JSON-RPC dialogue or a network sign-in behind the route: tried elsewhere.
const ELSEWHERE: &[&str] = &["/auth/device-flow", "/auth/provider"];

pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for route in routes::all().iter().filter(|route| is_compared(route)) {
        cases.extend(of(route));
    }
    cases.extend(queries().iter().map(|(method, path)| asked(method, path, "")));
    cases.extend(bodies().iter().map(|(method, path, body)| asked(method, path, &body.to_string())));
    // What ends things comes last.
    cases.sort_by_key(|case| case.ends_the_session);
    cases
}

fn is_compared(route: &Route) -> bool {
    !route.path.ends_with("/acp") && !ADDITIONS.iter().chain(ELSEWHERE).any(|part| route.path.contains(part))
}

/// A route as it should be asked, about a session and a workspace nobody knows, and with a body that is no JSON, or nothing.
fn of(route: &Route) -> Vec<Case> {
    let case = |what: &str, route: Route, body: &str| Case {
        name: format!("{} {}: {what}", route.method, route.path),
        ends_the_session: what == "good"
            && (route.method == "DELETE" && route.path == "/session/{id}" || route.path.ends_with("/detach")),
        is_stream: route.path.ends_with("/events"),
        body: body.to_owned(),
        content_type: if route.path.ends_with("/upload") { "application/octet-stream" } else { "application/json" },
        headers: Vec::new(),
        route,
    };
    let mut cases = vec![case("good", route.clone(), route.body)];
    if route.is_about_a_session() {
        let mut unknown = case("unknown session", route.clone(), route.body);
        unknown.route.path = route
            .path
            .replace("/session/{id}", &format!("/session/{UNKNOWN_SESSION}"))
            .replace("/session/{session}", &format!("/session/{UNKNOWN_SESSION}"));
        cases.push(unknown);
    }
    if route.names_a_workspace() {
        let mut unknown = case("unknown workspace", route.clone(), route.body);
        unknown.route.path = route
            .path
            .replace("{workspace}", "%2Fsomewhere%2Felse")
            .replace("/workspace/{id}", "/workspace/%2Fsomewhere%2Felse");
        cases.push(unknown);
    }
    if route.takes_json() && !is_terminal(route) {
        cases.push(case("malformed", route.clone(), "{"));
        cases.push(case("an array", route.clone(), "[]"));
        cases.push(case("no fields", route.clone(), "{}"));
        cases.push(Case {
            headers: vec![("x-qwen-client-id", "a b")],
            ..case("a client id no one can have", route.clone(), route.body)
        });
        cases.push(Case {
            headers: vec![("x-qwen-client-id", "client_nobody")],
            ..case("a client nobody knows", route.clone(), route.body)
        });
    }
    cases
}

/// A second copy of it would find nothing left.
fn is_terminal(route: &Route) -> bool {
    route.path.ends_with("/detach") || route.method == "DELETE"
}

fn asked(method: &'static str, path: &str, body: &str) -> Case {
    Case {
        name: format!("{method} {path} {body}").trim_end().to_owned(),
        route: Route { method, path: path.to_owned(), body: "" },
        body: body.to_owned(),
        content_type: "application/json",
        headers: Vec::new(),
        is_stream: path.contains("/events"),
        ends_the_session: false,
    }
}

/// What is asked by query.
fn queries() -> Vec<(&'static str, &'static str)> {
    [
        "/health?deep=1",
        "/daemon/status?detail=full",
        "/daemon/status?detail=everything",
        "/no/such/route",
        "/session/SESSION/events?maxQueued=15",
        "/session/SESSION/events?maxQueued=ten",
        "/session/SESSION/events?maxQueued=",
        "/session/SESSION/events?snapshot=1",
        "/session/SESSION/context-usage?detail=true",
        "/session/SESSION/transcript?limit=0",
        "/session/SESSION/transcript?limit=501",
        "/session/SESSION/transcript?limit=1",
        "/session/SESSION/transcript?cursor=garbage",
        "/session/SESSION/export?format=pdf",
        "/session/SESSION/export?format=json",
        "/workspace/WORKSPACE/sessions?size=100",
        "/workspace/WORKSPACE/sessions?size=garbage",
        "/workspace/WORKSPACE/sessions?archiveState=maybe",
        "/workspace/WORKSPACE/sessions?archiveState=archived",
        "/workspace/WORKSPACE/sessions?view=organized",
        "/workspace/WORKSPACE/sessions?view=strange",
        "/workspace/WORKSPACE/sessions?view=organized&group=none",
        "/workspace/WORKSPACE/sessions?group=all",
        "/workspace/WORKSPACE/sessions?cursor=garbage",
        "/workspace/relative/sessions",
        "/workspaces/relative/sessions",
        "/file?path=hello.txt",
        "/file?path=hello.txt&line=1&limit=1",
        "/file?path=hello.txt&line=0",
        "/file?path=hello.txt&limit=2001",
        "/file?path=hello.txt&maxBytes=0",
        "/file?path=missing.txt",
        "/file?path=..%2Fescape",
        "/file?path=%2Fetc%2Fpasswd",
        "/file?path=.",
        "/file/bytes?path=hello.txt",
        "/file/bytes?path=hello.txt&offset=-1",
        "/file/bytes?path=hello.txt&offset=2&maxBytes=3",
        "/stat?path=hello.txt",
        "/stat?path=missing.txt",
        "/list?path=.",
        "/list?path=missing",
        "/list?path=hello.txt",
        "/glob?pattern=*.txt",
        "/glob?pattern=..%2F*",
        "/glob?pattern=*.txt&maxResults=0",
        "/workspaces/WORKSPACE/file?path=hello.txt",
        "/workspace/trust?statusVersion=2",
    ]
    .into_iter()
    .map(|path| ("GET", path))
    .chain([("POST", "/workspace/acp/preheat?timeoutMs=0"), ("POST", "/workspace/acp/preheat?timeoutMs=garbage")])
    .collect()
}

/// Wrong types, missing fields, values out of bounds.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let text = json!([{"type": "text", "text": "hi"}]);
    vec![
        ("POST", "/session", json!({"cwd": 7})),
        ("POST", "/session", json!({"cwd": "relative/path"})),
        ("POST", "/session", json!({"cwd": "/somewhere/else"})),
        ("POST", "/session", json!({"cwd": "WORKSPACE", "sessionScope": "thread"})),
        ("POST", "/session", json!({"sessionScope": "many"})),
        ("POST", "/session", json!({"approvalMode": "never"})),
        ("POST", "/session", json!({"sessionId": "not-a-uuid"})),
        ("POST", "/session", json!({"sourceType": 4})),
        ("POST", "/session", json!({"sessionScope": "single"})),
        ("POST", "/session/SESSION/load", json!({"cwd": "/somewhere/else"})),
        ("POST", "/session/SESSION/load", json!({"historyPageSize": 0})),
        ("POST", "/session/SESSION/load", json!({"approvalMode": "never"})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": "text"})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": []})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": ["text"]})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": text, "deadlineMs": "soon"})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": text, "deadlineMs": -1})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": text, "deadlineMs": 1.5})),
        ("POST", "/session/SESSION/model", json!({"modelId": 3})),
        ("POST", "/session/SESSION/approval-mode", json!({"mode": "never"})),
        ("POST", "/session/SESSION/approval-mode", json!({"mode": "plan", "persist": 1})),
        ("PATCH", "/session/SESSION/metadata", json!({"displayName": 4})),
        ("PATCH", "/session/SESSION/metadata", json!({"displayName": ""})),
        ("PATCH", "/session/SESSION/metadata", json!({"displayName": "a\u{7}b"})),
        ("PATCH", "/session/SESSION/organization", json!({"isPinned": "yes"})),
        ("PATCH", "/session/SESSION/organization", json!({"groupId": "nothing"})),
        ("PATCH", "/session/SESSION/organization", json!({"color": "mauve"})),
        ("POST", "/session/SESSION/permission/nothing", json!({"outcome": "yes"})),
        ("POST", "/session/SESSION/permission/nothing", json!({"outcome": {"outcome": "selected"}})),
        (
            "POST",
            "/session/SESSION/permission/nothing",
            json!({"outcome": {"outcome": "selected", "optionId": "__cancelled__"}}),
        ),
        ("POST", "/session/SESSION/mid-turn-message", json!({"message": "  "})),
        ("POST", "/session/SESSION/mid-turn-message", json!({"message": 7})),
        ("POST", "/session/SESSION/language", json!({"language": "klingon"})),
        ("POST", "/session/SESSION/language", json!({"language": "en", "syncOutputLanguage": "yes"})),
        ("POST", "/session/SESSION/shell", json!({"command": 1})),
        ("POST", "/workspace/WORKSPACE/session-groups", json!({"name": "", "color": "red"})),
        ("POST", "/workspace/WORKSPACE/session-groups", json!({"name": "x", "color": "mauve"})),
        ("POST", "/workspace/WORKSPACE/session-groups", json!({"name": "a", "color": "blue"})),
        ("POST", "/sessions/archive", json!({"sessionIds": []})),
        ("POST", "/sessions/archive", json!({"sessionIds": "x"})),
        ("POST", "/sessions/archive", json!({"sessionIds": [1]})),
        ("POST", "/sessions/delete", json!({"sessionIds": []})),
        ("POST", "/file/write", json!({"path": "a.txt", "content": "x"})),
        ("POST", "/file/write", json!({"path": "a.txt", "content": 1, "mode": "create"})),
        ("POST", "/file/write", json!({"path": "hello.txt", "content": "x", "mode": "create"})),
        ("POST", "/file/write", json!({"path": "hello.txt", "content": "x", "mode": "replace"})),
        (
            "POST",
            "/file/write",
            json!({"path": "hello.txt", "content": "x", "mode": "replace", "expectedHash": "sha256:0"}),
        ),
        ("POST", "/file/write", json!({"path": "../a.txt", "content": "x", "mode": "create"})),
        ("POST", "/file/edit", json!({"path": "hello.txt", "oldText": "", "newText": "b", "expectedHash": "sha256:0"})),
        (
            "POST",
            "/file/edit",
            json!({"path": "missing.txt", "oldText": "a", "newText": "b", "expectedHash": "sha256:0"}),
        ),
        ("POST", "/workspace/settings", json!({"scope": "planet", "key": "ui.theme", "value": "x"})),
        ("POST", "/workspace/settings", json!({"scope": "workspace", "key": 4, "value": true})),
        ("POST", "/workspace/settings", json!({"scope": "workspace", "key": "no.such.key", "value": true})),
        ("POST", "/workspace/permissions", json!({"scope": "planet", "ruleType": "allow", "rules": []})),
        ("POST", "/workspace/permissions", json!({"scope": "workspace", "ruleType": "perhaps", "rules": []})),
        ("POST", "/workspace/permissions", json!({"scope": "workspace", "ruleType": "allow", "rules": "x"})),
        ("POST", "/workspace/trust/request", json!({"desiredState": "maybe"})),
        ("POST", "/workspace/trust/request", json!({"desiredState": "trusted", "reason": 4})),
        ("POST", "/workspace/tools/read_file/enable", json!({"enabled": "yes"})),
        ("POST", "/workspace/init", json!({"force": "yes"})),
        ("POST", "/workspaces", json!({"cwd": "relative"})),
        ("POST", "/workspaces", json!({"cwd": "WORKSPACE"})),
        ("POST", "/workspaces", json!({"cwd": "/nowhere/at/all"})),
        ("POST", "/workspaces", json!({"cwd": "WORKSPACE", "persist": 4})),
        ("POST", "/workspaces", json!({"cwd": "WORKSPACE", "displayName": null})),
        ("PATCH", "/workspaces/WORKSPACE", json!({"displayName": 4})),
        ("PATCH", "/workspaces/WORKSPACE", json!({"color": "red"})),
        ("DELETE", "/workspaces/WORKSPACE", json!({"force": "yes"})),
        ("POST", "/workspace/auth/provider", json!({"providerId": "nobody", "apiKey": "k"})),
        ("POST", "/workspace/auth/provider", json!({"apiKey": "k"})),
        ("POST", "/workspace/auth/device-flow", json!({"providerId": "nobody"})),
        ("POST", "/workspace/auth/device-flow", json!({})),
        ("GET", "/workspace/auth/device-flow/nothing", json!({})),
        ("DELETE", "/workspace/auth/device-flow/nothing", json!({})),
        ("POST", "/acp", json!([])),
        ("POST", "/acp", json!({"jsonrpc": "2.0", "id": 1, "method": "session/list"})),
        ("POST", "/acp", json!({"hello": 1})),
        ("GET", "/acp", json!({})),
        ("DELETE", "/acp", json!({})),
    ]
}
