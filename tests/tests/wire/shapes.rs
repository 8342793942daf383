//! S1, S15: requests in shapes that no client gives them, as those send who look for two readers of one text that disagree. Each is refused,
//! or is one request and nothing more; no bytes of a body are ever taken for another request, and the daemon stays well.

use anyhow::Context;
use roost_tests::{
    client::Client,
    daemon::{Setup, TOKEN},
    deadline::within,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stage::{Stage, status_of};

/// What would be seen if a body were read as a request.
const SMUGGLED: &str = "GET /capabilities HTTP/1.1\r\n";

/// Sends the bytes and reads until the daemon closes the connection, or has said enough.
async fn said(client: &Client, bytes: &[u8], is_enough: impl Fn(&str) -> bool) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(client.address()).await?;
    let (mut read, mut write) = stream.split();
    // A daemon that has refused reads no further.
    let sending = async { drop(write.write_all(bytes).await) };
    let hearing = async {
        let (mut heard, mut buffer) = (String::new(), vec![0; 64 * 1024]);
        while let Ok(count @ 1..) = read.read(&mut buffer).await {
            heard += &String::from_utf8_lossy(&buffer[..count]);
            if is_enough(&heard) {
                break;
            }
        }
        heard
    };
    Ok(within("the daemon to answer and close", async { tokio::join!(sending, hearing) }).await?.1)
}

/// Until the daemon closes the connection.
fn never(_: &str) -> bool {
    false
}

struct Shapes<'a> {
    stage: &'a Stage,
    head: String,
}

impl Shapes<'_> {
    fn post(&self, headers: &str, body: &str) -> String {
        let head = &self.head;
        format!("POST /session HTTP/1.1\r\n{head}Content-Type: application/json\r\n{headers}\r\n{body}")
    }

    fn get(&self, target: &str, headers: &str) -> String {
        format!("GET {target} HTTP/1.1\r\n{}{headers}\r\n", self.head)
    }

    /// How many answers there are, and the status of the first.
    async fn answers(&self, request: &str) -> anyhow::Result<(usize, String)> {
        let said = said(&self.stage.client, request.as_bytes(), never).await?;
        anyhow::ensure!(!said.contains("workspaceCwds"), "a body was taken for a request: {request:.300}\n{said:.900}");
        Ok((said.matches("HTTP/1.1 ").count(), status_of(&said).to_owned()))
    }
}

#[tokio::test]
async fn a_body_whose_length_is_said_in_two_ways_is_refused_or_ends_the_connection() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let address = stage.daemon.address();
    let head = format!("Host: {address}\r\nAuthorization: Bearer {TOKEN}\r\n");
    let shapes = Shapes { stage: &stage, head: head.clone() };
    let smuggled = format!("{SMUGGLED}{head}\r\n");
    let chunked = format!("0\r\n\r\n{smuggled}");
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\tchunked\r\n \r\n",
    ] {
        let (count, status) = shapes.answers(&shapes.post(headers, &chunked)).await?;
        assert_eq!(count, 1, "{headers}");
        assert!(matches!(&*status, "200" | "400"), "{headers}: {status}");
    }
    for length in ["2\r\nContent-Length: 3", "2, 2", "+2", "-1", "0x2", "18446744073709551617", "2 2", "2.0"] {
        let answers =
            shapes.answers(&shapes.post(&format!("Content-Length: {length}\r\n"), &format!("{{}}{smuggled}"))).await?;
        assert_eq!(answers, (1, "400".to_owned()), "Content-Length: {length}");
    }
    for chunks in [
        "ffffffffffffffff1\r\n{}\r\n0\r\n\r\n".to_owned(),
        "-2\r\n{}\r\n0\r\n\r\n".to_owned(),
        format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(200_000)),
        format!("2\r\n{{}}\r\n0\r\n{}\r\n", "X: y\r\n".repeat(20_000)),
        "2\r\n{}X\r\n0\r\n\r\n".to_owned(),
    ] {
        let answers =
            shapes.answers(&shapes.post("Transfer-Encoding: chunked\r\n", &(chunks.clone() + &smuggled))).await?;
        assert_eq!(answers, (1, "400".to_owned()), "{chunks:.60}");
    }
    assert_eq!(stage.client.get("/health").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn heads_that_are_too_much_or_no_heads_are_refused_at_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let address = stage.daemon.address();
    let head = format!("Host: {address}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n");
    let shapes = Shapes { stage: &stage, head };
    for (request, expected) in [
        (shapes.get("/health", &"X: y\r\n".repeat(5_000)), "431"),
        (shapes.get("/health", &format!("X: {}\r\n", "y".repeat(1_000_000))), "431"),
        (shapes.get(&format!("/{}", "a".repeat(100_000)), ""), "414"),
        (shapes.get("/health", "X: a\r\n b\r\n"), "400"),
        (shapes.get("/health", "X: a\rb\r\n"), "400"),
        (shapes.get("/health", "X: a\0b\r\n"), "400"),
        (shapes.get("/health", "X y\r\n"), "400"),
        ("GET /health\r\n\r\n".to_owned(), "400"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n".to_owned(), "400"),
        (shapes.get("http://evil.test/capabilities", ""), "403"),
        (shapes.get(&format!("http://evil.test@{address}/capabilities"), ""), "403"),
        (format!("CONNECT evil.test:443 HTTP/1.1\r\n{}\r\n", shapes.head), "403"),
        (format!("CONNECT {address} HTTP/1.1\r\n{}\r\n", shapes.head), "404"),
        (format!("TRACE /health HTTP/1.1\r\n{}\r\n", shapes.head), "404"),
        (format!("get /capabilities HTTP/1.1\r\n{}\r\n", shapes.head), "404"),
    ] {
        let answers = shapes.answers(&request).await?;
        assert_eq!(answers, (1, expected.to_owned()), "{request:.120}");
    }
    assert_eq!(stage.client.get("/health").await?.status, 200);
    Ok(())
}

/// The answers to requests that come at once keep their order, also behind one that is refused with its body unread, and whoever asks
/// whether to go on is told to, or why not.
#[tokio::test]
async fn requests_behind_each_other_are_answered_in_their_order_and_bodies_between_them_are_bodies()
-> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let address = stage.daemon.address();
    let head = format!("Host: {address}\r\nAuthorization: Bearer {TOKEN}\r\n");
    let shapes = Shapes { stage: &stage, head: head.clone() };
    let last = shapes.get("/health", "Connection: close\r\n");
    let stranger =
        format!("POST /session HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{SMUGGLED}", SMUGGLED.len());
    let requests = [
        shapes.get("/health", ""),
        shapes.post("Content-Length: 3\r\n", "{x}"),
        stranger,
        shapes.get("/no/such/route", &format!("Content-Length: {}\r\n", SMUGGLED.len())) + SMUGGLED,
        last.clone(),
    ];
    let heard = said(&stage.client, requests.concat().as_bytes(), never).await?;
    let statuses: Vec<&str> = heard.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "400", "401", "404", "200"], "{heard}");

    let expecting = shapes.post("Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n", "{}");
    let heard = said(&stage.client, expecting.as_bytes(), never).await?;
    assert!(heard.starts_with("HTTP/1.1 100 ") && heard.contains("HTTP/1.1 200 "), "{heard}");
    let too_large = shapes.post("Content-Length: 999999999\r\nExpect: 100-continue\r\n", "");
    let heard = said(&stage.client, too_large.as_bytes(), |heard| heard.contains("\r\n\r\n")).await?;
    assert!(heard.starts_with("HTTP/1.1 413 "), "nobody is asked for what is refused: {heard}");
    Ok(())
}

