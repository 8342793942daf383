use std::fs;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, header};
use roost_server::config::TokenSource;
use roost_tests::client::Client;
use serde_json::json;

use crate::{
    host::{Host, saying},
    place::{code, daemon},
};

const READS: &[&str] = &[
    "settings",
    "permissions",
    "trust",
    "env",
    "preflight",
    "providers",
    "tools",
    "git",
    "git/diff",
    "git/diff/file?path=x",
    "git/log",
    "git/log/commit?sha=0123456",
    "git/branches",
];
const WRITES: &[&str] = &["settings", "permissions", "trust/request", "tools/edit/enable", "init", "reload"];

fn bases(host: &Host) -> [String; 2] {
    ["/workspace".to_owned(), format!("/workspaces/{}", host.selector())]
}

/// A body that every route here would take.
fn welcome() -> serde_json::Value {
    json!({
        "scope": "workspace", "key": "ui.theme", "value": "x", "ruleType": "deny", "rules": ["Edit"],
        "desiredState": "trusted", "enabled": false,
    })
}

fn untouched(host: &Host) {
    let left: Vec<_> = fs::read_dir(&host.config.workspace).expect("lists").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!host.config.home.join("settings.json").exists());
}

#[tokio::test]
async fn nobody_without_the_token_reads_or_changes_anything() -> anyhow::Result<()> {
    let host = daemon().await?;
    let clients = [host.client().without_token(), host.client().with_token("wrong")];
    for client in &clients {
        for base in bases(&host) {
            for path in READS {
                let refused = client.get(&format!("{base}/{path}")).await?;
                assert_eq!((refused.status, refused.text()), (401, r#"{"error":"Unauthorized"}"#.to_owned()), "{path}");
            }
            for path in WRITES {
                assert_eq!(client.post(&format!("{base}/{path}"), &welcome()).await?.status, 401, "{path}");
            }
        }
        assert_eq!(client.post("/language", &json!({"language": "de"})).await?.status, 401);
    }
    untouched(&host);
    Ok(())
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_turned_away() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    for (name, value, error) in [
        (header::HOST, "evil.example", "Invalid Host header"),
        (header::ORIGIN, "https://evil.example", "Request denied by CORS policy"),
    ] {
        for base in bases(&host) {
            let reads = READS.iter().map(|path| (Method::GET, path));
            for (method, path) in reads.chain(WRITES.iter().map(|path| (Method::POST, path))) {
                let request = client.request(method, &format!("{base}/{path}")).header(&name, value);
                let request = request.header(header::CONTENT_TYPE, "application/json");
                let refused = client.send(request.body(Full::from(welcome().to_string()))?).await?;
                assert_eq!((refused.status, &refused.json()["error"]), (403, &json!(error)), "{path}");
            }
        }
    }
    untouched(&host);
    Ok(())
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_large_change_nothing() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    let large = format!("{{\"scope\":\"user\",\"key\":\"ui.theme\",\"value\":\"{}\"}}", "x".repeat(11 * 1024 * 1024));
    for base in bases(&host) {
        for path in WRITES {
            for (body, status, error) in [
                (Bytes::from_static(b"{ nonsense"), 400, "Invalid JSON in request body"),
                (Bytes::from(large.clone()), 413, "Request body too large (max 10 MB)"),
            ] {
                let request = client.request(Method::POST, &format!("{base}/{path}"));
                let request = request.header(header::CONTENT_TYPE, "application/json");
                let refused = client.send(request.body(Full::from(body))?).await?;
                assert_eq!((refused.status, &refused.json()["error"]), (status, &json!(error)), "{path}");
            }
        }
        // An array is no object, so that nothing is asked for.
        for path in ["settings", "permissions", "trust/request", "tools/edit/enable"] {
            assert_eq!(client.post(&format!("{base}/{path}"), &json!([1])).await?.status, 400, "{path}");
        }
    }
    untouched(&host);
    Ok(())
}

#[tokio::test]
async fn without_a_token_strict_routes_are_closed_and_the_others_open() -> anyhow::Result<()> {
    let host = Host::start_with(saying(&[]), |config| config.token = TokenSource::Off).await?;
    let client = Client::new(host.daemon().address());
    for base in bases(&host) {
        for path in READS {
            assert_eq!(client.get(&format!("{base}/{path}")).await?.status, 200, "{path}");
        }
        for path in WRITES {
            let refused = client.post(&format!("{base}/{path}"), &json!({})).await?;
            assert_eq!(code(&refused), (401, "token_required".to_owned()), "{path}");
        }
    }
    untouched(&host);
    assert_eq!(client.post("/language", &json!({"language": "de"})).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_workspace_that_is_not_served_is_not_found_by_any_route() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    for workspace in ["0123456789abcdef", "%2Fetc"] {
        for path in READS {
            let refused = client.get(&format!("/workspaces/{workspace}/{path}")).await?;
            assert_eq!(code(&refused), (400, "workspace_mismatch".to_owned()), "{path}");
        }
        for path in WRITES {
            let refused = client.post(&format!("/workspaces/{workspace}/{path}"), &welcome()).await?;
            assert_eq!(code(&refused), (400, "workspace_mismatch".to_owned()), "{path}");
        }
    }
    untouched(&host);
    Ok(())
}
