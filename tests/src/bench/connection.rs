//! One keep-alive connection, as thin as HTTP allows: what it costs is paid by every contestant alike.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, body::Incoming, client::conn::http1::SendRequest, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Where a contestant listens and what it lets in.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) token: Arc<str>,
}

#[derive(Debug)]
pub(super) struct Connection {
    door: Door,
    sender: SendRequest<Full<Bytes>>,
}

impl Door {
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // An end that matters shows in the request or body that it cuts off.
            let _ = connection.await;
        });
        Ok(Connection { door: self.clone(), sender })
    }

    /// Opens a session's event stream on a connection of its own.
    pub(super) async fn events(&self, session: &str, last_event_id: Option<u64>) -> anyhow::Result<Incoming> {
        let mut connection = self.connect().await?;
        let mut request = connection.request(Method::GET, &format!("/session/{session}/events?maxQueued=2048"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = connection.sender.send_request(request.body(Full::default())?).await?;
        anyhow::ensure!(answer.status() == 200, "the stream was answered {}", answer.status());
        Ok(answer.into_body())
    }
}

impl Connection {
    /// The body of a 2xx.
    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        let request = self.request(Method::GET, path).body(Full::default())?;
        self.answer(request).await
    }

    /// The JSON of a 2xx.
    pub(super) async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        let body = self.answer(request.body(Full::from(body.to_string()))?).await?;
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    pub(super) async fn put(&mut self, path: &str) -> anyhow::Result<()> {
        let request = self.request(Method::PUT, path).body(Full::default())?;
        self.answer(request).await.map(drop)
    }

    pub(super) async fn delete(&mut self, path: &str) -> anyhow::Result<()> {
        let request = self.request(Method::DELETE, path).body(Full::default())?;
        self.answer(request).await.map(drop)
    }

    /// A session of its own.
    pub(super) async fn new_session(&mut self) -> anyhow::Result<String> {
        let session = self.post("/session", &serde_json::json!({"sessionScope": "thread"})).await?;
        Ok(session["sessionId"].as_str().context("a session has an id")?.to_owned())
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.door.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.door.token))
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Bytes> {
        let what = format!("{} {}", request.method(), request.uri());
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await.with_context(|| what.clone())?.into_parts();
        let body = body.collect().await.with_context(|| what.clone())?.to_bytes();
        if !head.status.is_success() {
            bail!("{what} was answered {}: {}", head.status, String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
