use http_body_util::Full;
use hyper::{Method, header};
use roost_server::config::TokenSource;
use roost_tests::{
    client::{Client, Response},
    scripted_agent::AgentScript,
};
use serde_json::json;

use crate::{capabilities, folder, host::Host, register, spoken};

/// Every route of this part: method, path, and whether it is strict.
fn routes(id: &str) -> Vec<(Method, String, bool)> {
    vec![
        (Method::POST, "/workspaces".to_owned(), false),
        (Method::PATCH, format!("/workspaces/{id}"), true),
        (Method::DELETE, format!("/workspaces/{id}"), true),
        (Method::GET, "/workspace-registrations".to_owned(), false),
        (Method::DELETE, format!("/workspace-registrations/{id}"), true),
        (Method::GET, "/workspace/acp/status".to_owned(), false),
        (Method::POST, "/workspace/acp/preheat".to_owned(), false),
        (Method::GET, format!("/workspaces/{id}/acp/status"), false),
        (Method::POST, format!("/workspaces/{id}/acp/preheat"), false),
    ]
}

async fn send(
    client: &Client,
    method: &Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Response> {
    let mut request = client.request(method.clone(), path).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Full::from(body.to_owned()))?).await
}

#[tokio::test]
async fn a_stranger_gets_nowhere_and_changes_nothing() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let id = register(&client, &folder(&host, "other")?).await?;
    let before = capabilities(&client).await?;
    let wish = json!({"cwd": folder(&host, "third")?, "displayName": "x", "force": true}).to_string();
    for (method, path, _) in routes(&id) {
        for stranger in [client.clone().without_token(), client.clone().with_token("guessed")] {
            let refused = send(&stranger, &method, &path, &[], &wish).await?;
            assert_eq!((refused.status, refused.json()), (401, json!({"error": "Unauthorized"})), "{method} {path}");
        }
        let refused = send(&client, &method, &path, &[("host", "evil.example")], &wish).await?;
        assert_eq!((refused.status, refused.json()["error"].as_str()), (403, Some("Invalid Host header")), "{path}");
        let refused = send(&client, &method, &path, &[("origin", "https://evil.example")], &wish).await?;
        let denied = Some("Request denied by CORS policy");
        assert_eq!((refused.status, refused.json()["error"].as_str()), (403, denied), "{method} {path}");
    }
    assert_eq!(capabilities(&client).await?, before);
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused_where_one_is_read() -> anyhow::Result<()> {
    let host = spoken().await?;
    let client = host.client();
    let id = register(&client, &folder(&host, "other")?).await?;
    let huge = format!("{{\"cwd\":\"{}\"}}", "x".repeat(10 * 1024 * 1024));
    for (method, path) in [
        (Method::POST, "/workspaces".to_owned()),
        (Method::PATCH, format!("/workspaces/{id}")),
        (Method::DELETE, format!("/workspaces/{id}")),
    ] {
        let refused = send(&client, &method, &path, &[], "{\"cwd\":").await?;
        assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("Invalid JSON in request body")));
        let refused = send(&client, &method, &path, &[], &huge).await?;
        assert_eq!(refused.status, 413, "{method} {path}");
    }
    assert_eq!(capabilities(&client).await?["workspaces"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[tokio::test]
async fn without_a_token_strict_routes_are_closed_before_they_look_at_anything() -> anyhow::Result<()> {
    let host = Host::start_with(AgentScript::spoken(), |config| config.token = TokenSource::Off).await?;
    let client = host.client().without_token();
    let id = register(&client, &folder(&host, "other")?).await?;
    for (method, path, is_strict) in routes(&id) {
        let answer = send(&client, &method, &path, &[], "{").await?;
        let is_closed = answer.code().as_deref() == Some("token_required");
        assert_eq!(is_closed, is_strict, "{method} {path}: {}", answer.text());
    }
    Ok(())
}
