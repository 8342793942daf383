//! A plain HTTP client of the daemon: what a script would send, nothing cleverer. Event streams are in [`events`].

pub mod events;
pub mod record;

use std::net::SocketAddr;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request, body::Incoming, header, http::request};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use roost_core::Envelope;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use self::{
    events::{Cursor, EventsRequest},
    record::{Asked, Record},
};
use crate::deadline::within;

/// One client of one daemon. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
    client_id: Option<String>,
    record: Option<Record>,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The 202 of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    pub prompt_id: String,
    pub last_event_id: u64,
    pub event_epoch: String,
}

impl Accepted {
    /// From here a stream replays everything of this turn.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { last_event_id: self.last_event_id, epoch: Some(self.event_epoch.clone()) }
    }
}

impl Client {
    /// A client without a token.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let pool = Pool::builder(TokioExecutor::new()).build(connector);
        Self { address, token: None, client_id: None, record: None, pool }
    }

    /// The same client with this bearer token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The same client without a bearer token.
    #[must_use]
    pub fn without_token(mut self) -> Self {
        self.token = None;
        self
    }

    /// The same client, naming itself in `X-Qwen-Client-Id`.
    #[must_use]
    pub fn with_client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// The same client, which keeps what it asks and is answered, event streams left out.
    #[must_use]
    pub fn recorded(mut self, record: &Record) -> Self {
        self.record = Some(record.clone());
        self
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Response> {
        self.send(self.request(Method::GET, path).body(Full::default())?).await
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<Response> {
        self.send(self.request(Method::DELETE, path).body(Full::default())?).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        self.send(self.json_request(Method::POST, path, body)?).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        self.send(self.json_request(Method::PATCH, path, body)?).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        self.send(self.json_request(Method::PUT, path, body)?).await
    }

    /// A request to this daemon with this client's credentials, for tests that add or bend something.
    pub fn request(&self, method: Method, path: &str) -> request::Builder {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(id) = &self.client_id {
            request = request.header("x-qwen-client-id", id);
        }
        request
    }

    fn json_request(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Request<Full<Bytes>>> {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        Ok(request.body(Full::from(body.to_string()))?)
    }

    /// Sends the request as it is and reads the whole answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Response> {
        let what = format!("the answer to {} {}", request.method(), request.uri().path());
        let (asked, request) = Asked::of(request).await;
        let response = within(&what, async {
            let (head, body) = self.open(request).await?.into_parts();
            let body = body.collect().await.context("the answer broke off")?.to_bytes();
            anyhow::Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
        })
        .await??;
        if let Some(record) = &self.record {
            record.answered(asked, response.clone());
        }
        Ok(response)
    }

    /// Sends the request and reads the head of the answer; the body too, unless it is an event stream, which has no end.
    pub async fn head(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Response> {
        let (asked, request) = Asked::of(request).await;
        let (head, body) = within("the head of an answer", self.open(request)).await??.into_parts();
        let is_stream = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream { Bytes::new() } else { within("a body", body.collect()).await??.to_bytes() };
        let response = Response { status: head.status.as_u16(), headers: head.headers, body };
        if let Some(record) = &self.record {
            record.answered(asked, response.clone());
        }
        Ok(response)
    }

    /// Sends the request and returns as soon as the head of the answer is there.
    async fn open(&self, request: Request<Full<Bytes>>) -> anyhow::Result<hyper::Response<Incoming>> {
        self.pool.request(request).await.with_context(|| format!("no answer from {}", self.address))
    }

    /// Raw bytes on a connection of its own, and everything that comes back until the daemon closes it: for requests
    /// that no HTTP library would send. Ask for `Connection: close`.
    pub async fn raw(&self, bytes: &[u8]) -> anyhow::Result<String> {
        within("the daemon to close the connection", async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(bytes).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok(String::from_utf8_lossy(&answer).into_owned())
        })
        .await?
    }

    /// `POST /session` for a session of its own; returns its id.
    pub async fn new_session(&self) -> anyhow::Result<String> {
        let session = self.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
        Ok(session["sessionId"].as_str().context("a session has an id")?.to_owned())
    }

    /// `POST /session/:id/prompt` with one block of text.
    pub async fn prompt(&self, session: &str, text: &str) -> anyhow::Result<Accepted> {
        let body = json!({"prompt": [{"type": "text", "text": text}]});
        let response = self.post(&format!("/session/{session}/prompt"), &body).await?;
        if response.status != 202 {
            bail!("the prompt was answered {}: {}", response.status, response.text());
        }
        Ok(serde_json::from_slice(&response.body)?)
    }

    /// Sends a prompt and reads the events of its turn, the terminal one included.
    pub async fn turn(&self, session: &str, text: &str) -> anyhow::Result<Vec<Envelope>> {
        let accepted = self.prompt(session, text).await?;
        let mut events = self.events(session).from(accepted.cursor()).open().await?;
        events.until_end_of(&accepted.prompt_id).await
    }

    /// Votes for an option of a pending permission request.
    pub async fn allow(&self, session: &str, request: &str, option: &str) -> anyhow::Result<Response> {
        let vote = json!({"outcome": {"outcome": "selected", "optionId": option}});
        self.post(&format!("/session/{session}/permission/{request}"), &vote).await
    }

    /// `GET /session/:id/events`, to be refined and opened.
    #[must_use]
    pub fn events(&self, session: &str) -> EventsRequest<'_> {
        EventsRequest::new(self, session)
    }

    /// `GET` of an event stream somewhere else, to be refined and opened.
    #[must_use]
    pub fn event_stream(&self, path: impl Into<String>) -> EventsRequest<'_> {
        EventsRequest::at(self, path)
    }
}

impl Response {
    /// The body as JSON, [`Value::Null`] when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `code` of an error body.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        Some(self.json()["code"].as_str()?.to_owned())
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The JSON of a 2xx; any other answer is an error that shows it.
    pub fn ok(&self) -> anyhow::Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("answered {}: {}", self.status, self.text());
        }
        Ok(self.json())
    }
}
