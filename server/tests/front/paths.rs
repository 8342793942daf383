use crate::daemon::{TOKEN, bearer, request, running};

#[tokio::test]
async fn a_path_that_names_nothing_that_could_be_called_that_is_refused_in_the_usual_shape() {
    let daemon = running(|_| {}).await;
    for line in [
        "GET /session/%FF/status",
        "DELETE /session/%FF",
        "POST /session/%C3/load",
        "PATCH /session/%ED%A0%80/organization",
        "GET /workspace/%FF/sessions",
        "GET /workspaces/%FF/sessions",
        "GET /workspaces/%FF/session/x/transcript",
        "POST /permission/%FF",
        "GET /%FF",
        "GET /session/100%/status",
        "GET /session/%zz/status",
        "GET /session/%2/status",
    ] {
        let answer = daemon.send(line, &[&bearer(TOKEN)]).await;
        let expected = r#"{"error":"The path must be percent-encoded UTF-8","code":"invalid_request"}"#;
        assert_eq!((answer.status, answer.text().as_str()), (400, expected), "{line}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{line}");
    }
    let answer = daemon.send("GET /session/%FF/status", &[]).await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (401, r#"{"error":"Unauthorized"}"#),
        "strangers learn nothing"
    );
}

#[tokio::test]
async fn a_session_id_is_a_name_and_no_path() {
    let daemon = running(|_| {}).await;
    for (line, named) in [
        ("GET /session/..%2F..%2Fetc/transcript", "../../etc"),
        ("GET /session/%2Fetc%2Fpasswd/export", "/etc/passwd"),
        ("POST /session/%2E%2E/load", ".."),
        ("GET /session/a%00b/transcript", "a\u{0}b"),
        ("GET /session/caf%C3%A9%20%25/status", "caf\u{e9} %"),
        ("PATCH /session/..%2Fx/organization", "../x"),
    ] {
        let answer = daemon.send(line, &[&bearer(TOKEN)]).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("session_not_found")), "{line}");
        assert_eq!(answer.json()["sessionId"], named, "{line}");
    }
}

#[tokio::test]
async fn an_unknown_path_or_method_is_not_found_whatever_comes_with_it() {
    let daemon = running(|_| {}).await;
    for line in [
        "GET /no/such/route",
        "GET /session",
        "PUT /session",
        "POST /capabilities",
        "DELETE /health",
        "GET /session/x/prompt",
        "TRACE /capabilities",
    ] {
        let answer = daemon.send(line, &[&bearer(TOKEN)]).await;
        assert_eq!((answer.status, answer.text().as_str()), (404, r#"{"error":"Not found"}"#), "{line}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let daemon = running(|_| {}).await;
    for path in ["/health", "/capabilities", "/session/x/status", "/daemon/status"] {
        let plain = daemon.send(&format!("GET {path}?detail=none"), &[&bearer(TOKEN)]).await;
        let slashed = daemon.send(&format!("GET {path}/?detail=none"), &[&bearer(TOKEN)]).await;
        assert_eq!((slashed.status, slashed.text()), (plain.status, plain.text()), "{path}");
    }
    for line in ["GET //", "GET /health//", "GET /capabilities//"] {
        assert_eq!(daemon.send(line, &[&bearer(TOKEN)]).await.status, 404, "{line}");
    }
    assert_eq!(daemon.send("GET /capabilities/", &[]).await.status, 401);
}

#[tokio::test]
async fn options_tell_what_a_path_takes() {
    let daemon = running(|_| {}).await;
    for (path, methods) in [
        ("/capabilities", "GET, HEAD"),
        ("/session", "POST"),
        ("/session/x", "DELETE"),
        ("/session/x/_meta", "GET, HEAD, PUT, PATCH, DELETE"),
    ] {
        let answer = daemon.send(&format!("OPTIONS {path}"), &[&bearer(TOKEN)]).await;
        assert_eq!((answer.status, answer.header("allow")), (200, Some(methods)), "{path}");
    }
    assert_eq!(daemon.send("OPTIONS /no/such/route", &[&bearer(TOKEN)]).await.status, 404);
    assert_eq!(daemon.send("OPTIONS /capabilities", &[]).await.status, 401);
}

#[tokio::test]
async fn a_head_is_the_head_of_what_a_get_gets() {
    let daemon = running(|_| {}).await;
    for path in ["/health", "/health?deep=1", "/capabilities", "/session/x/status", "/no/such/route"] {
        let got = daemon.send(&format!("GET {path}"), &[&bearer(TOKEN)]).await;
        let head = daemon.send(&format!("HEAD {path}"), &[&bearer(TOKEN)]).await;
        assert_eq!((head.status, head.text().as_str()), (got.status, ""), "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_encoded_is_not_taken_for_broken_json() {
    let daemon = running(|_| {}).await;
    let host = format!("Host: {}", daemon.host());
    for encoding in ["gzip", "br", "deflate", "x"] {
        let kind = format!("Content-Encoding: {encoding}");
        let headers = [&host, "Content-Type: application/json", "Content-Length: 2", &kind];
        let answer = daemon.raw(&request("POST /auth/exchange", &headers, "{}")).await;
        assert_eq!(answer.status, 415, "{encoding}");
        assert!(answer.text().contains(encoding), "{}", answer.text());
    }
    let headers = [&host, "Content-Type: application/json", "Content-Length: 2", "Content-Encoding: identity"];
    assert_eq!(daemon.raw(&request("POST /auth/exchange", &headers, "{}")).await.status, 400);
}

#[tokio::test]
async fn of_members_that_are_named_twice_the_last_counts() {
    let daemon = running(|_| {}).await;
    let body = r#"{"cwd":"/no/such/folder","cwd":7}"#;
    let answer = daemon.post("/session", &[&bearer(TOKEN)], body).await;
    assert_eq!((answer.status, answer.text().as_str()), (400, r#"{"error":"`cwd` must be a string"}"#));
}