/// A name in a path is a name, however it is written; and a cursor that is none begins nowhere.
#[tokio::test]
async fn odd_names_and_cursors_lead_nowhere() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    for id in ["..%2f..%2fetc", "%2e%2e", "a%2fb", "a%5cb", "%00", "%252e%252e", "%F0%9F%92%A9", &"a".repeat(5_000)] {
        for action in ["load", "resume", "prompt", "close"] {
            let body = json!({"prompt": [{"type": "text", "text": "hi"}]});
            let answer = stage.client.post(&format!("/session/{id}/{action}"), &body).await?;
            assert!(matches!(answer.status, 400 | 404), "{id}/{action}: {} {}", answer.status, answer.text());
        }
        let answer = stage.client.delete(&format!("/session/{id}")).await?;
        assert!(matches!(answer.status, 204 | 400 | 404), "{id}: {} {}", answer.status, answer.text());
    }
    let answer = stage.raw("GET", "/session/%c0%ae%c0%ae/status", &[], "").await?;
    assert_eq!(status_of(&answer), "400", "{answer}");
    let long = "9".repeat(5_000);
    for cursor in ["-1", "18446744073709551615", "99999999999999999999999", "1e3", "NaN", "+1", "1,2", "\"1\"", &long] {
        let stream = stage.client.events(&stage.session).header("last-event-id", cursor).try_open().await?;
        assert!(stream.is_ok(), "{cursor:.30}: {:?}", stream.err().map(|refused| refused.text()));
    }
    stage.expect_untouched(&before).await.context("something was done")
}

/// A client of HTTP/1.0 is given the stream as it is, and a `HEAD` no stream.
#[tokio::test]
async fn an_old_client_gets_its_stream_unchunked() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let head = format!("Host: {}\r\nAuthorization: Bearer {TOKEN}\r\nLast-Event-ID: 0\r\n", daemon.address());
    let request = format!("GET /session/{session}/events HTTP/1.0\r\n{head}\r\n");
    let old = said(&client, request.as_bytes(), |heard| heard.contains("event: replay_complete")).await?;
    let (answer, stream) = old.split_once("\r\n\r\n").context("a head")?;
    assert!(answer.starts_with("HTTP/1.0 200") && !answer.to_lowercase().contains("transfer-encoding"), "{answer}");
    assert!(stream.starts_with("retry: ") && stream.contains("event: replay_complete"), "{stream}");
    let asked = format!("HEAD /session/{session}/events HTTP/1.1\r\n{head}\r\n");
    let last = format!("GET /health HTTP/1.1\r\n{head}Connection: close\r\n\r\n");
    let heard = said(&client, (asked + &last).as_bytes(), never).await?;
    let behind = heard.split_once("\r\n\r\n").map(|(_, behind)| behind).unwrap_or_default();
    assert!(behind.starts_with("HTTP/1.1 200"), "a head and nothing else: {heard}");
    Ok(())
}
