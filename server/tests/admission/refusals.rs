//! Every route of signing in and connecting, against everything that must not get through.

use hyper::Method;
use roost_server::config::TokenSource;
use roost_tests::{
    client::{Client, Response},
    identity_provider::{IdentityProvider, Terms},
};
use serde_json::json;

use crate::front::{Front, TOKEN};

/// Method, path behind the workspace, and whether the route is closed without a token.
const ROUTES: [(Method, &str, bool); 6] = [
    (Method::GET, "auth/status", false),
    (Method::GET, "auth/providers", false),
    (Method::POST, "auth/provider", true),
    (Method::POST, "auth/device-flow", true),
    (Method::GET, "auth/device-flow/none", true),
    (Method::DELETE, "auth/device-flow/none", true),
];

/// Bodies that would do something if they got through.
const GOOD_BODIES: [(&str, &str); 2] = [
    ("auth/provider", r#"{"providerId":"deepseek","apiKey":"k"}"#),
    ("auth/device-flow", r#"{"providerId":"qwen-oauth"}"#),
];

struct Scene {
    front: Front,
    provider: IdentityProvider,
}

impl Scene {
    async fn open(token: TokenSource) -> anyhow::Result<Self> {
        let provider = IdentityProvider::start(Terms::default()).await?;
        let list = tempfile::NamedTempFile::new()?;
        std::fs::write(list.path(), json!([provider.entry("qwen-oauth")]).to_string())?;
        let providers = roost_server::device_flow::IdentityProvider::read(list.path())?;
        let front = Front::start(|config| {
            config.token = token;
            config.identity_providers = providers;
            config.limits.max_body_bytes = 64 * 1024;
        })
        .await?;
        Ok(Self { front, provider })
    }

    async fn with_token() -> anyhow::Result<Self> {
        Self::open(TokenSource::Given(roost_server::auth::Secret::new(TOKEN))).await
    }

    /// Every route, singular and plural, with its strictness.
    fn routes(&self) -> Vec<(Method, String, bool)> {
        let places = ["/workspace".to_owned(), format!("/workspaces/{}", self.front.selector())];
        let each = |place: &String| {
            let place = place.clone();
            ROUTES.map(move |(method, path, is_strict)| (method, format!("{place}/{path}"), is_strict))
        };
        places.iter().flat_map(each).collect()
    }

    /// Nothing was asked of the provider, and nothing written.
    fn is_untouched(&self) -> bool {
        self.provider.device_codes().is_empty() && !self.front.home().join("settings.json").exists()
    }
}

async fn send(
    client: &Client,
    method: &Method,
    path: &str,
    header: Option<(&str, &str)>,
    body: &str,
) -> anyhow::Result<Response> {
    let mut request = client.request(method.clone(), path).header("content-type", "application/json");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    client.send(request.body(body.to_owned().into())?).await
}

/// The body that would do something on this route.
fn good_body(path: &str) -> &'static str {
    GOOD_BODIES.iter().find(|(route, _)| path.ends_with(route)).map_or("", |(_, body)| body)
}

#[tokio::test]
async fn nobody_gets_in_without_the_token() -> anyhow::Result<()> {
    let scene = Scene::with_token().await?;
    for (method, path, _) in scene.routes() {
        for client in [scene.front.client().without_token(), scene.front.client().with_token("canary-wrong")] {
            let answer = send(&client, &method, &path, None, good_body(&path)).await?;
            assert_eq!((answer.status, answer.json()), (401, json!({"error": "Unauthorized"})), "{method} {path}");
        }
    }
    assert!(scene.is_untouched());
    Ok(())
}

#[tokio::test]
async fn no_other_name_and_no_other_page_gets_in_with_it() -> anyhow::Result<()> {
    let scene = Scene::with_token().await?;
    for (method, path, _) in scene.routes() {
        let client = scene.front.client();
        let host = send(&client, &method, &path, Some(("host", "evil.test")), good_body(&path)).await?;
        assert_eq!((host.status, host.json()), (403, json!({"error": "Invalid Host header"})), "{method} {path}");
        let page = send(&client, &method, &path, Some(("origin", "https://evil.test")), good_body(&path)).await?;
        let denied = json!({"error": "Request denied by CORS policy"});
        assert_eq!((page.status, page.json()), (403, denied), "{method} {path}");
    }
    assert!(scene.is_untouched());
    Ok(())
}

#[tokio::test]
async fn without_a_token_the_strict_routes_are_closed_before_they_look_at_anything() -> anyhow::Result<()> {
    let scene = Scene::open(TokenSource::Off).await?;
    let client = scene.front.client().without_token();
    for (method, path, is_strict) in scene.routes() {
        for body in [good_body(&path), "{"] {
            let answer = send(&client, &method, &path, None, body).await?;
            let closed = answer.status == 401 && answer.code().as_deref() == Some("token_required");
            assert_eq!(closed, is_strict, "{method} {path}: {}", answer.text());
        }
    }
    assert!(scene.is_untouched());
    Ok(())
}

#[tokio::test]
async fn bodies_that_make_no_sense_do_nothing() -> anyhow::Result<()> {
    let scene = Scene::with_token().await?;
    let large = format!(r#"{{"providerId":"deepseek","apiKey":"k","x":"{}"}}"#, "x".repeat(64 * 1024));
    for (method, path, _) in scene.routes().into_iter().filter(|(method, ..)| *method == Method::POST) {
        let client = scene.front.client();
        let malformed = send(&client, &method, &path, None, "{\"providerId\":").await?;
        assert_eq!(
            (malformed.status, malformed.json()),
            (400, json!({"error": "Invalid JSON in request body"})),
            "{path}"
        );
        for wrong in
            ["", "[]", "7", "null", "{}", r#"{"providerId":7,"apiKey":"k"}"#, r#"{"providerId":["qwen-oauth"]}"#]
        {
            let answer = send(&client, &method, &path, None, wrong).await?;
            assert_eq!((answer.status, answer.code().as_deref()), (400, Some("invalid_request")), "{path} {wrong}");
        }
        let oversized = send(&client, &method, &path, None, &large).await?;
        let said = json!({"error": "Request body too large (max 64 KB)"});
        assert_eq!((oversized.status, oversized.json()), (413, said), "{path}");
    }
    assert!(scene.is_untouched());
    Ok(())
}

#[tokio::test]
async fn another_workspace_and_a_malformed_client_are_told_so() -> anyhow::Result<()> {
    let scene = Scene::with_token().await?;
    let client = scene.front.client();
    for (method, path, _) in ROUTES {
        for workspace in ["0123456789abcdef", "%2Fnowhere%2Fat%2Fall"] {
            let path = format!("/workspaces/{workspace}/{path}");
            let answer = send(&client, &method, &path, None, good_body(&path)).await?;
            assert_eq!((answer.status, answer.code().as_deref()), (400, Some("workspace_mismatch")), "{method} {path}");
        }
    }
    for (method, path, _) in scene.routes().into_iter().filter(|(_, path, _)| path.contains("device-flow")) {
        let answer = send(&client, &method, &path, Some(("x-qwen-client-id", "not a name")), good_body(&path)).await?;
        assert_eq!((answer.status, answer.code().as_deref()), (400, Some("invalid_client_id")), "{method} {path}");
    }
    assert!(scene.is_untouched());
    Ok(())
}
