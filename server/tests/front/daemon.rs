//! A daemon of our own on a free port, and a client that sends exactly the bytes it is told to.

use std::{net::SocketAddr, path::Path};

use roost_server::{
    Config,
    auth::Secret,
    config::{AgentCommand, TokenSource},
    serve::{self, Daemon},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const TOKEN: &str = "canary-server-token";

/// A running daemon with a home of its own, which goes when this is dropped.
pub(crate) struct Running {
    pub(crate) daemon: Daemon,
    pub(crate) home: TempDir,
}

/// Starts with [`TOKEN`] and what `adjust` changes.
pub(crate) async fn running(adjust: impl FnOnce(&mut Config)) -> Running {
    running_in(tempfile::tempdir().expect("a scratch home"), adjust).await
}

pub(crate) async fn running_in(home: TempDir, adjust: impl FnOnce(&mut Config)) -> Running {
    let mut config = config(home.path());
    adjust(&mut config);
    let daemon = serve::start(config).await.expect("the daemon starts");
    Running { daemon, home }
}

pub(crate) fn config(home: &Path) -> Config {
    let agent = AgentCommand { program: "false".into(), args: Vec::new(), name: "none".to_owned() };
    let mut config = Config::new(home.to_owned(), home.join(".qwen"), agent);
    config.port = 0;
    config.token = TokenSource::Given(Secret::new(TOKEN));
    config
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        self.daemon.address()
    }

    /// The `Host` a well-behaved client sends.
    pub(crate) fn host(&self) -> String {
        self.address().to_string()
    }

    /// A request with `Host` and the given header lines; no body.
    pub(crate) async fn send(&self, line: &str, headers: &[&str]) -> Answer {
        let host = format!("Host: {}", self.host());
        let headers: Vec<&str> = std::iter::once(host.as_str()).chain(headers.iter().copied()).collect();
        self.raw(&request(line, &headers, "")).await
    }

    /// A POST of JSON text.
    pub(crate) async fn post(&self, path: &str, headers: &[&str], body: &str) -> Answer {
        let (host, length) = (format!("Host: {}", self.host()), format!("Content-Length: {}", body.len()));
        let own = [host.as_str(), length.as_str(), "Content-Type: application/json"];
        let headers: Vec<&str> = own.into_iter().chain(headers.iter().copied()).collect();
        self.raw(&request(&format!("POST {path}"), &headers, body)).await
    }

    /// Sends these bytes and reads until the daemon closes.
    pub(crate) async fn raw(&self, bytes: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.expect("the daemon reads");
        read_answer(stream).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.expect("the daemon accepts")
    }
}

/// `line` is method and target.
pub(crate) fn request(line: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n{body}")
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// What came back, or nothing at all.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }
}

pub(crate) async fn read_answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A reset after the answer is how a body nobody wanted ends.
    let _ = stream.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head came back");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Answer { status: status.expect("a status line"), headers: headers.collect(), body: bytes[end + 4..].to_vec() }
}
