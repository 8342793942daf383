//! Questions that the comparison with the original has no use for.

use std::fs;

use anyhow::Context;
use http_body_util::Full;
use hyper::Method;
use roost_core::{EventType, client::segment};
use roost_tests::{
    client::{
        Client,
        record::{Exchange, Record},
    },
    daemon::{Daemon, Setup},
    fake_model::{FakeModel, Script, Step},
    git,
    routes::{self, Names},
};
use serde_json::{Value, json};

/// What the list for the comparison leaves out: additions of Roost's, questions that wait, groups, folders that come and go, git.
pub(crate) async fn asked_and_answered() -> anyhow::Result<Vec<Exchange>> {
    let write = |name: &str| vec![Step::tool_call("write_file", json!({"file_path": name, "content": "kept\n"}))];
    let said = |text: &str| vec![Step::text(text)];
    let turns = [said("Hello."), write("one.txt"), said("Done."), write("two.txt"), said("Done.")];
    let model = FakeModel::start(Script::turns(turns)).await?;
    let daemon = Setup::new().model(&model).arg("--enable-session-shell").start().await?;
    let record = Record::default();
    let scene = Scene { client: daemon.client()?.recorded(&record), daemon };
    scene.daemons_own().await?;
    scene.sessions().await?;
    scene.questions().await?;
    scene.files().await?;
    scene.git().await?;
    scene.workspaces().await?;
    scene.order().await?;
    scene.strangers().await?;
    scene.last_things().await?;
    Ok(record.take())
}

struct Scene {
    client: Client,
    daemon: Daemon,
}

impl Scene {
    async fn daemons_own(&self) -> anyhow::Result<()> {
        for path in ["/metrics", "/openapi.json", "/health?deep", "/workspace/auth/providers", "/no/such/thing"] {
            self.client.get(path).await?;
        }
        self.client.post("/auth/exchange", &json!({"code": "guessed"})).await?;
        self.client.post("/auth/exchange", &json!({})).await?;
        let stranger = self.client.clone().without_token();
        for route in ["/capabilities", "/daemon/status", "/openapi.json", "/metrics"] {
            stranger.get(route).await?;
        }
        let provider =
            json!({"providerId": "custom-openai-compatible", "apiKey": "k", "modelIds": ["m"], "protocol": "openai"});
        for base_url in ["ftp://x", "http://127.0.0.1:9/v1"] {
            let mut body = provider.clone();
            body["baseUrl"] = base_url.into();
            self.both("POST", "/auth/provider", body).await?;
        }
        let known = self.client.get("/workspace/auth/providers").await?.ok()?;
        let preset = known["providers"].as_array().into_iter().flatten().find(|preset| preset["envKey"].is_string());
        let id = preset.context("there is a provider that is known by name")?["id"].clone();
        self.both("POST", "/auth/provider", json!({"providerId": id, "apiKey": "k"})).await?;
        for path in ["/auth/device-flow", "/auth/device-flow/none"] {
            self.both(if path.ends_with("none") { "DELETE" } else { "POST" }, path, json!({"providerId": "nobody"}))
                .await?;
        }
        self.both("GET", "/auth/device-flow/none", Value::Null).await
    }

    async fn sessions(&self) -> anyhow::Result<()> {
        let attached = self.client.post("/session", &json!({"sourceType": "test", "sourceId": "1"})).await?.ok()?;
        let session = attached["sessionId"].as_str().context("a session has an id")?.to_owned();
        self.client.turn(&session, "hello").await?;
        self.client.post("/session", &json!({})).await?;
        let named = format!("/session/{session}");
        for (method, body) in [("PUT", json!({"meta": {"a": 1}})), ("PATCH", json!({"meta": {"a": null, "b": [2]}}))] {
            self.ask(method, &format!("{named}/_meta"), body).await?;
            self.ask(method, &format!("{named}/_meta"), json!({"meta": 7})).await?;
            self.ask(method, "/session/nobody/_meta", json!({"meta": {}})).await?;
        }
        for method in ["GET", "DELETE"] {
            self.ask(method, &format!("{named}/_meta"), Value::Null).await?;
            self.ask(method, "/session/nobody/_meta", Value::Null).await?;
        }
        let client = self.client.clone().with_client_id(attached["clientId"].as_str().unwrap_or_default());
        client.post(&format!("{named}/heartbeat"), &json!({})).await?;
        client.post(&format!("{named}/shell"), &json!({"command": "echo hi"})).await?;
        self.client.post(&format!("{named}/model"), &json!({"modelId": "nobody's"})).await?;
        let context = self.client.get(&format!("{named}/context")).await?.ok()?;
        let model = json!({"modelId": context["state"]["models"]["currentModelId"]});
        self.client.post(&format!("{named}/model"), &model).await?;
        self.client.post(&format!("{named}/continue"), &json!({})).await?;
        for format in ["md", "jsonl"] {
            self.client.get(&format!("{named}/export?format={format}")).await?;
        }
        self.client.get(&format!("{named}/transcript?limit=1&beforeRecordId=nothing")).await?;
        self.client.get(&format!("{named}/context-usage?detail=true")).await?;
        self.client.get("/daemon/status?detail=full").await?;
        Ok(())
    }

