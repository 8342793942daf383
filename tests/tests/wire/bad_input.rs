//! Bad input that is a route's own affair; what every route meets is the matrix's.

use anyhow::Context;
use roost_tests::{
    client::Client,
    daemon::{Auth, Setup, TOKEN},
};
use serde_json::{Value, json};

use crate::stage::{Stage, body_of, status_of};

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
async fn the_page_is_not_for_foreign_hosts_and_foreign_origins_may_not_even_ask() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let answer = stage.raw("GET", "/", &[("Host", "evil.test")], "").await?;
    assert_eq!(status_of(&answer), "403", "{answer}");
    let preflight = [("Origin", "https://evil.test"), ("Access-Control-Request-Method", "POST")];
    let answer = stage.raw("OPTIONS", "/session", &preflight, "").await?;
    assert_eq!(status_of(&answer), "403", "{answer}");
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
async fn what_is_missing_too_long_or_elsewhere_is_named_and_changes_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let (long, group) = ("x".repeat(5_000), "/workspaces/{workspace}/session-groups");
    let cases: &[(&str, Value, Option<&str>)] = &[
        ("/session", json!({"cwd": "/".repeat(5_000)}), None),
        ("/session", json!({"cwd": "/somewhere/else"}), Some("workspace_mismatch")),
        ("/session/{session}/load", json!({"cwd": "/somewhere/else"}), Some("workspace_mismatch")),
        ("/session/{session}/prompt", json!({}), None),
        ("/session/{session}/model", json!({}), None),
        ("/session/{session}/approval-mode", json!({}), Some("invalid_approval_mode")),
        ("/session/{session}/mid-turn-message", json!({"message": "x".repeat(20_000)}), None),
        ("/session/{session}/shell", json!({"command": "x".repeat(40_000)}), None),
        ("/workspaces", json!({"cwd": long}), Some("invalid_path")),
        ("/workspaces", json!({"cwd": "/nowhere/at/all"}), Some("invalid_path")),
        ("/workspaces", json!({"cwd": "/", "displayName": long}), Some("invalid_display_name")),
        (group, json!({}), Some("invalid_group_name")),
        (group, json!({"name": long, "color": "red"}), Some("invalid_group_name")),
        ("/sessions/archive", json!({"sessionIds": vec!["a"; 101]}), Some("invalid_request")),
        ("/workspace/settings", json!({"scope": "workspace", "key": "ui.hideTips"}), Some("missing_value")),
        ("/workspace/trust/request", json!({"desiredState": "trusted", "reason": long}), Some("invalid_reason")),
    ];
    for (path, body, code) in cases {
        let answer = stage.client.post(&stage.path(path), body).await?;
        let seen = (answer.status, answer.code());
        assert_eq!((seen.0, seen.1.as_deref()), (400, *code), "{path} {body:.100}: {}", answer.text());
        assert!(answer.json()["error"].as_str().is_some_and(|error| !error.is_empty()), "{}", answer.text());
    }
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn client_ids_are_checked_for_shape_and_for_belonging() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let prompt = json!({"prompt": [{"type": "text", "text": "hi"}]});
    let path = "/session/{session}/prompt";
    let delete = json!({"sessionIds": [stage.session]});
    for bad in ["a b", "ä", "x/y", &"x".repeat(129)] {
        for (path, body) in [(path, &prompt), ("/sessions/delete", &delete)] {
            let headers = [("X-Qwen-Client-Id", bad), ("Content-Type", "application/json")];
            let answer = stage.raw("POST", path, &headers, &body.to_string()).await?;
            assert_eq!(status_of(&answer), "400", "{path} by «{bad}»: {answer}");
            assert!(body_of(&answer).contains(r#""code":"invalid_client_id""#), "{answer}");
        }
    }
    let stranger = stage.client.clone().with_client_id("client_of_nobody");
    let answer = stranger.post(&stage.path(path), &prompt).await?;
    assert_eq!((answer.status, answer.code().as_deref()), (400, Some("invalid_client_id")));
    assert_eq!(answer.json()["clientId"], "client_of_nobody");
    assert_eq!(answer.json()["sessionId"], json!(stage.session));
    stage.expect_untouched(&before).await
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
