use http_body_util::Full;
use hyper::Method;
use serde_json::json;

use crate::host::{Host, saying};

#[tokio::test]
async fn status_metrics_and_description_are_for_those_who_are_let_in() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    for path in ["/daemon/status", "/daemon/status?detail=full", "/metrics", "/openapi.json"] {
        for stranger in [client.clone().without_token(), client.clone().with_token("guessed")] {
            let refused = stranger.get(path).await?;
            assert_eq!((refused.status, refused.json()), (401, json!({"error": "Unauthorized"})), "{path}");
        }
        for (name, value, said) in [
            ("host", "evil.example", "Invalid Host header"),
            ("origin", "https://evil.example", "Request denied by CORS policy"),
        ] {
            let request = client.request(Method::GET, path).header(name, value).body(Full::default())?;
            let refused = client.send(request).await?;
            assert_eq!((refused.status, refused.json()["error"].as_str()), (403, Some(said)), "{path}");
        }
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let request = client.request(method.clone(), path).body(Full::from("{"))?;
            assert_eq!(client.send(request).await?.status, 404, "{method} {path}");
        }
        // What is read nowhere does no harm, whatever it is.
        let odd = client.request(Method::GET, path).header("content-type", "application/json");
        assert_eq!(client.send(odd.body(Full::from(r#"{"detail":7}"#))?).await?.status, 200, "{path}");
    }
    Ok(())
}