    /// A question waits: how that looks in status and list, and how it is answered.
    async fn questions(&self) -> anyhow::Result<()> {
        let session = self.client.new_session().await?;
        let accepted = self.client.prompt(&session, "Write a note").await?;
        let mut stream = self.client.events(&session).from(accepted.cursor()).open().await?;
        let events = stream.until_type(EventType::PermissionRequest).await?;
        let request = events.last().and_then(|event| event.data["requestId"].as_str()).context("a request id")?;
        let waiting = self.client.prompt(&session, "And then").await?;
        let named = format!("/session/{session}");
        for path in ["status", "pending-prompts", "turns/current", "mid-turn-messages", "context", "stats"] {
            self.client.get(&format!("{named}/{path}")).await?;
        }
        self.client
            .post(&format!("{named}/mid-turn-message"), &json!({"message": "by the way", "messageId": "m1"}))
            .await?;
        self.client.get(&format!("{named}/mid-turn-messages")).await?;
        self.client.delete(&format!("{named}/mid-turn-messages/m1")).await?;
        self.client.get(&format!("/workspace/{}/sessions?view=organized&group=ungrouped", self.selector())).await?;
        self.client.get("/health?deep=true").await?;
        self.client.delete(&format!("{named}/pending-prompts/{}", waiting.prompt_id)).await?;
        self.client.allow(&session, request, "no-such-option").await?;
        self.client.allow(&session, request, "proceed_once").await?;
        self.client.allow(&session, request, "proceed_once").await?;
        self.client.post(&format!("/permission/{request}"), &json!({"outcome": {"outcome": "cancelled"}})).await?;
        stream.until_end_of(&accepted.prompt_id).await?;
        self.client.get(&format!("{named}/turns/{}", accepted.prompt_id)).await?;
        let accepted = self.client.prompt(&session, "Write another note").await?;
        let mut stream = self.client.events(&session).from(accepted.cursor()).open().await?;
        let events = stream.until_type(EventType::PermissionRequest).await?;
        let request = events.last().and_then(|event| event.data["requestId"].as_str()).context("a request id")?;
        self.client.post(&format!("/permission/{request}"), &json!({"outcome": {"outcome": "cancelled"}})).await?;
        stream.until_end_of(&accepted.prompt_id).await?;
        self.client.post(&format!("{named}/cancel"), &json!({})).await?;
        self.client.post(&format!("{named}/load"), &json!({"historyPageSize": 1})).await?;
        Ok(())
    }

    async fn files(&self) -> anyhow::Result<()> {
        fs::write(self.daemon.workspace().join("hello.txt"), "hello\nworld\n")?;
        fs::write(self.daemon.workspace().join("binary"), b"\0\x01\x02")?;
        let written =
            self.client.post("/file/write", &json!({"path": "a.txt", "content": "x", "mode": "create"})).await?;
        let hash = written.ok()?["hash"].clone();
        let edit = json!({"path": "a.txt", "oldText": "x", "newText": "y", "expectedHash": hash});
        let edited = self.client.post("/file/edit", &edit).await?.ok()?;
        let replace = json!({"path": "a.txt", "content": "z", "mode": "replace", "expectedHash": edited["hash"], "lineEnding": "lf"});
        self.client.post("/file/write", &replace).await?;
        for stale in ["/file/edit", "/file/write"] {
            self.client.post(stale, if stale.ends_with("edit") { &edit } else { &replace }).await?;
        }
        let window = self.client.get("/file?path=hello.txt&limit=1").await?.ok()?;
        if let Some(cursor) = window["nextCursor"].as_str() {
            self.client.get(&format!("/file?path=hello.txt&cursor={}", segment(cursor))).await?;
        }
        for query in [
            "/file?path=binary",
            "/file/bytes?path=hello.txt&offset=2&maxBytes=3",
            "/list?path=.&includeIgnored=1",
            "/stat?path=hello.txt",
            "/glob?pattern=*.txt&maxResults=1",
        ] {
            for place in ["", &format!("/workspaces/{}", self.selector())] {
                self.client.get(&format!("{place}{query}")).await?;
                self.client.get(&format!("{place}{}", query.split('?').next().unwrap_or_default())).await?;
            }
        }
        for place in ["", &format!("/workspaces/{}", self.selector())] {
            for (path, kind) in
                [("new.bin", "application/octet-stream"), ("new.bin", "text/plain"), ("", "application/octet-stream")]
            {
                let request = self.client.request(Method::POST, &format!("{place}/file/upload?path={path}"));
                self.client.send(request.header("content-type", kind).body(Full::from("bytes"))?).await?;
            }
        }
        let place = format!("/workspaces/{}", self.selector());
        let new = json!({"path": "b.txt", "content": "x", "mode": "create"});
        let hash = self.client.post(&format!("{place}/file/write"), &new).await?.ok()?["hash"].clone();
        let edit = json!({"path": "b.txt", "oldText": "x", "newText": "y", "expectedHash": hash});
        self.client.post(&format!("{place}/file/edit"), &edit).await?;
        Ok(())
    }

