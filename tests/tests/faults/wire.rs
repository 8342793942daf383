//! Requests of core's client over a bad line: each on a connection of its own, so that each meets a fate of its own.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap,
    body::Incoming,
    client::conn::http1,
    header::{AUTHORIZATION, HOST, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use roost_core::{
    PromptId, SessionId,
    client::{Answer, Call, CallError, Method, Request, WireFailure},
};
use roost_tests::daemon::TOKEN;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

/// Nobody answers any more. Longer than the daemon takes while it shares the machine with everything else here.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where one run finds the daemon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) line: SocketAddr,
    /// The daemon's own address: what requests call it.
    pub(crate) host: SocketAddr,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It may have arrived or not.
    Lost,
    Refused(Box<WireFailure>),
}

/// An answer whose body is still to be read. Dropping it closes its connection.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    _connection: Connection,
}

/// The task that moves the bytes.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Wire {
    /// Sends a call once. An answer that makes no sense is an error of the test.
    pub(crate) async fn call<T>(&self, call: &Call<T>) -> anyhow::Result<Result<T, Failed>> {
        let exchange = timeout(PATIENCE, async {
            let mut open = self.open(call.request()).await?;
            let body = open.rest().await?;
            anyhow::Ok((open, body))
        });
        let Ok(Ok((open, body))) = exchange.await else { return Ok(Err(Failed::Lost)) };
        match call.read(&open.answer(&body)) {
            Ok(answer) => Ok(Ok(answer)),
            Err(CallError::Refused(refused)) => Ok(Err(Failed::Refused(refused))),
            Err(CallError::Garbled(why)) => anyhow::bail!("{:?} was answered with nonsense: {why}", call.request()),
        }
    }

    /// How the daemon says a turn stands: its `state`. `None` when there is no answer, or no such turn.
    pub(crate) async fn turn_state(&self, session: &SessionId, prompt: &PromptId) -> Option<String> {
        let request = Request::new(Method::Get, format!("/session/{session}/turns/{prompt}"));
        let exchange = timeout(PATIENCE, async {
            let mut open = self.open(&request).await?;
            anyhow::Ok(serde_json::from_slice::<Value>(&open.rest().await?)?)
        });
        Some(exchange.await.ok()?.ok()?["state"].as_str()?.to_owned())
    }

    /// Sends a request; returns with the head of the answer.
    pub(crate) async fn open(&self, request: &Request) -> anyhow::Result<Open> {
        let stream = TcpStream::connect(self.line).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(tokio::spawn(async move {
            // What goes wrong shows in the answer or in its body.
            let _ = connection.await;
        }));
        let answer = sender.send_request(self.message(request)?).await?;
        let (head, body) = answer.into_parts();
        Ok(Open { status: head.status.as_u16(), headers: head.headers, body, _connection: connection })
    }

    fn message(&self, request: &Request) -> anyhow::Result<hyper::Request<Full<Bytes>>> {
        let mut message = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(&request.path)
            .header(HOST, self.host.to_string())
            .header(AUTHORIZATION, format!("Bearer {TOKEN}"));
        for (name, value) in &request.headers {
            message = message.header(*name, value);
        }
        let body = request.body.clone().map_or_else(Full::default, |body| Full::from(Bytes::from(body)));
        message.body(body).context("a request of core's client can be sent")
    }
}

impl Open {
    /// The next bytes of the body; `None` at its end, however it came.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.body.frame().await?.ok()?;
            if let Ok(bytes) = frame.into_data() {
                return Some(bytes);
            }
        }
    }

    /// Reads an answer that is no stream as the refusal it is.
    pub(crate) async fn refusal(mut self) -> anyhow::Result<WireFailure> {
        let body = timeout(PATIENCE, self.rest()).await??;
        Ok(WireFailure::read(&self.answer(&body)))
    }

    async fn rest(&mut self) -> anyhow::Result<Bytes> {
        Ok((&mut self.body).collect().await?.to_bytes())
    }

    fn answer<'a>(&'a self, body: &'a [u8]) -> Answer<'a> {
        let retry_after = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        Answer { status: self.status, retry_after, body }
    }
}
