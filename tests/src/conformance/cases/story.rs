//! Requests that follow from one another: what an answer names is what the next is about.

use serde_json::{Value, json};

use super::Case;

/// Told in this order; each step is a method, a path and a body.
type Step = (&'static str, &'static str, Value);

pub(super) fn all() -> Vec<Case> {
    let stories: [(&str, Vec<Step>); 9] = [
        ("groups", groups()),
        ("files", files()),
        ("a repository", repository()),
        ("a shell", shell()),
        ("artifacts", artifacts()),
        ("prompts", prompts()),
        ("put away and got back", archive()),
        ("workspaces", workspaces()),
        ("signing in", sign_in()),
    ];
    stories.into_iter().flat_map(|(story, steps)| told(story, steps)).collect()
}

/// Told at the very end: another model may be the default one afterwards.
pub(super) fn provider() -> Vec<Case> {
    let path = "/workspace/auth/provider";
    let other = "/workspaces/WORKSPACE/session-groups";
    told(
        "a provider",
        vec![
            ("POST", path, json!({"providerId": "deepseek", "apiKey": "sk-none"})),
            ("POST", path, json!({"providerId": "deepseek", "apiKey": "sk-none", "modelIds": ["deepseek-chat"]})),
            (
                "POST",
                path,
                json!({"providerId": "deepseek", "apiKey": "sk-none", "baseUrl": "https://models.example/v1"}),
            ),
            ("POST", path, json!({"providerId": "custom-openai-compatible", "apiKey": "sk-none", "modelIds": ["m"]})),
            (
                "POST",
                path,
                json!({"providerId": "custom-openai-compatible", "apiKey": "sk-none", "modelIds": ["m"], "baseUrl": "http://127.0.0.1:1/v1"}),
            ),
            ("GET", "/workspace/auth/providers", Value::Null),
            ("GET", other, Value::Null),
        ],
    )
}

fn told(story: &str, steps: Vec<Step>) -> Vec<Case> {
    let case = |(number, (method, path, body)): (usize, Step)| {
        let name = format!("{story}, {}: {method} {path}", number + 1);
        let body = match body {
            Value::Null => String::new(),
            Value::String(bytes) => bytes,
            body => body.to_string(),
        };
        let case = Case { keeps_its_session: true, ..Case::new(name, method, path.to_owned(), body) };
        let is_by_client = path.ends_with("/shell") || path.contains("/artifacts");
        if is_by_client { case.by("CLIENT") } else { case }
    };
    steps.into_iter().enumerate().map(case).collect()
}

fn groups() -> Vec<Step> {
    let (groups, one) = ("/workspace/WORKSPACE/session-groups", "/workspace/WORKSPACE/session-groups/GROUP");
    vec![
        ("POST", groups, json!({"name": "Story", "color": "#a0b1c2"})),
        ("PATCH", one, json!({"name": "Renamed", "color": "green", "order": 7})),
        ("PATCH", "/session/SESSION/organization", json!({"groupId": "GROUP", "color": "red", "isPinned": true})),
        ("GET", "/workspace/WORKSPACE/sessions?view=organized&group=GROUP", Value::Null),
        ("GET", "/workspace/WORKSPACE/sessions?view=organized&size=1", Value::Null),
        ("PATCH", "/workspaces/WORKSPACE/session-groups/GROUP", json!({"order": 1})),
        ("DELETE", one, Value::Null),
        ("PATCH", "/session/SESSION/organization", json!({"isPinned": false, "color": null, "groupId": null})),
    ]
}

fn files() -> Vec<Step> {
    let edit = json!({"path": "hello.txt", "oldText": "world", "newText": "there", "expectedHash": "HASH"});
    let replace = json!({"path": "hello.txt", "content": "hello\nworld\n", "mode": "replace", "expectedHash": "HASH"});
    let ambiguous = json!({"path": "hello.txt", "oldText": "l", "newText": "b", "expectedHash": "HASH"});
    let absent = json!({"path": "hello.txt", "oldText": "xyz", "newText": "b", "expectedHash": "HASH"});
    vec![
        ("GET", "/file?path=hello.txt", Value::Null),
        ("POST", "/file/edit", edit.clone()),
        ("POST", "/file/write", replace),
        ("POST", "/file/edit", ambiguous),
        ("POST", "/file/edit", absent),
        ("POST", "/workspaces/WORKSPACE/file/edit", edit),
        ("POST", "/file/upload?path=up.bin", json!("bytes")),
        ("POST", "/file/upload?path=up.bin", json!("other bytes")),
        ("POST", "/workspaces/WORKSPACE/file/upload?path=up.bin", json!("more bytes")),
        ("POST", "/file/upload?path=no%2Fsuch%2Ffolder.bin", json!("bytes")),
        ("POST", "/workspaces/WORKSPACE/file/write", json!({"path": "plural.txt", "content": "x", "mode": "create"})),
        ("GET", "/file/bytes?path=up.bin", Value::Null),
    ]
}

fn repository() -> Vec<Step> {
    [
        "/workspace/git/log?limit=1",
        "/workspace/git/log/commit?sha=COMMIT",
        "/workspaces/WORKSPACE/git/log/commit?sha=COMMIT",
        "/workspaces/WORKSPACE/git/diff/file?path=hello.txt",
    ]
    .map(|path| ("GET", path, Value::Null))
    .to_vec()
}

fn shell() -> Vec<Step> {
    let path = "/session/SESSION/shell";
    vec![("POST", path, json!({"command": "echo hello"})), ("POST", path, json!({"command": "exit 3"}))]
}

