//! Bad input: the documented answer, and nothing changed.

use anyhow::Context;
use http_body_util::Full;
use hyper::Method;
use roost_core::{EventType, client::segment};
use roost_tests::{
    client::{Client, Response, events::Cursor},
    daemon::{Auth, Daemon, Setup, TOKEN},
    routes::{self, Names, Route},
};
use serde_json::{Value, json};

/// Open to whoever comes: whether the daemon is up, and signing in.
fn is_open(route: &Route) -> bool {
    matches!(route.path.as_str(), "/health" | "/auth/exchange")
}

/// Every route that asks for a credential.
fn guarded() -> impl Iterator<Item = Route> {
    routes::all().into_iter().filter(|route| !is_open(route))
}

struct Stage {
    daemon: Daemon,
    client: Client,
    session: String,
    /// Percent-encoded.
    workspace: String,
}

/// What there is to be seen of a daemon, before and after.
#[derive(Debug, PartialEq)]
struct Sight {
    last_event_id: u64,
    status: Value,
    sessions: Value,
    /// Settings, rules, groups, workspaces, sessions on disk: what routes change.
    told: Vec<Value>,
    files: Vec<String>,
}

/// What tells of everything a route could have changed.
const TOLD: &[&str] = &[
    "/capabilities",
    "/workspace-registrations",
    "/workspace/settings",
    "/workspace/permissions",
    "/workspace/tools",
    "/workspace/auth/status",
    "/workspaces/{workspace}/session-groups",
    "/workspaces/{workspace}/session-info",
    "/session/{session}/pending-prompts",
    "/session/{session}/_meta",
];

impl Stage {
    /// A daemon with one session whose stream has settled.
    async fn set() -> anyhow::Result<Self> {
        let daemon = Setup::new().start().await?;
        let client = daemon.client()?;
        let session = client.new_session().await?;
        client.turn(&session, "hello").await?;
        let workspace = segment(&daemon.workspace().display().to_string());
        Ok(Self { daemon, client, session, workspace })
    }

    fn path(&self, path: &str) -> String {
        path.replace("{session}", &self.session)
    }

    /// A route of this stage's own session and workspace.
    fn named(&self, route: &Route) -> String {
        route.named(Names { session: &self.session, workspace: &self.workspace, other: "nothing" })
    }

    /// The request with these headers beside (or, same name, instead of) the client's own; a fresh connection.
    async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> anyhow::Result<String> {
        let host = self.daemon.address().to_string();
        let bearer = format!("Bearer {TOKEN}");
        let mut head = vec![("Host", host.as_str()), ("Authorization", &bearer), ("Connection", "close")];
        head.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        head.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        let length = body.len().to_string();
        head.push(("Content-Length", &length));
        let lines: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("{method} {} HTTP/1.1\r\n{lines}\r\n{body}", self.path(path));
        self.client.raw(request.as_bytes()).await
    }

    /// What the daemon's clients can see.
    async fn state(&self) -> anyhow::Result<Sight> {
        let mut stream = self.client.events(&self.session).from(Cursor::START).open().await?;
        let replay = stream.until_type(EventType::ReplayComplete).await?;
        let last_event_id = replay.iter().filter_map(|event| event.id).max().unwrap_or(0);
        let mut status = self.client.get(&self.path("/session/{session}/status")).await?.ok()?;
        status.as_object_mut().context("an object")?.remove("updatedAt");
        let health = self.client.get("/health?deep=1").await?.ok()?;
        let mut told = Vec::new();
        for path in TOLD {
            told.push(self.client.get(&self.path(path).replace("{workspace}", &self.workspace)).await?.ok()?);
        }
        let mut files: Vec<_> = std::fs::read_dir(self.daemon.workspace())?
            .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
            .collect::<anyhow::Result<_>>()?;
        files.sort();
        Ok(Sight { last_event_id, status, sessions: health["sessions"].clone(), told, files })
    }
}

fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

fn body_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test]
async fn the_daemon_describes_the_routes_that_are_tried_here_and_no_others() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let description = daemon.client()?.get("/openapi.json").await?.ok()?;
    let paths = description["paths"].as_object().context("an OpenAPI description has paths")?;
    let verbs = ["get", "post", "put", "patch", "delete"];
    let of_path = |(path, item): (&String, &Value)| {
        let served: Vec<_> = verbs.iter().filter(|verb| item.get(verb).is_some()).collect();
        served.into_iter().map(|verb| format!("{} {path}", verb.to_uppercase())).collect::<Vec<_>>()
    };
    let mut described: Vec<String> = paths.iter().flat_map(of_path).collect();
    let mut tried: Vec<String> = routes::all().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    described.sort();
    tried.sort();
    let only = |left: &[String], right: &[String]| -> Vec<String> {
        left.iter().filter(|route| !right.contains(route)).cloned().collect()
    };
    assert_eq!((only(&described, &tried), only(&tried, &described)), (vec![], vec![]), "(only there, only here)");
    Ok(())
}

