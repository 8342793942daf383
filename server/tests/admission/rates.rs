use std::num::{NonZeroU32, NonZeroU64};

use hyper::Method;
use roost_core::rate_limit::RateLimits;
use roost_server::{Config, config::TokenSource};
use roost_tests::client::{Client, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use crate::front::{Front, TOKEN};

const HOUR: u64 = 60 * 60 * 1_000;

/// So many of each, and hardly any more within the hour of the test.
fn limits(prompt: u32, mutation: u32, read: u32) -> impl FnOnce(&mut Config) {
    let number = |number| NonZeroU32::new(number).expect("not 0");
    let window = NonZeroU64::new(HOUR).expect("not 0");
    let limits = RateLimits { prompt: number(prompt), mutation: number(mutation), read: number(read), window };
    move |config| config.rate_limits = Some(limits)
}

async fn prompt(client: &Client) -> anyhow::Result<Response> {
    client.post("/session/none/prompt", &json!({"prompt": [{"type": "text", "text": "hello"}]})).await
}

async fn hits(front: &Front) -> anyhow::Result<Value> {
    Ok(front.client().get("/health?deep=1").await?.json()["rateLimitHits"].clone())
}

/// L2, L4: what is over the limit is refused, and told when to come back.
#[tokio::test]
async fn one_prompt_too_many_is_refused_and_told_when_to_come_back() -> anyhow::Result<()> {
    let front = Front::start(limits(2, 30, 120)).await?;
    for _ in 0..2 {
        assert_eq!(prompt(&front.client()).await?.status, 404);
    }
    let refused = prompt(&front.client()).await?;
    let body = refused.json();
    assert_eq!(
        (refused.status, &body["error"], &body["code"]),
        (429, &"Rate limit exceeded".into(), &"rate_limit_exceeded".into())
    );
    assert_eq!(body["tier"], "prompt");
    let wait = body["retryAfterMs"].as_u64().expect("a number");
    assert!((HOUR / 2 - 60_000..=HOUR / 2).contains(&wait), "{wait}");
    let number = |name: &str| refused.header(name).and_then(|text| text.parse::<u64>().ok());
    assert_eq!(number("retry-after"), Some(wait.div_ceil(1_000)));
    assert_eq!((number("x-ratelimit-limit"), number("x-ratelimit-remaining")), (Some(2), Some(0)));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let reset = number("x-ratelimit-reset").expect("a number");
    assert!((now + HOUR / 2_000 - 60..=now + HOUR / 2_000 + 1).contains(&reset), "{reset}");
    assert_eq!(hits(&front).await?, json!({"prompt": 1, "mutation": 0, "read": 0}));
    Ok(())
}

/// L1: each tier has its own limit, and what keeps clients alive costs nothing.
#[tokio::test]
async fn tiers_are_counted_apart_and_the_vital_signs_not_at_all() -> anyhow::Result<()> {
    let front = Front::start(limits(1, 1, 1)).await?;
    let client = front.client();
    let session = |path: &str| format!("/session/none/{path}");
    assert_eq!(client.get("/capabilities").await?.status, 200);
    assert_eq!(client.get("/capabilities").await?.json()["tier"], "read");
    assert_eq!(client.delete("/session/none").await?.status, 404);
    assert_eq!(client.post("/session/none/cancel", &json!({})).await?.json()["tier"], "mutation");
    assert_eq!(prompt(&client).await?.status, 404);
    assert_eq!(prompt(&client).await?.json()["tier"], "prompt");
    for _ in 0..3 {
        assert_eq!(client.get("/health").await?.status, 200);
        assert_eq!(client.post(&session("heartbeat"), &json!({})).await?.status, 404);
        assert_eq!(client.get(&session("events")).await?.status, 404);
        let options = client.request(Method::OPTIONS, "/capabilities").body(Default::default())?;
        assert_eq!(client.send(options).await?.status, 200);
    }
    assert_eq!(hits(&front).await?, json!({"prompt": 1, "mutation": 1, "read": 1}));
    Ok(())
}

/// L6: a request that fails has been counted; one without the token has not.
#[tokio::test]
async fn failures_count_and_strangers_do_not() -> anyhow::Result<()> {
    let front = Front::start(limits(10, 30, 2)).await?;
    let stranger = front.client().without_token();
    for _ in 0..5 {
        assert_eq!(stranger.get("/capabilities").await?.status, 401);
        assert_eq!(stranger.clone().with_token("wrong").get("/capabilities").await?.status, 401);
    }
    let client = front.client();
    assert_eq!(client.get("/session/none/status").await?.status, 404);
    assert_eq!(client.get("/nowhere").await?.status, 404);
    assert_eq!(client.get("/capabilities").await?.status, 429);
    Ok(())
}

/// L6: neither page nor sign-in need the token, so strangers cannot use up with them what others have.
#[tokio::test]
async fn what_needs_no_token_is_not_counted() -> anyhow::Result<()> {
    let front = Front::start(limits(10, 1, 1)).await?;
    let stranger = front.client().without_token();
    for _ in 0..3 {
        let page = stranger.request(Method::GET, "/").header("accept", "text/html").body(Default::default())?;
        assert_ne!(stranger.send(page).await?.status, 429);
        assert_eq!(stranger.post("/auth/exchange", &json!({})).await?.status, 400);
    }
    assert_eq!(front.client().get("/capabilities").await?.status, 200);
    Ok(())
}

/// L3: behind a loopback bind clients are told apart by the name they give themselves; a malformed one is none.
#[tokio::test]
async fn clients_on_this_machine_are_told_apart_by_name() -> anyhow::Result<()> {
    let front = Front::start(limits(10, 30, 1)).await?;
    let named = |name: &str| front.client().with_client_id(name);
    assert_eq!(named("client_a").get("/capabilities").await?.status, 200);
    assert_eq!(named("client_b").get("/capabilities").await?.status, 200);
    assert_eq!(named("client_a").get("/capabilities").await?.status, 429);
    assert_eq!(front.client().get("/capabilities").await?.status, 200);
    assert_eq!(named("not a name").get("/capabilities").await?.status, 429, "the same nobody as before");
    Ok(())
}

/// L3: beyond loopback clients are told apart by their addresses first.
#[tokio::test]
async fn clients_elsewhere_are_told_apart_by_address() -> anyhow::Result<()> {
    let front = Front::start(|config| {
        config.hostname = "0.0.0.0".to_owned();
        limits(10, 30, 1)(config);
    })
    .await?;
    let port = front.daemon.address().port();
    let ask = async |from: &str| -> anyhow::Result<String> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(format!("{from}:0").parse()?)?;
        let mut stream = socket.connect(format!("127.0.0.1:{port}").parse()?).await?;
        let head = format!("GET /capabilities HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n");
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer[..12]).into_owned())
    };
    assert_eq!(ask("127.0.0.1").await?, "HTTP/1.1 200");
    assert_eq!(ask("127.0.0.2").await?, "HTTP/1.1 200");
    assert_eq!(ask("127.0.0.1").await?, "HTTP/1.1 429");
    Ok(())
}

