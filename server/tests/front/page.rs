use roost_server::page::{Asset, Page};

use crate::daemon::{Answer, Running, TOKEN, bearer, running};

const ASSETS: &[Asset] = &[
    Asset {
        path: "/app-0123456789abcdef.js",
        hash: 1,
        plain: b"plain js",
        brotli: Some(b"br js"),
        gzip: Some(b"gz js"),
    },
    Asset { path: "/app-0123456789abcdef_bg.wasm", hash: 2, plain: b"\0asm", brotli: None, gzip: Some(b"gz") },
    Asset { path: "/icon.svg", hash: 3, plain: b"<svg/>", brotli: None, gzip: None },
    Asset { path: "/index.html", hash: 4, plain: b"<!doctype html>", brotli: None, gzip: None },
];

async fn with_page() -> Running {
    running(|config| config.page = Page::of(ASSETS)).await
}

fn summary(answer: &Answer) -> (u16, Option<&str>, Option<&str>, String) {
    (answer.status, answer.header("content-type"), answer.header("content-encoding"), answer.text())
}

#[tokio::test]
async fn each_file_is_sent_in_the_best_form_the_browser_takes() {
    let daemon = with_page().await;
    let js = Some("text/javascript; charset=utf-8");
    for (accepts, encoding, body) in
        [("gzip, deflate, br", Some("br"), "br js"), ("gzip", Some("gzip"), "gz js"), ("identity", None, "plain js")]
    {
        let answer = daemon.send("GET /app-0123456789abcdef.js", &[&format!("Accept-Encoding: {accepts}")]).await;
        assert_eq!(summary(&answer), (200, js, encoding, body.to_owned()));
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    let wasm = daemon.send("GET /app-0123456789abcdef_bg.wasm", &["Accept-Encoding: br"]).await;
    assert_eq!(summary(&wasm), (200, Some("application/wasm"), None, "\0asm".to_owned()));
}

#[tokio::test]
async fn the_index_is_asked_about_each_time_and_sent_once() {
    let daemon = with_page().await;
    let first = daemon.send("GET /", &[]).await;
    assert_eq!(summary(&first), (200, Some("text/html; charset=utf-8"), None, "<!doctype html>".to_owned()));
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let tag = first.header("etag").expect("a tag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let again = daemon.send("GET /", &[&format!("If-None-Match: {known}")]).await;
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    }
    assert_eq!(daemon.send("GET /", &["If-None-Match: \"other\""]).await.status, 200);
}

#[tokio::test]
async fn the_page_is_under_a_strict_policy() {
    let daemon = with_page().await;
    for path in ["/", "/icon.svg", "/app-0123456789abcdef.js"] {
        let answer = daemon.send(&format!("GET {path}"), &[]).await;
        let policy = answer.header("content-security-policy").expect("a policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split("; ").any(|found| found == rule), "{rule}");
        }
        assert!(!policy.contains("unsafe-inline"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
    }
}

#[tokio::test]
async fn a_browser_that_opens_a_session_gets_the_page_and_a_program_does_not() {
    let daemon = with_page().await;
    let browser = daemon.send("GET /session/0b9f", &["Accept: text/html,application/xhtml+xml,*/*;q=0.8"]).await;
    assert_eq!((browser.status, browser.text().as_str()), (200, "<!doctype html>"));
    assert_eq!(daemon.send("GET /session/0b9f", &["Accept: */*"]).await.status, 401);
    assert_eq!(daemon.send("GET /session/0b9f", &["Accept: */*", &bearer(TOKEN)]).await.status, 404);
    assert_eq!(daemon.send("GET /session/0b9f/status", &["Accept: text/html"]).await.status, 401);
}

#[tokio::test]
async fn the_page_needs_no_token_but_the_right_host() {
    let daemon = with_page().await;
    assert_eq!(daemon.send("GET /icon.svg", &[]).await.status, 200);
    assert_eq!(daemon.send("GET /icon.svg", &["Host: evil.test"]).await.status, 403);
    assert_eq!(daemon.send("GET /icon.svg", &["Origin: https://evil.test"]).await.status, 403);
    assert_eq!(daemon.send("POST /icon.svg", &[]).await.status, 401);
    for path in ["/../icon.svg", "/%2e%2e/icon.svg", "//icon.svg", "/nowhere.svg"] {
        assert_eq!(daemon.send(&format!("GET {path}"), &[]).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_head_request_gets_the_head_alone() {
    let answer = with_page().await.send("HEAD /icon.svg", &[]).await;
    assert_eq!((answer.status, answer.body.len(), answer.header("content-length")), (200, 0, Some("6")));
}

#[tokio::test]
async fn a_binary_without_its_page_says_how_to_build_it() {
    let daemon = running(|config| config.page = Page::of(&[])).await;
    let answer = daemon.send("GET /", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    assert!(answer.text().contains("cargo xtask build"));
}