#[tokio::test]
async fn without_the_right_token_every_route_answers_401_and_does_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let (tab, longer) = (format!("Bearer\t{TOKEN}"), format!("Bearer {TOKEN}x"));
    let credentials = ["", "Bearer wrong", "Bearer ", "Basic dXNlcjpwYXNz", &tab, &longer];
    for route in guarded() {
        let (method, path) = (route.method, stage.named(&route));
        for credential in credentials {
            let answer = stage.raw(method, &path, &[("Authorization", credential)], route.body).await?;
            assert_eq!(status_of(&answer), "401", "{method} {path} with «{credential}»: {answer}");
            assert_eq!(body_of(&answer), r#"{"error":"Unauthorized"}"#, "{method} {path}");
            assert!(!answer.to_lowercase().contains("www-authenticate"));
        }
    }
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn a_bearer_may_be_written_in_any_case_and_with_more_spaces() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for credential in [format!("bearer {TOKEN}"), format!("BEARER   {TOKEN}"), format!("Bearer \t {TOKEN}")] {
        let answer = stage.raw("GET", "/capabilities", &[("Authorization", &credential)], "").await?;
        assert_eq!(status_of(&answer), "200", "«{credential}»: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_route_before_anything_else() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let port = stage.daemon.address().port();
    let hosts = [
        "evil.test".to_owned(),
        format!("evil.test:{port}"),
        format!("127.0.0.1.evil.test:{port}"),
        format!("localhost.:{port}"),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        "127.0.0.1".to_owned(),
    ];
    let page = Route { method: "GET", path: "/".to_owned(), body: "" };
    for route in routes::all().into_iter().chain([page]) {
        let (method, path) = (route.method, stage.named(&route));
        for host in &hosts {
            let answer = stage.raw(method, &path, &[("Host", host)], route.body).await?;
            assert_eq!(status_of(&answer), "403", "{method} {path} on {host}: {answer}");
            assert_eq!(body_of(&answer), r#"{"error":"Invalid Host header"}"#);
        }
    }
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn tricks_with_the_host_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let address = stage.daemon.address();
    let tricks = [
        "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        format!("GET /health HTTP/1.1\r\nHost: {address}\r\nHost: evil.test\r\nConnection: close\r\n\r\n"),
        format!("GET http://evil.test/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
    ];
    for trick in tricks {
        let answer = stage.client.raw(trick.as_bytes()).await?;
        assert!(matches!(status_of(&answer), "400" | "403"), "{trick}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_origin_is_refused_on_every_route() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let other_port = format!("http://127.0.0.1:{}", stage.daemon.address().port().wrapping_add(1));
    for route in routes::all() {
        let (method, path) = (route.method, stage.named(&route));
        for origin in ["https://evil.test", "null", &other_port] {
            let answer = stage.raw(method, &path, &[("Origin", origin)], route.body).await?;
            assert_eq!(status_of(&answer), "403", "{method} {path} from {origin}: {answer}");
            assert_eq!(body_of(&answer), r#"{"error":"Request denied by CORS policy"}"#);
            assert!(answer.contains("Vary: Origin") || answer.contains("vary: Origin"), "{answer}");
            assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
        }
    }
    let preflight = [("Origin", "https://evil.test"), ("Access-Control-Request-Method", "POST")];
    let answer = stage.raw("OPTIONS", "/session", &preflight, "").await?;
    assert_eq!(status_of(&answer), "403", "{answer}");
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn the_daemons_own_page_may_call_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let answer = stage.raw("GET", "/capabilities", &[("Origin", &stage.daemon.url())], "").await?;
    assert_eq!(status_of(&answer), "200", "{answer}");
    Ok(())
}

#[tokio::test]
async fn an_unknown_session_is_named_in_a_404() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let unknown = "00000000-0000-4000-8000-000000000000";
    for route in routes::all().iter().filter(|route| route.is_about_a_session()) {
        let path = route.named(Names { session: unknown, workspace: &stage.workspace, other: "nothing" });
        let (method, body) = (route.method, route.body);
        if path.ends_with("/shell") {
            // It is off, which is said first.
            continue;
        }
        let answer = send(&stage.client, method, &path, body).await?;
        let seen = (answer.status, answer.code());
        assert_eq!((seen.0, seen.1.as_deref()), (404, Some("session_not_found")), "{method} {path}: {}", answer.text());
        assert_eq!(answer.json()["sessionId"], unknown);
        assert_eq!(answer.json()["error"], format!("No session with id \"{unknown}\""));
    }
    for id in ["..%2F..%2Fetc", "%00", "a%20b", &"x".repeat(4_000)] {
        let answer = stage.client.post(&format!("/session/{id}/load"), &json!({})).await?;
        assert!(matches!(answer.status, 400 | 404 | 414), "{id}: {}", answer.text());
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_workspace_is_named_in_a_400() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    for route in routes::all().iter().filter(|route| route.names_a_workspace()) {
        let path = route.named(Names { session: &stage.session, workspace: "%2Fsomewhere%2Felse", other: "nothing" });
        let answer = send(&stage.client, route.method, &path, route.body).await?;
        let seen = (answer.status, answer.code());
        assert_eq!(
            (seen.0, seen.1.as_deref()),
            (400, Some("workspace_mismatch")),
            "{} {path}: {}",
            route.method,
            answer.text()
        );
        assert_eq!(answer.json()["requestedWorkspace"], "/somewhere/else", "{path}: {}", answer.text());
    }
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn malformed_and_oversized_bodies_are_refused_before_the_handler() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let oversized = format!(r#"{{"prompt":[{{"type":"text","text":"{}"}}]}}"#, "x".repeat(10 * 1024 * 1024));
    // A message of ACP is refused in JSON-RPC's own words; that the shell is off is said before its command is read.
    let elsewhere = |route: &Route| route.path.ends_with("/acp") || route.path.ends_with("/shell");
    let mut taken = Vec::new();
    for route in routes::all().iter().filter(|route| route.takes_json() && !elsewhere(route)) {
        let (method, path) = (route.method, stage.named(route));
        let malformed = (400, r#"{"error":"Invalid JSON in request body"}"#);
        let too_large = (413, r#"{"error":"Request body too large (max 10 MB)"}"#);
        let tries = ["{", "{\"a\":}", "\"unclosed", "{}x"].map(|body| (body, malformed));
        for (body, (status, text)) in tries.into_iter().chain([(oversized.as_str(), too_large)]) {
            let answer = send(&stage.client, method, &path, body).await;
            let seen = answer.map_or_else(|error| (0, format!("{error:#}")), |answer| (answer.status, answer.text()));
            if (seen.0, seen.1.as_str()) != (status, text) {
                taken.push(format!("{method} {path} with {body:.20}: {seen:?}"));
            }
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn wrong_types_are_named_and_change_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let cases: &[(&str, &str, Value, u16, Option<&str>)] = &[
        ("POST", "/session", json!({"cwd": 7}), 400, None),
        ("POST", "/session", json!({"cwd": "relative/path"}), 400, None),
        ("POST", "/session", json!({"cwd": "/".repeat(5_000)}), 400, None),
        ("POST", "/session", json!({"cwd": "/somewhere/else"}), 400, Some("workspace_mismatch")),
        ("POST", "/session", json!({"sessionScope": "many"}), 400, Some("invalid_session_scope")),
        ("POST", "/session", json!({"approvalMode": "never"}), 400, Some("invalid_approval_mode")),
        ("POST", "/session/{session}/prompt", json!({}), 400, None),
        ("POST", "/session/{session}/prompt", json!({"prompt": "text"}), 400, None),
        ("POST", "/session/{session}/prompt", json!({"prompt": []}), 400, None),
        ("POST", "/session/{session}/prompt", json!({"prompt": ["text"]}), 400, None),
        ("POST", "/session/{session}/prompt", deadline(&json!("soon")), 400, Some("invalid_deadline_ms")),
        ("POST", "/session/{session}/prompt", deadline(&json!(-1)), 400, Some("invalid_deadline_ms")),
        ("POST", "/session/{session}/prompt", deadline(&json!(1.5)), 400, Some("invalid_deadline_ms")),
        ("POST", "/session/{session}/model", json!({}), 400, None),
        ("POST", "/session/{session}/model", json!({"modelId": 3}), 400, None),
        ("POST", "/session/{session}/approval-mode", json!({"mode": "never"}), 400, Some("invalid_approval_mode")),
        (
            "POST",
            "/session/{session}/approval-mode",
            json!({"mode": "plan", "persist": 1}),
            400,
            Some("invalid_persist_flag"),
        ),
        ("PATCH", "/session/{session}/metadata", json!({"displayName": 4}), 400, Some("invalid_metadata")),
        ("PATCH", "/session/{session}/metadata", json!({"displayName": "a\u{7}b"}), 400, Some("invalid_metadata")),
        ("GET", "/session/{session}/events?maxQueued=", Value::Null, 400, Some("invalid_max_queued")),
        ("GET", "/session/{session}/events?maxQueued=15", Value::Null, 400, Some("invalid_max_queued")),
        ("GET", "/session/{session}/events?maxQueued=2049", Value::Null, 400, Some("invalid_max_queued")),
        ("GET", "/session/{session}/events?maxQueued=ten", Value::Null, 400, Some("invalid_max_queued")),
    ];
    for (method, path, body, status, code) in cases {
        let path = stage.path(path);
        let answer = send(&stage.client, method, &path, &body.to_string()).await?;
        let seen = (answer.status, answer.code());
        assert_eq!((seen.0, seen.1.as_deref()), (*status, *code), "{method} {path} {body}: {}", answer.text());
        assert!(answer.json()["error"].as_str().is_some_and(|error| !error.is_empty()), "{}", answer.text());
    }
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn client_ids_are_checked_for_shape_and_for_belonging() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.state().await?;
    let prompt = json!({"prompt": [{"type": "text", "text": "hi"}]});
    let path = "/session/{session}/prompt";
    for bad in ["a b", "ä", "x/y", &"x".repeat(129)] {
        let answer = stage.raw("POST", path, &[("X-Qwen-Client-Id", bad)], &prompt.to_string()).await?;
        assert_eq!(status_of(&answer), "400", "«{bad}»: {answer}");
        assert!(body_of(&answer).contains(r#""code":"invalid_client_id""#), "{answer}");
    }
    let stranger = stage.client.clone().with_client_id("client_of_nobody");
    let answer = stranger.post(&stage.path(path), &prompt).await?;
    assert_eq!((answer.status, answer.code().as_deref()), (400, Some("invalid_client_id")));
    assert_eq!(answer.json()["clientId"], "client_of_nobody");
    assert_eq!(answer.json()["sessionId"], json!(stage.session));
    assert_eq!(stage.state().await?, before);
    Ok(())
}

#[tokio::test]
async fn an_unknown_path_is_a_json_404() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for path in ["/no/such/route", "/session", "/sessionx"] {
        let answer = stage.client.get(path).await?;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(answer.json()["error"].is_string(), "{path}: {}", answer.text());
    }
    Ok(())
}

#[tokio::test]
async fn the_token_made_at_the_first_start_is_private_and_never_printed() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let daemon = Setup::new().auth(Auth::Generated).start().await?;
    let token = daemon.generated_token()?;
    assert!(token.len() >= 32, "{token}");
    let file = daemon.home().join("roost/token");
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    assert_eq!(daemon.client()?.get("/capabilities").await?.status, 200);
    assert_eq!(Client::new(daemon.address()).get("/capabilities").await?.status, 401);
    assert!(!daemon.log().contains(&token), "{}", daemon.log());
    Ok(())
}

#[tokio::test]
async fn the_printed_link_signs_in_once() -> anyhow::Result<()> {
    let daemon = Setup::new().auth(Auth::Generated).start().await?;
    let log = daemon.log();
    let (_, rest) = log.split_once("#code=").with_context(|| format!("a sign-in link is printed: {log}"))?;
    let code: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let stranger = Client::new(daemon.address());
    let wrong = stranger.post("/auth/exchange", &json!({"code": "not-the-code"})).await?;
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    let granted = stranger.post("/auth/exchange", &json!({"code": code})).await?.ok()?;
    let credential = granted["token"].as_str().context("a credential")?;
    assert_ne!(credential, daemon.generated_token()?, "the daemon's own token is never handed out");
    assert_eq!(stranger.clone().with_token(credential).get("/capabilities").await?.status, 200);
    let again = stranger.post("/auth/exchange", &json!({"code": code})).await?;
    assert_eq!(again.status, 401, "a link works once: {}", again.text());
    Ok(())
}

#[tokio::test]
async fn without_a_token_strict_routes_stay_closed() -> anyhow::Result<()> {
    let daemon = Setup::new().auth(Auth::Off).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let answer = client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "x"})).await?;
    assert_eq!((answer.status, answer.code().as_deref()), (401, Some("token_required")));
    client.turn(&session, "hello").await?;
    Ok(())
}

fn deadline(value: &Value) -> Value {
    json!({"prompt": [{"type": "text", "text": "hi"}], "deadlineMs": value})
}

async fn send(client: &Client, method: &str, path: &str, body: &str) -> anyhow::Result<Response> {
    let request = client.request(Method::from_bytes(method.as_bytes())?, path);
    let request = request.header("content-type", "application/json");
    let body = if method == "GET" { String::new() } else { body.to_owned() };
    client.send(request.body(Full::from(body))?).await
}
