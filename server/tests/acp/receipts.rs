//! The 202 of a message, and the answer to it on another connection.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
};

use roost_tests::scripted_agent::AgentScript;
use serde_json::json;

use crate::{
    editor::{Editor, call},
    host::{Host, TOKEN},
};

/// A client may listen for an answer only once it has the receipt. So whenever an answer can be read, its receipt can be read, too.
#[tokio::test]
async fn no_answer_overtakes_its_receipt() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let mut stream = editor.stream().await?;
    let address = host.daemon().address();
    let mut line = std::net::TcpStream::connect(address)?;
    line.set_nodelay(true)?;
    line.set_nonblocking(true)?;
    for id in 1..=300 {
        line.write_all(message(&editor, address, id).as_bytes())?;
        stream.result(id).await?;
        let mut receipt = [0; 4_096];
        let length = match line.read(&mut receipt) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => anyhow::bail!("answer {id} came before its receipt"),
            read => read?,
        };
        let receipt = std::str::from_utf8(&receipt[..length])?;
        let head = receipt.strip_suffix("\r\n\r\n").unwrap_or_else(|| panic!("there is more to come: {receipt}"));
        assert!(head.starts_with("HTTP/1.1 202 Accepted\r\n"), "{head}");
        assert!(head.to_ascii_lowercase().contains("\r\ncontent-length: 0"), "{head}");
    }
    Ok(())
}

/// A receipt that can reach nobody any more keeps nobody else waiting.
#[tokio::test]
async fn a_sender_that_has_gone_holds_up_nothing() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let mut stream = editor.stream().await?;
    let address = host.daemon().address();
    for id in 1..=50 {
        let mut hasty = std::net::TcpStream::connect(address)?;
        hasty.write_all(message(&editor, address, id).as_bytes())?;
        drop(hasty);
    }
    editor.ask(99, "authenticate", &json!({})).await?;
    stream.result(99).await?;
    Ok(())
}

fn message(editor: &Editor, address: SocketAddr, id: u64) -> String {
    let body = call(id, "authenticate", &json!({})).to_string();
    let (connection, length) = (&editor.connection, body.len());
    format!(
        "POST /acp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n\
         Acp-Connection-Id: {connection}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
