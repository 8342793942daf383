use roost_server::config::TokenSource;

use crate::daemon::{Running, TOKEN, bearer, request, running};

/// Open and closed routes, the page, and a path that is nothing.
const TARGETS: [&str; 7] = [
    "GET /health",
    "GET /capabilities",
    "GET /",
    "POST /auth/exchange",
    "GET /session/s/status",
    "PATCH /session/s/metadata",
    "DELETE /nowhere",
];

async fn with_hosts(daemon: &Running, target: &str, hosts: &[String]) -> u16 {
    let auth = bearer(TOKEN);
    let lines: Vec<String> = hosts.iter().map(|host| format!("Host: {host}")).collect();
    let headers: Vec<&str> = lines.iter().map(String::as_str).chain([auth.as_str()]).collect();
    daemon.raw(&request(target, &headers, "")).await.status
}

#[tokio::test]
async fn a_request_for_another_name_is_refused_before_it_is_routed() {
    let daemon = running(|_| {}).await;
    let port = daemon.address().port();
    for target in TARGETS {
        for name in ["evil.test", "127.0.0.1.evil.test", "localhost.", "192.168.1.5", "127.1", "0.0.0.0"] {
            assert_eq!(with_hosts(&daemon, target, &[format!("{name}:{port}")]).await, 403, "{target} for {name}");
        }
        let good = format!("localhost:{port}");
        for hosts in
            [vec![], vec!["localhost".to_owned()], vec![format!("localhost:{}", port ^ 1)], vec![good.clone(), good]]
        {
            assert_eq!(with_hosts(&daemon, target, &hosts).await, 403, "{target} for {hosts:?}");
        }
    }
    let answer = daemon.raw(&request("GET /health", &["Host: evil.test"], "")).await;
    assert_eq!(answer.text(), r#"{"error":"Invalid Host header"}"#);
}

#[tokio::test]
async fn every_loopback_name_with_the_port_is_ours() {
    let daemon = running(|_| {}).await;
    let port = daemon.address().port();
    for name in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "host.docker.internal"] {
        assert_eq!(with_hosts(&daemon, "GET /health", &[format!("{name}:{port}")]).await, 200, "{name}");
    }
}

#[tokio::test]
async fn a_whole_url_as_target_must_name_us_too() {
    let daemon = running(|_| {}).await;
    let host = daemon.host();
    assert_eq!(with_hosts(&daemon, &format!("GET http://{host}/health"), std::slice::from_ref(&host)).await, 200);
    assert_eq!(with_hosts(&daemon, "GET http://evil.test/health", &[host]).await, 403);
}

#[tokio::test]
async fn a_lan_bind_checks_names_as_well() {
    let daemon = running(|config| {
        config.hostname = "0.0.0.0".to_owned();
        config.allow_hosts = vec!["box.lan".to_owned()];
    })
    .await;
    let port = daemon.address().port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        ("box.lan".to_owned(), 200),
        ("box.lan:8080".to_owned(), 200),
        (format!("evil.test:{port}"), 403),
        (format!("192.168.1.5:{port}"), 403),
    ] {
        assert_eq!(with_hosts(&daemon, "GET /capabilities", std::slice::from_ref(&host)).await, status, "{host}");
    }
    let health = daemon.raw(&request("GET /health", &["Host: box.lan"], "")).await;
    assert_eq!(health.status, 401, "beyond loopback /health needs the token");
}

