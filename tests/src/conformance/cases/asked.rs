//! Single requests that no rule makes up: queries that find something, and bodies that are well formed and still no good.

use serde_json::{Value, json};

use super::Case;

pub(super) fn all() -> Vec<Case> {
    let queries = QUERIES.iter().map(|path| ("GET", *path, String::new()));
    let bodies = bodies().into_iter().map(|(method, path, body)| (method, path, body.to_string()));
    queries.chain(bodies).map(|(method, path, body)| asked(method, path, body)).collect()
}

fn asked(method: &'static str, path: &str, body: String) -> Case {
    let name = format!("{method} {path} {body}").trim_end().to_owned();
    Case::new(name, method, path.to_owned(), body)
}

const QUERIES: &[&str] = &[
    "/health?deep=1",
    "/daemon/status?detail=full",
    "/no/such/route",
    "/session/SESSION/events?snapshot=1",
    "/session/SESSION/context-usage?detail=true",
    "/session/SESSION/transcript?limit=1",
    "/session/SESSION/export?format=json",
    "/session/SESSION/export?format=md",
    "/session/SESSION/export?format=jsonl",
    "/workspace/WORKSPACE/sessions?size=100",
    "/workspace/WORKSPACE/sessions?size=garbage",
    "/workspace/WORKSPACE/sessions?archiveState=archived",
    "/workspace/WORKSPACE/sessions?view=organized",
    "/workspace/WORKSPACE/sessions?view=organized&group=none",
    "/workspace/WORKSPACE/sessions?view=organized&group=pinned",
    "/workspace/relative/sessions",
    "/workspaces/relative/sessions",
    "/file?path=hello.txt",
    "/file?path=hello.txt&line=1&limit=1",
    "/file?path=missing.txt",
    "/file?path=..%2Fescape",
    "/file?path=%2Fetc%2Fpasswd",
    "/file?path=.",
    "/file/bytes?path=hello.txt",
    "/file/bytes?path=hello.txt&offset=2&maxBytes=3",
    "/file/bytes?path=missing.txt",
    "/stat?path=hello.txt",
    "/stat?path=.",
    "/stat?path=missing.txt",
    "/list?path=.",
    "/list?path=missing",
    "/list?path=hello.txt",
    "/glob?pattern=*.txt",
    "/workspaces/WORKSPACE/file?path=hello.txt",
    "/workspaces/WORKSPACE/file/bytes?path=hello.txt",
    "/workspaces/WORKSPACE/stat?path=hello.txt",
    "/workspaces/WORKSPACE/list?path=.",
    "/workspaces/WORKSPACE/glob?pattern=*.txt",
    "/workspace/trust?statusVersion=2",
    "/workspace/git/diff/file?path=hello.txt",
    "/workspace/git/log?limit=1",
];

fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let vote = "/session/SESSION/permission/nothing";
    let no_hash = json!({"path": "hello.txt", "content": "x", "mode": "replace"});
    let missing = json!({"path": "missing.txt", "oldText": "a", "newText": "b", "expectedHash": NO_HASH});
    vec![
        ("POST", "/session", json!({"cwd": "/somewhere/else"})),
        ("POST", "/session", json!({"cwd": "WORKSPACE", "sessionScope": "thread"})),
        ("POST", "/session", json!({"sessionScope": "single"})),
        ("POST", "/session", json!({"sessionScope": "thread", "sourceType": "test", "sourceId": "a"})),
        ("POST", "/session", json!({"sessionScope": "thread", "modelServiceId": "no-such-model"})),
        ("POST", "/session/SESSION/load", json!({"cwd": "/somewhere/else"})),
        ("POST", "/session/SESSION/load", json!({"historyPageSize": 1})),
        ("POST", "/session/SESSION/prompt", json!({"prompt": [{"type": "text", "text": "hi"}], "deadlineMs": 60_000})),
        ("PATCH", "/session/SESSION/organization", json!({"groupId": "nothing"})),
        ("POST", vote, json!({"outcome": {"outcome": "selected", "optionId": "__cancelled__"}})),
        ("POST", "/workspace/WORKSPACE/session-groups", json!({"name": "a", "color": "blue"})),
        ("POST", "/sessions/delete", json!({"sessionIds": ["SESSION-not"]})),
        ("POST", "/file/write", json!({"path": "a.txt", "content": "x"})),
        ("POST", "/file/write", json!({"path": "hello.txt", "content": "x", "mode": "create"})),
        ("POST", "/file/write", no_hash),
        (
            "POST",
            "/file/write",
            json!({"path": "hello.txt", "content": "x", "mode": "replace", "expectedHash": NO_HASH}),
        ),
        ("POST", "/file/write", json!({"path": "../a.txt", "content": "x", "mode": "create"})),
        ("POST", "/file/edit", missing),
        ("POST", "/workspace/settings", json!({"scope": "workspace", "key": "no.such.key", "value": true})),
        ("POST", "/workspace/settings", json!({"scope": "workspace", "key": "ui.hideTips"})),
        ("POST", "/workspaces/WORKSPACE/settings", json!({"scope": "user", "key": "ui.hideTips", "value": true})),
        ("POST", "/workspaces/WORKSPACE/permissions", json!({"scope": "user", "ruleType": "allow", "rules": []})),
        ("POST", "/workspaces", json!({"cwd": "WORKSPACE"})),
        ("POST", "/workspaces", json!({"cwd": "WORKSPACE", "persist": true})),
        ("PATCH", "/workspaces/WORKSPACE", json!({"color": "red"})),
        ("PATCH", "/workspaces/WORKSPACE", json!({"displayName": null})),
        ("POST", "/workspace/auth/provider", json!({"providerId": "nobody", "apiKey": "k"})),
        ("POST", "/workspace/auth/device-flow", json!({"providerId": "nobody"})),
        ("POST", "/acp", json!([])),
        ("POST", "/acp", json!({"jsonrpc": "2.0", "id": 1, "method": "session/list"})),
        ("POST", "/acp", json!({"jsonrpc": "2.0", "id": {}, "method": "session/list"})),
        ("POST", "/acp", json!({"hello": 1})),
    ]
}

/// Of nothing there is.
const NO_HASH: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
