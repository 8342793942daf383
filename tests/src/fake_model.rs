//! A model server for tests and benchmarks: real HTTP, the OpenAI chat completions wire, answers from a typed script.
//!
//! It never looks for marks in prompts: what it says is decided by its [`Script`], what it was asked is kept for
//! assertions. It streams far faster than anything in front of it, so it can be the model of a benchmark too.

mod chunk;
mod completion;
pub mod script;

use std::{
    collections::HashSet,
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

pub use self::script::{Script, Step, Turn};
use self::{
    chunk::ChunkWriter,
    completion::{AnswerBody, stream, whole},
};

/// A running fake model. Dropping it closes its socket and every connection.
#[derive(Debug)]
pub struct FakeModel {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    requests: watch::Sender<Vec<Received>>,
    gates: watch::Sender<HashSet<String>>,
}

/// A request as it arrived. It is read when somebody wants to know: in a benchmark nobody does.
#[derive(Clone, Debug)]
struct Received {
    authorization: Option<String>,
    body: Bytes,
}

/// What every answer depends on.
#[derive(Debug, Deserialize)]
struct Wishes {
    #[serde(default)]
    model: String,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
}

#[derive(Debug, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// One request to `/v1/chat/completions`.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    pub authorization: Option<String>,
    /// The whole JSON body.
    pub body: Value,
}

impl ChatRequest {
    #[must_use]
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    #[must_use]
    pub fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The text of the last `user` message.
    #[must_use]
    pub fn user_text(&self) -> String {
        self.messages().iter().rfind(|message| message["role"] == "user").map(text_of).unwrap_or_default()
    }

    /// The texts of the `tool` messages, oldest first.
    #[must_use]
    pub fn tool_results(&self) -> Vec<String> {
        self.messages().iter().filter(|message| message["role"] == "tool").map(text_of).collect()
    }

    /// The names of the tools on offer.
    #[must_use]
    pub fn tool_names(&self) -> Vec<&str> {
        let tools = self.body["tools"].as_array().map_or(&[][..], Vec::as_slice);
        tools.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect()
    }
}

impl Received {
    fn read(&self) -> ChatRequest {
        let body = serde_json::from_slice(&self.body).expect("what is no JSON was refused when it came");
        ChatRequest { authorization: self.authorization.clone(), body }
    }
}

/// The text of a message, whose content is a string or a list of parts.
#[must_use]
pub fn text_of(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

impl FakeModel {
    /// Starts on a free loopback port.
    pub async fn start(script: Script) -> io::Result<Self> {
        Self::start_on(0, script).await
    }

    /// Starts on this loopback port.
    pub async fn start_on(port: u16, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            requests: watch::Sender::new(Vec::new()),
            gates: watch::Sender::new(HashSet::new()),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// What a client gets as `OPENAI_BASE_URL`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every completion asked for so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.shared.requests.borrow().iter().map(Received::read).collect()
    }

    /// Waits until `count` completions have been asked for, and returns them.
    pub async fn requested(&self, count: usize) -> Vec<ChatRequest> {
        let mut requests = self.shared.requests.subscribe();
        let seen = requests.wait_for(|requests| requests.len() >= count).await;
        seen.expect("the sender lives as long as `self`").iter().map(Received::read).collect()
    }

    /// Lets every turn waiting at [`Step::Gate`] of this name go on, now and later.
    pub fn open(&self, gate: &str) {
        self.shared.gates.send_modify(|open| {
            open.insert(gate.to_owned());
        });
    }

    /// Runs until the process ends.
    pub async fn serve_forever(mut self) {
        // The accept loop ends by being aborted only, so there is no outcome to look at.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Connections live in this task's set: aborting the task closes them.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((socket, _)) = listener.accept().await else { continue };
        // Without this the kernel holds small packets back, and a paced script would arrive in lumps.
        let _ = socket.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&shared), request));
            // A client that breaks off is part of the scenes this server plays.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<AnswerBody>, Infallible> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/chat/completions") => complete(&shared, request).await,
        (&Method::GET, "/v1/models") => {
            json_response(StatusCode::OK, &json!({"object": "list", "data": [{"id": "fake-model", "object": "model"}]}))
        }
        _ => json_response(StatusCode::NOT_FOUND, &json!({"error": {"message": "no such route"}})),
    })
}

async fn complete(shared: &Shared, request: Request<Incoming>) -> Response<AnswerBody> {
    let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Ok(body) = request.into_body().collect().await else {
        return json_response(StatusCode::BAD_REQUEST, &json!({"error": {"message": "the body broke off"}}));
    };
    let received = Received { authorization, body: body.to_bytes() };
    let Ok(wishes) = serde_json::from_slice::<Wishes>(&received.body) else {
        return json_response(StatusCode::BAD_REQUEST, &json!({"error": {"message": "the body is no request"}}));
    };
    let turn = shared.script.lock().unwrap_or_else(PoisonError::into_inner).next(|| received.read());
    let mut number = 0;
    shared.requests.send_modify(|requests| {
        requests.push(received);
        number = requests.len() as u64;
    });
    respond(shared, &wishes, turn, number)
}

fn respond(shared: &Shared, wishes: &Wishes, turn: Turn, number: u64) -> Response<AnswerBody> {
    if let Some(Step::Status { code, retry_after_s, body }) = turn.first() {
        let status = StatusCode::from_u16(*code).expect("a script names a valid status");
        let mut response = Response::new(whole(body.clone()));
        *response.status_mut() = status;
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, (*seconds).into());
        }
        response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a valid header value"));
        return response;
    }
    let chunks = ChunkWriter::new(&wishes.model, number);
    if !wishes.stream {
        return json_response(StatusCode::OK, &chunks.whole(&turn));
    }
    let body = stream(turn, chunks, wishes.stream_options.include_usage, shared.gates.subscribe());
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().expect("a valid header value"));
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<AnswerBody> {
    let mut response = Response::new(whole(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a valid header value"));
    response
}