    async fn git(&self) -> anyhow::Result<()> {
        let questions = [
            "git",
            "git/diff",
            "git/diff/file?path=a.txt",
            "git/log?limit=1&all=1",
            "git/branches",
            "git/log/commit?sha=0123",
        ];
        for question in questions {
            self.both("GET", &format!("/{question}"), Value::Null).await?;
        }
        for arguments in
            [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "-m", "First"], &["tag", "v1"]]
        {
            git::run(&self.daemon.workspace(), arguments)?;
        }
        fs::write(self.daemon.workspace().join("a.txt"), "changed\n")?;
        for question in questions {
            self.both("GET", &format!("/{question}"), Value::Null).await?;
        }
        let log = self.client.get("/workspace/git/log?search=first&skip=0").await?.ok()?;
        let sha = log["entries"][0]["sha"].as_str().context("a commit has a name")?.to_owned();
        self.both("GET", &format!("/git/log/commit?sha={sha}"), Value::Null).await?;
        self.both("GET", "/git/log/commit?sha=no", Value::Null).await?;
        self.both("GET", "/git/diff/file", Value::Null).await
    }

    async fn workspaces(&self) -> anyhow::Result<()> {
        let other = self.daemon.home().join("other");
        fs::create_dir_all(&other)?;
        let registered =
            self.client.post("/workspaces", &json!({"cwd": other, "persist": true, "displayName": "Other"})).await?;
        let id = registered.ok()?["id"].as_str().context("a workspace has an id")?.to_owned();
        self.client.post("/workspaces", &json!({"cwd": other})).await?;
        self.ask("PATCH", &format!("/workspaces/{id}"), json!({"displayName": null})).await?;
        self.ask("PATCH", &format!("/workspaces/{id}"), json!({"colour": 1})).await?;
        self.client.get("/workspace-registrations").await?;
        self.ask("DELETE", "/workspace-registrations/none", Value::Null).await?;
        self.ask("DELETE", &format!("/workspace-registrations/{id}"), Value::Null).await?;
        self.client.get("/session/none/status").await?;
        self.ask("DELETE", &format!("/workspaces/{id}"), json!({"force": true})).await?;
        self.ask("DELETE", &format!("/workspaces/{}", self.selector()), json!({})).await?;
        for (path, body) in [
            ("/acp/preheat?timeoutMs=10000", json!({})),
            ("/acp/preheat?timeoutMs=no", json!({})),
            ("/reload", json!({})),
            ("/init", json!({})),
            ("/init", json!({"force": true})),
            ("/init", json!({"force": "yes"})),
            ("/tools/shell/enable", json!({"enabled": false})),
            ("/tools/shell/enable", json!({})),
            ("/trust/request", json!({"desiredState": "trusted"})),
            ("/settings", json!({"scope": "workspace", "key": "ui.hideTips", "value": true})),
            ("/settings", json!({"scope": "workspace", "key": "ui.hideTips", "value": 7})),
            ("/permissions", json!({"scope": "workspace", "ruleType": "ask", "rules": ["Shell(rm *)"]})),
            ("/permissions", json!({"scope": "workspace", "ruleType": "ask", "rules": 7})),
        ] {
            self.both("POST", path, body).await?;
        }
        for path in [
            "/settings",
            "/permissions",
            "/trust",
            "/trust?statusVersion=2",
            "/env",
            "/preflight",
            "/providers",
            "/tools",
            "/acp/status",
        ] {
            self.both("GET", path, Value::Null).await?;
        }
        self.both("GET", "/auth/status", Value::Null).await?;
        self.client.post("/language", &json!({"language": "de", "syncOutputLanguage": true})).await?;
        for method in ["GET", "DELETE", "POST"] {
            for place in ["/acp", &format!("/workspaces/{}/acp", self.selector())] {
                self.ask(method, place, json!({"jsonrpc": "2.0", "id": 1, "method": "session/list"})).await?;
            }
        }
        Ok(())
    }

    async fn order(&self) -> anyhow::Result<()> {
        let session = self.client.new_session().await?;
        let groups = format!("/workspace/{}/session-groups", self.selector());
        let plural = format!("/workspaces/{}/session-groups", self.selector());
        let group = self.client.post(&groups, &json!({"name": "Mine", "color": "#00ff00"})).await?.ok()?;
        self.client.post(&plural, &json!({"name": "Mine", "color": "red"})).await?;
        self.client.post(&plural, &json!({"name": "Yours", "color": "red"})).await?;
        let id = group["group"]["id"].as_str().context("a group has an id")?.to_owned();
        for place in [&groups, &plural] {
            self.client.get(place).await?;
            self.client.patch(&format!("{place}/{id}"), &json!({"order": 3, "color": "blue"})).await?;
            self.client.patch(&format!("{place}/none"), &json!({"name": "x"})).await?;
            self.client.patch(&format!("{place}/{id}"), &json!({"order": 0.5})).await?;
        }
        let arrange = json!({"isPinned": true, "groupId": id, "color": "red"});
        self.client.patch(&format!("/session/{session}/organization"), &arrange).await?;
        self.client.get(&format!("/workspace/{}/sessions?view=organized&group=pinned&size=1", self.selector())).await?;
        self.client.get(&format!("/workspaces/{}/sessions?sourceType=test&sourceId=1", self.selector())).await?;
        self.client.delete(&format!("{groups}/{id}")).await?;
        self.client.delete(&format!("{plural}/{id}")).await?;
        self.ask("DELETE", &format!("/session/{session}"), Value::Null).await?;
        let ids = json!({"sessionIds": [session, "none"]});
        let place = format!("/workspaces/{}", self.selector());
        for (path, body) in [
            ("/sessions/archive", &ids),
            ("/sessions/unarchive", &ids),
            ("/sessions/archive", &json!({"sessionIds": [session], "resolveConflicts": true})),
        ] {
            self.client.post(&format!("{place}{path}"), body).await?;
            self.client.post(path, body).await?;
            self.client.post(&format!("{place}{path}"), &json!({"sessionIds": 7})).await?;
        }
        self.client.get(&format!("{place}/session/{session}/archive/export?format=json")).await?;
        self.client.get(&format!("{place}/session/{session}/export")).await?;
        self.client.get(&format!("{place}/session/{session}/transcript")).await?;
        self.client.post(&format!("/session/{session}/load"), &json!({})).await?;
        self.client.get(&format!("{place}/sessions?archiveState=archived")).await?;
        self.client.get(&format!("{place}/sessions/live-state")).await?;
        self.client.post(&format!("{place}/sessions/delete"), &ids).await?;
        self.client.post(&format!("{place}/sessions/delete"), &json!({})).await?;
        Ok(())
    }

    /// Every route, asked without a token.
    async fn strangers(&self) -> anyhow::Result<()> {
        let stranger = self.client.clone().without_token();
        let workspace = self.selector();
        for route in routes::all() {
            let path = route.named(Names { session: "none", workspace: &workspace, other: "none" });
            let request = stranger.request(Method::from_bytes(route.method.as_bytes())?, &path);
            stranger.head(request.body(Full::default())?).await?;
        }
        Ok(())
    }

    /// What nobody comes back from: the folder has to be trusted, and the agent is another one.
    async fn last_things(&self) -> anyhow::Result<()> {
        self.both("GET", "/auth/providers", Value::Null).await?;
        self.both("POST", "/acp/restart?timeoutMs=60000", json!({})).await?;
        let folder = self.daemon.workspace().display().to_string();
        fs::write(self.daemon.home().join("trustedFolders.json"), json!({folder: "TRUST_FOLDER"}).to_string())?;
        fs::write(self.daemon.home().join("settings.json"), r#"{"security": {"folderTrust": {"enabled": true}}}"#)?;
        self.both("POST", "/trust/request", json!({"desiredState": "untrusted", "reason": "a test"})).await?;
        self.both("GET", "/trust", Value::Null).await
    }

    /// One question about the workspace, by both of its paths.
    async fn both(&self, method: &str, path: &str, body: Value) -> anyhow::Result<()> {
        self.ask(method, &format!("/workspaces/{}{path}", self.selector()), body.clone()).await?;
        self.ask(method, &format!("/workspace{path}"), body).await
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> anyhow::Result<()> {
        let request = self.client.request(Method::from_bytes(method.as_bytes())?, path);
        let request = request.header("accept", "*/*").header("content-type", "application/json");
        let body = if body.is_null() { Full::default() } else { Full::from(body.to_string()) };
        self.client.head(request.body(body)?).await?;
        Ok(())
    }

    fn selector(&self) -> String {
        segment(&self.daemon.workspace().display().to_string())
    }
}
