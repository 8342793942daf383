//! Asking for a WebSocket at `/acp`: granted or refused before a frame is sent.

use std::net::SocketAddr;

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Answers, Seen, Shape};
use crate::deadline::within;

/// Longest head of an answer, in bytes.
const MOST: usize = 16 * 1024;

/// Asks in every way that decides whether there will be a WebSocket.
pub(super) async fn ask(address: SocketAddr, token: &str, answers: &mut Answers) -> anyhow::Result<()> {
    let bearer = format!("Bearer {token}");
    let own = [("Authorization", bearer.as_str())];
    let (protocol, wrong) = (bearer_protocol(token), bearer_protocol("wrong"));
    let (with_other, wrong_with_other) = (format!("{protocol}, acp"), format!("acp, {wrong}"));
    for (name, path, headers) in [
        ("with a token", "/acp", own.to_vec()),
        ("without a token", "/acp", vec![]),
        ("with a wrong token", "/acp", vec![("Authorization", "Bearer wrong")]),
        ("with a token among the protocols", "/acp", vec![("Sec-WebSocket-Protocol", with_other.as_str())]),
        ("with a token for a protocol", "/acp", vec![("Sec-WebSocket-Protocol", protocol.as_str())]),
        ("with a wrong token among the protocols", "/acp", vec![("Sec-WebSocket-Protocol", wrong_with_other.as_str())]),
        ("from a foreign origin", "/acp", [own[0], ("Origin", "https://evil.test")].to_vec()),
        ("at a foreign host", "/acp", [own[0], ("Host", "evil.test")].to_vec()),
        ("in an old version", "/acp", [own[0], ("Sec-WebSocket-Version", "8")].to_vec()),
        ("without a key", "/acp", [own[0], ("Sec-WebSocket-Key", "")].to_vec()),
        ("where there is none", "/health", own.to_vec()),
    ] {
        let head = within("an answer to a handshake", asked(address, path, &headers)).await??;
        answers.insert(format!("WebSocket {name}"), seen(&head)?);
    }
    Ok(())
}

fn bearer_protocol(token: &str) -> String {
    format!("qwen-bearer.{}", URL_SAFE_NO_PAD.encode(token))
}

/// The head of the answer; empty when there was none. A header that is empty is not sent.
async fn asked(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<String> {
    let host = address.to_string();
    let mut head = vec![
        ("Host", host.as_str()),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    head.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    head.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
    let lines: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\n{lines}\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    let is_whole = |answer: &[u8]| answer.windows(4).any(|end| end == b"\r\n\r\n") || answer.len() > MOST;
    while !is_whole(&answer) && stream.read_buf(&mut answer).await? > 0 {}
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn seen(head: &str) -> anyhow::Result<Seen> {
    let status = if head.is_empty() { 0 } else { head.split(' ').nth(1).context("a status line")?.parse()? };
    let selected = head.lines().find(|line| line.to_lowercase().starts_with("sec-websocket-protocol:"));
    Ok(Seen { status, code: None, shape: selected.map(|_| Shape::of(&json!({"protocol": ""}))) })
}