#[tokio::test]
async fn the_limit_is_announced_where_there_is_one() -> anyhow::Result<()> {
    let limited = Front::start(limits(10, 30, 120)).await?;
    let free = Front::start(|config| config.token = TokenSource::Off).await?;
    for (front, has_limit) in [(&limited, true), (&free, false)] {
        let features = front.client().get("/capabilities").await?.json()["features"].clone();
        assert_eq!(features.as_array().is_some_and(|tags| tags.contains(&"rate_limit".into())), has_limit);
        assert_eq!(hits(front).await?.is_object(), has_limit);
    }
    for _ in 0..150 {
        assert_eq!(free.client().get("/capabilities").await?.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_can_read_that_it_was_too_much() -> anyhow::Result<()> {
    let front = Front::start(|config| {
        config.allow_origins = vec!["https://app.example".parse().expect("an origin")];
        limits(10, 30, 1)(config);
    })
    .await?;
    let client = front.client();
    let ask = async || -> anyhow::Result<Response> {
        let request = client.request(Method::GET, "/capabilities").header("origin", "https://app.example");
        client.send(request.body(Default::default())?).await
    };
    assert_eq!(ask().await?.status, 200);
    let refused = ask().await?;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (429, Some("https://app.example")));
    assert!(refused.header("access-control-expose-headers").is_some_and(|names| names.contains("Retry-After")));
    Ok(())
}