#[tokio::test]
async fn only_the_right_bearer_gets_in_and_every_wrong_one_reads_the_same() {
    let daemon = running(|_| {}).await;
    for good in ["Authorization: Bearer canary-server-token", "authorization: bearer  \tcanary-server-token"] {
        assert_eq!(daemon.send("GET /capabilities", &[good]).await.status, 200, "{good}");
    }
    let wrong = [
        "X-Nothing: 1",
        "Authorization: Bearer",
        "Authorization: Bearer wrong",
        "Authorization: Basic canary-server-token",
    ];
    for header in
        wrong.into_iter().chain(["Authorization: Bearer\tcanary-server-token", "Authorization: canary-server-token"])
    {
        let answer = daemon.send("GET /capabilities", &[header]).await;
        assert_eq!((answer.status, answer.text().as_str()), (401, r#"{"error":"Unauthorized"}"#), "{header}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
}

#[tokio::test]
async fn a_stranger_does_not_learn_which_paths_exist() {
    let daemon = running(|_| {}).await;
    assert_eq!(daemon.send("GET /nowhere", &[]).await.status, 401);
    let answer = daemon.send("GET /nowhere", &[&bearer(TOKEN)]).await;
    assert_eq!((answer.status, answer.text().as_str()), (404, r#"{"error":"Not found"}"#));
    assert_eq!(daemon.send("PUT /health", &[&bearer(TOKEN)]).await.status, 404);
}

#[tokio::test]
async fn health_is_open_on_loopback_unless_auth_is_required() {
    let open = running(|_| {}).await.send("GET /health", &[]).await;
    assert_eq!((open.status, open.text().as_str()), (200, r#"{"status":"ok"}"#));
    let closed = running(|config| config.require_auth = true).await;
    assert_eq!(closed.send("GET /health", &[]).await.status, 401);
    assert_eq!(closed.send("GET /health", &[&bearer(TOKEN)]).await.status, 200);
}

#[tokio::test]
async fn a_deep_look_counts_what_is_there() {
    let deep = running(|_| {}).await.send("GET /health?deep=1", &[]).await.json();
    assert_eq!(deep["workspaceCount"], 1);
    assert_eq!(deep["sessions"], 0);
    assert_eq!(deep["channelAlive"], false);
    assert!(deep["lastActivityAt"].is_null());
}

#[tokio::test]
async fn pages_of_other_origins_are_turned_away() {
    let daemon = running(|_| {}).await;
    let port = daemon.address().port();
    let neighbour = format!("http://127.0.0.1:{}", port ^ 1);
    let secure = format!("https://localhost:{port}");
    for target in TARGETS.into_iter().chain(["OPTIONS /capabilities"]) {
        for origin in ["https://evil.test", "null", "", &neighbour, &secure] {
            let answer = daemon.send(target, &[&format!("Origin: {origin}"), &bearer(TOKEN)]).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (403, r#"{"error":"Request denied by CORS policy"}"#),
                "{target} {origin}"
            );
            assert_eq!(answer.header("vary"), Some("Origin"));
            assert!(!answer.names().any(|name| name.starts_with("access-control-")));
        }
    }
}

#[tokio::test]
async fn the_daemons_own_page_may_call() {
    let daemon = running(|_| {}).await;
    let port = daemon.address().port();
    for name in ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"] {
        let answer =
            daemon.send("GET /capabilities", &[&format!("Origin: http://{name}:{port}"), &bearer(TOKEN)]).await;
        assert_eq!(answer.status, 200, "{name}");
        assert!(!answer.names().any(|name| name.starts_with("access-control-")));
    }
}

#[tokio::test]
async fn a_page_behind_a_tls_proxy_may_call_under_its_allowed_name_only() {
    let daemon = running(|config| config.allow_hosts = vec!["roost.example".to_owned()]).await;
    for (origin, status) in
        [("https://roost.example", 200), ("https://roost.example:9999", 403), ("https://evil.test", 403)]
    {
        let headers = ["Host: roost.example", &format!("Origin: {origin}"), &bearer(TOKEN)];
        assert_eq!(daemon.raw(&request("GET /capabilities", &headers, "")).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn an_allowed_origin_reads_answers_and_asks_first() {
    let app = "https://app.example";
    let daemon = running(|config| config.allow_origins = vec![app.parse().expect("an origin")]).await;
    let origin = format!("Origin: {app}");

    let preflight = daemon.send("OPTIONS /session/s/prompt", &[&origin, "Access-Control-Request-Method: POST"]).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some(app)));
    assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, POST, PATCH, DELETE, OPTIONS"));
    let allowed = "Authorization, Content-Type, X-Qwen-Client-Id, Last-Event-ID, X-Qwen-Event-Epoch";
    assert_eq!(preflight.header("access-control-allow-headers"), Some(allowed));
    assert_eq!(preflight.header("access-control-max-age"), Some("86400"));

    let read = daemon.send("GET /capabilities", &[&origin, &bearer(TOKEN)]).await;
    assert_eq!((read.status, read.header("vary")), (200, Some("Origin")));
    assert_eq!(read.header("access-control-expose-headers"), Some("Retry-After, X-Qwen-Event-Epoch"));
    assert_eq!(read.header("access-control-allow-credentials"), None);
    assert!(read.json()["features"].as_array().is_some_and(|tags| tags.contains(&"allow_origin".into())));

    let refused = daemon.send("GET /capabilities", &[&origin]).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(app)));
    assert_eq!(
        daemon.send("OPTIONS /capabilities", &[&origin]).await.status,
        401,
        "no preflight: it goes on to the bearer check"
    );
    assert_eq!(daemon.send("GET /capabilities", &["Origin: https://other.example", &bearer(TOKEN)]).await.status, 403);
}

#[tokio::test]
async fn any_origin_is_still_not_null() {
    let daemon = running(|config| config.allow_origins = vec!["*".parse().expect("a pattern")]).await;
    let any = daemon.send("GET /capabilities", &["Origin: https://Whoever.example", &bearer(TOKEN)]).await;
    assert_eq!((any.status, any.header("access-control-allow-origin")), (200, Some("https://Whoever.example")));
    assert_eq!(daemon.send("GET /capabilities", &["Origin: null", &bearer(TOKEN)]).await.status, 403);
}

#[tokio::test]
async fn without_a_token_programs_may_read_and_web_pages_may_not() {
    let daemon = running(|config| config.token = TokenSource::Off).await;
    assert_eq!(daemon.send("GET /capabilities", &[]).await.status, 200);
    assert_eq!(daemon.send("GET /capabilities", &["Sec-Fetch-Site: same-origin"]).await.status, 200);
    assert_eq!(
        daemon.send("GET /", &["Sec-Fetch-Site: cross-site", "Accept: text/html"]).await.status,
        200,
        "a link to the page"
    );
    for site in ["cross-site", "same-site"] {
        let answer = daemon.send("GET /capabilities", &[&format!("Sec-Fetch-Site: {site}")]).await;
        assert_eq!(answer.status, 403, "an image or script of another {site} page");
    }
}

#[tokio::test]
async fn without_a_token_strict_routes_stay_closed_unless_loopback_is_trusted() {
    let closed = running(|config| config.token = TokenSource::Off).await;
    let answer = closed.send("PATCH /session/s/metadata", &[]).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("token_required")));
    assert!(
        answer.json()["error"]
            .as_str()
            .is_some_and(|text| text.contains("QWEN_SERVER_TOKEN") && text.contains("--token"))
    );

    let trusting = running(|config| {
        config.token = TokenSource::Off;
        config.trust_loopback = true;
    })
    .await;
    assert_eq!(trusting.send("PATCH /session/s/metadata", &[]).await.status, 404, "past the gate: no such session");
    let with_token = running(|_| {}).await;
    assert_eq!(with_token.send("PATCH /session/s/metadata", &[&bearer(TOKEN)]).await.status, 404);
}