fn artifacts() -> Vec<Step> {
    let all = "/session/SESSION/artifacts";
    let (one, content) = ("/session/SESSION/artifacts/ARTIFACT", "/session/SESSION/artifacts/ARTIFACT/content");
    let link =
        json!({"title": "A page", "url": "https://example.org/page", "description": "To read", "metadata": {"a": 1}});
    let more = json!({"title": "A page", "url": "https://example.org/page", "metadata": {"b": true}});
    let kept = json!({"title": "Kept", "managedId": "m-1", "mimeType": "text/plain", "sizeBytes": 3, "retention": "ephemeral"});
    vec![
        ("POST", all, link.clone()),
        ("POST", all, link),
        ("POST", all, more),
        ("POST", all, json!({"title": "Not there", "workspacePath": "not/there.html"})),
        ("POST", all, kept),
        ("GET", content, Value::Null),
        ("DELETE", one, Value::Null),
        ("DELETE", one, Value::Null),
        ("POST", all, json!({"title": "Hello", "workspacePath": "./hello.txt"})),
        ("GET", all, Value::Null),
        ("GET", content, Value::Null),
        ("POST", all, json!({"title": "Nowhere"})),
        ("POST", all, json!({"title": "A key", "url": "https://example.org/?api_key=x"})),
    ]
}

fn prompts() -> Vec<Step> {
    let text = json!([{"type": "text", "text": "hi"}]);
    vec![
        ("POST", "/session/SESSION/prompt", json!({"prompt": text, "_meta": {"a": 1}})),
        ("GET", "/session/SESSION/turns/PROMPT", Value::Null),
        ("DELETE", "/session/SESSION/pending-prompts/PROMPT", Value::Null),
        ("GET", "/session/SESSION/turns/current", Value::Null),
        ("GET", "/session/SESSION/transcript?limit=1", Value::Null),
        ("GET", "/session/SESSION/transcript?cursor=CURSOR", Value::Null),
        ("GET", "/workspaces/WORKSPACE/session/SESSION/transcript?limit=1", Value::Null),
        ("GET", "/session/SESSION/context", Value::Null),
        ("POST", "/session/SESSION/model", json!({"modelId": "MODEL"})),
        ("POST", "/session/SESSION/approval-mode", json!({"mode": "default", "persist": true})),
        ("PATCH", "/session/SESSION/metadata", json!({})),
    ]
}

fn archive() -> Vec<Step> {
    let ids = json!({"sessionIds": ["OTHER"]});
    vec![
        ("POST", "/session", json!({"sessionScope": "thread"})),
        ("POST", "/session/OTHER/prompt", json!({"prompt": [{"type": "text", "text": "hi"}]})),
        ("DELETE", "/session/OTHER", Value::Null),
        ("GET", "/session/OTHER/status", Value::Null),
        ("GET", "/session/OTHER/transcript", Value::Null),
        ("POST", "/sessions/archive", ids.clone()),
        ("POST", "/sessions/archive", ids.clone()),
        ("POST", "/session/OTHER/load", json!({})),
        ("GET", "/session/OTHER/transcript", Value::Null),
        ("GET", "/session/OTHER/export?format=json", Value::Null),
        ("GET", "/workspaces/WORKSPACE/session/OTHER/archive/export?format=json", Value::Null),
        ("GET", "/workspace/WORKSPACE/sessions?archiveState=archived", Value::Null),
        ("POST", "/sessions/unarchive", ids.clone()),
        ("POST", "/workspaces/WORKSPACE/sessions/unarchive", ids.clone()),
        ("POST", "/session/OTHER/load", json!({})),
        ("DELETE", "/session/OTHER", Value::Null),
        ("POST", "/session/OTHER/resume", json!({})),
        ("POST", "/session/OTHER/detach", json!({})),
        ("POST", "/workspaces/WORKSPACE/sessions/archive", ids.clone()),
        ("POST", "/workspaces/WORKSPACE/sessions/delete", ids.clone()),
        ("POST", "/sessions/delete", ids),
        ("POST", "/session/OTHER/load", json!({})),
    ]
}

fn workspaces() -> Vec<Step> {
    vec![
        ("POST", "/workspaces", json!({"cwd": "SECOND", "displayName": "Second"})),
        ("POST", "/workspaces", json!({"cwd": "SECOND"})),
        ("PATCH", "/workspaces/REGISTRATION", json!({"displayName": "Renamed"})),
        ("GET", "/capabilities", Value::Null),
        ("GET", "/workspaces/REGISTRATION/sessions", Value::Null),
        ("GET", "/workspaces/nowhere/sessions", Value::Null),
        ("DELETE", "/workspaces/REGISTRATION", json!({})),
        ("DELETE", "/workspaces/REGISTRATION", json!({})),
        ("POST", "/workspaces", json!({"cwd": "SECOND", "persist": true})),
        ("GET", "/workspace-registrations", Value::Null),
        ("DELETE", "/workspace-registrations/REGISTRATION", Value::Null),
        ("DELETE", "/workspaces/REGISTRATION", json!({"force": true})),
    ]
}

fn sign_in() -> Vec<Step> {
    let one = "/workspace/auth/device-flow/FLOW";
    let begin = ("POST", "/workspace/auth/device-flow", json!({"providerId": "qwen-oauth"}));
    vec![
        ("GET", "/workspace/auth/status", Value::Null),
        begin.clone(),
        ("GET", one, Value::Null),
        begin,
        ("GET", "/workspace/auth/status", Value::Null),
        ("DELETE", one, Value::Null),
        ("DELETE", one, Value::Null),
        ("GET", one, Value::Null),
    ]
}
