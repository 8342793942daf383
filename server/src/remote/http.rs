//! The socket: each request on a connection of its own.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use roost_core::client::{Answer, Call, Request, WireFailure};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

use super::{RemoteError, target::Target, tls::TlsFault};

/// How long a daemon may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to answer: an agent may take a minute to restore a session.
const ANSWER: Duration = Duration::from_secs(90);

/// Sends requests to one daemon.
#[derive(Debug)]
pub(super) struct Http {
    target: Target,
}

/// An answer whose body is still to be read. Dropping it closes its connection.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
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

impl Http {
    pub(super) fn to(target: Target) -> Self {
        Self { target }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a call with our credential and reads its answer.
    pub(super) async fn call<T>(&self, call: Call<T>) -> Result<T, RemoteError> {
        let exchange = async {
            let mut open = self.open(call.request()).await?;
            let body = open.rest().await.map_err(|error| self.unreachable(&error))?;
            Ok((open, body))
        };
        let answered = timeout(ANSWER, exchange).await;
        let (open, body) = answered.map_err(|_| self.unreachable(&"it accepts, and does not answer"))??;
        if open.status == StatusCode::UNAUTHORIZED {
            return Err(self.target.unauthorized());
        }
        call.read(&open.answer(&body)).map_err(RemoteError::of)
    }

    /// Sends a request with our credential; returns with the head of the answer.
    pub(super) async fn open(&self, request: &Request) -> Result<Open, RemoteError> {
        let (host, port) = self.target.address();
        let connected = timeout(CONNECT, TcpStream::connect((host, port))).await;
        let stream = connected.map_err(|_| self.unreachable(&"it does not accept"))?;
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => self.unreachable(&"nothing listens there"),
            _ => self.unreachable(&error),
        })?;
        // Each request is one write: waiting for more to send would only delay it.
        stream.set_nodelay(true).map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) = match self.target.tls() {
            None => self.speak(stream).await?,
            Some(tls) => {
                let shaken = timeout(CONNECT, tls.shake(stream)).await;
                let shaken = shaken.map_err(|_| self.unreachable(&"it does not speak TLS"))?;
                self.speak(shaken.map_err(|error| self.no_tls(&error))?).await?
            }
        };
        let answer = sender.send_request(self.message(request)?).await.map_err(|error| match error.is_parse() {
            true => self.unreachable(&"it does not speak plain HTTP: perhaps its address begins with https://"),
            false => self.unreachable(&error),
        })?;
        let (head, body) = answer.into_parts();
        Ok(Open { status: head.status, headers: head.headers, body, _connection: connection })
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<(http1::SendRequest<Full<Bytes>>, Connection), RemoteError> {
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| self.unreachable(&error))?;
        // What goes wrong shows in the answer or in its body.
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok((sender, Connection(connection)))
    }

    fn message(&self, request: &Request) -> Result<http::Request<Full<Bytes>>, RemoteError> {
        let mut message = http::Request::builder()
            .method(request.method.as_str())
            .uri(self.target.path(&request.path))
            .header(header::HOST, self.target.authority());
        for (name, value) in &request.headers {
            message = message.header(*name, value);
        }
        if let Some(token) = self.target.token() {
            message = message.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let body = request.body.clone().map_or_else(Full::default, |body| Full::from(Bytes::from(body)));
        message.body(body).map_err(|_| RemoteError::BadUrl(self.target.to_string()))
    }

    fn no_tls(&self, error: &io::Error) -> RemoteError {
        match TlsFault::of(error) {
            TlsFault::Certificate(why) => RemoteError::Untrusted { url: self.target.to_string(), why },
            TlsFault::NoTls => self.unreachable(&"it does not speak TLS: its address begins with http://"),
            TlsFault::Other => self.unreachable(error),
        }
    }

    fn unreachable(&self, why: &dyn ToString) -> RemoteError {
        RemoteError::Unreachable { url: self.target.to_string(), why: why.to_string() }
    }
}

impl Open {
    /// The next bytes of the body; `None` at its end. An error is an end, too: what follows is lost either way.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.body.frame().await?.ok()?;
            if let Ok(bytes) = frame.into_data() {
                return Some(bytes);
            }
        }
    }

    /// Reads an answer that is not a stream as the refusal it is.
    pub(super) async fn refusal(mut self) -> WireFailure {
        let body = self.rest().await.unwrap_or_default();
        WireFailure::read(&self.answer(&body))
    }

    async fn rest(&mut self) -> hyper::Result<Bytes> {
        Ok((&mut self.body).collect().await?.to_bytes())
    }

    fn answer<'a>(&'a self, body: &'a [u8]) -> Answer<'a> {
        let retry_after = self.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        Answer { status: self.status.as_u16(), retry_after, body }
    }
}
