use std::{num::NonZeroUsize, time::Duration};

use roost_server::{
    page::{Asset, Page},
    serve::{self, Contradiction, StartError},
};
use roost_tests::deadline::{until, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::daemon::{Running, TOKEN, bearer, config, read_answer, running};

const SHORT: Duration = Duration::from_millis(100);
/// Longer than a test waits for anything: what is over before was not ended by this.
const LONG: Duration = Duration::from_secs(3_600);

/// Reads until the daemon closes; the bytes until then.
async fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let closed = within("the daemon to close", stream.read_to_end(&mut bytes)).await;
    let _reset_counts_as_closed = closed.expect("in time");
    bytes
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let daemon = running(|config| config.timeouts.header_read = SHORT).await;
    let silent = daemon.connect().await;
    let mut half = daemon.connect().await;
    half.write_all(b"GET /health HTTP/1.1\r\nHost: ").await.expect("the daemon reads");
    until_closed(silent).await;
    until_closed(half).await;
}

#[tokio::test]
async fn a_kept_connection_answers_again_and_is_closed_when_it_falls_silent() {
    // The request has this long to arrive, too.
    let daemon = running(|config| config.timeouts.header_read = 10 * SHORT).await;
    let mut stream = daemon.connect().await;
    let request = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.host());
    stream.write_all(request.repeat(2).as_bytes()).await.expect("the daemon reads");
    let answers = String::from_utf8(until_closed(stream).await).expect("text");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let daemon = running(|config| config.timeouts.body_read = SHORT).await;
    let mut stream = daemon.connect().await;
    let head = format!("POST /auth/exchange HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", daemon.host());
    stream.write_all(format!("{head}Content-Length: 1000\r\n\r\n{{").as_bytes()).await.expect("the daemon reads");
    let answer = within("an answer", read_answer(stream)).await.expect("in time");
    assert_eq!(answer.status, 408);
}

#[tokio::test]
async fn connections_over_the_cap_are_closed_and_room_is_made_again() {
    let daemon = running(|config| config.limits.max_connections = NonZeroUsize::new(2)).await;
    let request = format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.host());
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = daemon.connect().await;
        stream.write_all(request.as_bytes()).await.expect("the daemon reads");
        assert!(stream.read(&mut [0; 1024]).await.expect("an answer") > 0);
        held.push(stream);
    }
    assert!(until_closed(daemon.connect().await).await.is_empty());
    drop(held);
    until_answered(&daemon, &request).await;
}

#[tokio::test]
async fn stopping_finishes_the_request_under_way_and_refuses_new_connections() {
    let daemon = running(|_| {}).await;
    let address = daemon.address();
    let mut stream = daemon.connect().await;
    let body = r#"{"code":"guess"}"#;
    let head = format!("POST /auth/exchange HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    let (first, last) = body.split_at(5);
    stream
        .write_all(format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes())
        .await
        .expect("read");
    // The handler is reading the body once it says go on.
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).await.expect("100 Continue");
    stream.write_all(first.as_bytes()).await.expect("the daemon reads");

    let idle = TcpStream::connect(address).await.expect("the daemon accepts");
    let stopping = tokio::spawn(daemon.daemon.stop());
    until_closed(idle).await;
    stream.write_all(last.as_bytes()).await.expect("the daemon still reads");
    let answer = within("an answer", read_answer(stream)).await.expect("in time");
    assert_eq!(answer.status, 401);
    within("the daemon to stop", stopping).await.expect("in time").expect("it stops");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let daemon = running(|config| {
        config.timeouts.shutdown_grace = SHORT;
        config.timeouts.body_read = LONG;
    })
    .await;
    let mut stream = daemon.connect().await;
    let head = format!("POST /auth/exchange HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", daemon.host());
    stream
        .write_all(format!("{head}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n").as_bytes())
        .await
        .expect("read");
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).await.expect("100 Continue");
    within("the daemon to stop: its grace is short", daemon.daemon.stop()).await.expect("in time");
    until_closed(stream).await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off() {
    const MORE_THAN_BUFFERS_HOLD: usize = 64 * 1024 * 1024;
    let big: &'static [u8] = Box::leak(vec![b'x'; MORE_THAN_BUFFERS_HOLD].into_boxed_slice());
    let asset = Asset { path: "/big.txt", hash: 0, plain: big, brotli: None, gzip: None };
    let page = Page::of(Box::leak(Box::new([asset])));
    let daemon = running(|config| {
        config.page = page;
        config.timeouts.writer_idle = Some(SHORT);
        config.limits.max_connections = NonZeroUsize::new(1);
    })
    .await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.host());
    let mut stalled = daemon.connect().await;
    stalled.write_all(request("/big.txt").as_bytes()).await.expect("the daemon reads");
    // There is room for another connection only once this one is gone.
    until_answered(&daemon, &request("/health")).await;
    assert!(until_closed(stalled).await.len() < MORE_THAN_BUFFERS_HOLD);
}

