//! R13, S15: hundreds of connections that send half a head, nothing, or a body drop by drop, and streams nobody reads. Whoever means it is
//! served meanwhile, and those that never finish are closed.

use anyhow::Context;
use roost_core::client::segment;
use roost_tests::{
    client::events::{Cursor, message_text},
    daemon::{Setup, TOKEN},
    deadline::within,
    fake_model::script::words,
    processes,
    scripted_agent::script::Step,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::spoken::{Stage, text};

/// Where the machine allows so many.
const EACH: usize = 250;
const BEGINNINGS: usize = 4;
const DEAF: usize = 64;
const WORDS: u64 = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_only_hold_connections_are_closed_and_keep_nobody_waiting() -> anyhow::Result<()> {
    // Half of them are ours, half are left for what else this program has open.
    let allowed = processes::open_as_many_files_as_allowed();
    let each = EACH.min(allowed / 2 / BEGINNINGS);
    let stage = Stage::set(Setup::new()).await?;
    let (address, client) = (stage.daemon.address(), &stage.client);
    let session = client.new_session().await?;
    let head = format!("POST /session HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n");
    let beginnings: [String; BEGINNINGS] = [
        String::new(),
        head.clone(),
        format!("{head}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"),
        // A length that no body keeps.
        format!("{head}Content-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n{{"),
    ];
    let mut held = Vec::new();
    for nth in 0..each * beginnings.len() {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(beginnings[nth % beginnings.len()].as_bytes()).await?;
        held.push(stream);
    }
    let mut deaf = Vec::new();
    for _ in 0..DEAF {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET /session/{session}/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nLast-Event-ID: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        deaf.push(stream);
    }

    let told = message_text(&stage.turn(&session, [Step::Words { count: WORDS, pace_ms: 0 }]).await?);
    assert_eq!(told, words(WORDS));
    assert_eq!(client.get("/health").await?.status, 200);
    let another = client.new_session().await?;
    assert_eq!(message_text(&stage.turn(&another, [text("served")]).await?), "served");

    let mut closing = JoinSet::new();
    for mut stream in held {
        closing.spawn(async move {
            let mut answer = Vec::new();
            // A reset is an end like any other.
            let _ = within("a connection that never finishes to be closed", stream.read_to_end(&mut answer)).await?;
            anyhow::Ok(answer)
        });
    }
    while let Some(closed) = closing.join_next().await {
        let answer = String::from_utf8(closed??)?;
        let status = answer.split(' ').nth(1).unwrap_or("none");
        assert!(matches!(status, "none" | "408" | "413"), "nothing was done: {answer}");
    }
    let workspace = segment(&stage.daemon.workspace().display().to_string());
    let listed = client.get(&format!("/workspace/{workspace}/sessions")).await?.ok()?;
    assert_eq!(listed["sessions"].as_array().context("a list")?.len(), 2, "no session came of it: {listed}");
    drop(deaf);
    assert_eq!(message_text(&stage.turn(&session, [text("still")]).await?), "still");
    Ok(())
}

#[tokio::test]
async fn a_session_has_a_place_for_so_many_streams_and_its_owner_is_told_when_there_is_none() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new().arg("--max-subscribers").arg("8")).await?;
    let client = &stage.client;
    let session = client.new_session().await?;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(client.events(&session).from(Cursor::START).open().await?);
    }
    let refused = client.events(&session).from(Cursor::START).try_open().await?;
    let refused = refused.err().context("one too many")?;
    assert!(matches!(refused.status, 429 | 503), "{}: {}", refused.status, refused.text());
    assert!(refused.json()["error"].is_string(), "{}", refused.text());
    assert_eq!(client.post(&format!("/session/{session}/heartbeat"), &json!({})).await?.status, 200);
    drop(streams);
    roost_tests::deadline::until("a place to be free again", async || {
        Ok(client.events(&session).from(Cursor::START).try_open().await?.ok())
    })
    .await?;
    Ok(())
}