/// Connects again and again until there is room.
async fn until_answered(daemon: &Running, request: &str) {
    let answered = until("a connection to be answered", async || {
        let mut stream = daemon.connect().await;
        let sent = stream.write_all(request.as_bytes()).await;
        let is_answered = sent.is_ok() && stream.read(&mut [0; 1024]).await.is_ok_and(|bytes| bytes > 0);
        Ok(is_answered.then_some(()))
    });
    answered.await.expect("in time");
}

#[tokio::test]
async fn capabilities_speak_the_protocol() {
    let daemon = running(|_| {}).await;
    let answer = daemon.send("GET /capabilities", &[&bearer(TOKEN)]).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let said = answer.json();
    assert_eq!((&said["v"], &said["mode"]), (&1.into(), &"http-bridge".into()));
    assert_eq!(said["protocolVersions"], serde_json::json!({ "current": "v1", "supported": ["v1"] }));
    assert_eq!(said["workspaceCwd"], said["workspaces"][0]["cwd"]);
    assert_eq!(said["workspaces"][0]["primary"], true);
    assert!(said["workspaces"][0]["id"].as_str().is_some_and(|id| id.len() == 16));
    assert_eq!(said["limits"]["maxPendingPromptsPerSession"], 5);
    let tags = said["features"].as_array().expect("tags");
    assert!(tags.contains(&"health".into()) && tags.contains(&"writer_idle_timeout".into()));
    assert!(!tags.contains(&"require_auth".into()));
}

#[tokio::test]
async fn two_daemons_do_not_share_a_port() {
    let daemon = running(|_| {}).await;
    let home = tempfile::tempdir().expect("a scratch home");
    let mut config = config(home.path());
    config.port = daemon.address().port();
    let error = serve::start(config).await.expect_err("the port is taken");
    assert!(matches!(error, StartError::PortInUse { .. }), "{error}");
    assert!(error.to_string().contains("--port"));
}

#[tokio::test]
async fn a_daemon_that_everyone_could_drive_does_not_start() {
    use roost_server::{Config, config::TokenSource};
    type Adjust = fn(&mut Config);
    type Expected = fn(&Contradiction) -> bool;
    let cases: [(Adjust, Expected); 4] = [
        (|config| config.hostname = "0.0.0.0".to_owned(), |refusal| matches!(refusal, Contradiction::NakedBind(_))),
        (|config| config.require_auth = true, |refusal| *refusal == Contradiction::NothingToRequire),
        (
            |config| config.allow_origins = vec!["*".parse().expect("a pattern")],
            |refusal| *refusal == Contradiction::EveryOriginWithoutToken,
        ),
        (
            |config| {
                config.hostname = "0.0.0.0".to_owned();
                config.token = TokenSource::Kept;
                config.trust_loopback = true;
            },
            |refusal| matches!(refusal, Contradiction::TrustBeyondLoopback(_)),
        ),
    ];
    for (adjust, expected) in cases {
        let home = tempfile::tempdir().expect("a scratch home");
        let mut config = config(home.path());
        config.token = TokenSource::Off;
        adjust(&mut config);
        match serve::start(config).await {
            Err(StartError::Contradiction(refusal)) => assert!(expected(&refusal), "{refusal}"),
            other => panic!("{other:?}"),
        }
        assert!(!home.path().join(".qwen").exists(), "a refused start leaves nothing behind");
    }
}
