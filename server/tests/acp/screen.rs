//! An editor that speaks ACP over a WebSocket.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use roost_tests::deadline::within;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};

use crate::{editor::call, host::Host};

/// One socket.
#[derive(Debug)]
pub(crate) struct Screen {
    stream: WebSocketStream<TcpStream>,
    /// Of the answer that granted it.
    pub(crate) headers: HeaderMap,
}

/// What came of asking for one.
#[derive(Debug)]
pub(crate) enum Asked {
    Granted(Box<Screen>),
    Refused(u16, Value),
}

/// The protocol that stands for the token.
pub(crate) fn bearer_protocol(token: &str) -> String {
    format!("qwen-bearer.{}", URL_SAFE_NO_PAD.encode(token))
}

impl Screen {
    /// Asks for a socket with these headers, and no others but what a WebSocket needs.
    pub(crate) async fn ask(host: &Host, path: &str, headers: &[(&'static str, &str)]) -> anyhow::Result<Asked> {
        let address = host.daemon().address();
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse()?);
        }
        let stream = TcpStream::connect(address).await?;
        match within("an answer to the handshake", client_async(request, stream)).await? {
            Ok((stream, answer)) => Ok(Asked::Granted(Box::new(Self { stream, headers: answer.headers().clone() }))),
            Err(Error::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                Ok(Asked::Refused(answer.status().as_u16(), serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// A socket before its first message.
    pub(crate) async fn open(host: &Host) -> anyhow::Result<Self> {
        Self::open_at(host, "/acp").await
    }

    pub(crate) async fn open_at(host: &Host, path: &str) -> anyhow::Result<Self> {
        let authorization = format!("Bearer {}", crate::host::TOKEN);
        match Self::ask(host, path, &[("authorization", &authorization)]).await? {
            Asked::Granted(screen) => Ok(*screen),
            Asked::Refused(status, body) => bail!("refused with {status}: {body}"),
        }
    }

    /// A connection.
    pub(crate) async fn connect(host: &Host) -> anyhow::Result<Self> {
        let mut screen = Self::open(host).await?;
        screen.call(0, "initialize", &json!({"protocolVersion": 1})).await?;
        Ok(screen)
    }

    pub(crate) async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        self.send_text(&message.to_string()).await
    }

    pub(crate) async fn send_text(&mut self, text: &str) -> anyhow::Result<()> {
        self.send_raw(Message::text(text)).await
    }

    pub(crate) async fn send_raw(&mut self, message: Message) -> anyhow::Result<()> {
        Ok(within("the daemon to read", self.stream.send(message)).await??)
    }

    /// The next message; an error when the socket is closed.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            match within("a message", self.stream.next()).await? {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text)?),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => bail!("no message but {other:?}"),
            }
        }
    }

    pub(crate) async fn until(&mut self, mut found: impl FnMut(&Value) -> bool) -> anyhow::Result<Vec<Value>> {
        let mut messages = Vec::new();
        loop {
            let message = self.next().await.with_context(|| format!("the last was {:?}", messages.last()))?;
            let is_last = found(&message);
            messages.push(message);
            if is_last {
                return Ok(messages);
            }
        }
    }

    /// Asks and reads up to the result.
    pub(crate) async fn call(&mut self, id: u64, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.send(&call(id, method, params)).await?;
        let messages = self.until(|message| message["id"] == id).await?;
        let mut answer = messages.last().cloned().unwrap_or_default();
        anyhow::ensure!(answer.get("error").is_none(), "{method} failed: {answer}");
        Ok(answer["result"].take())
    }

    pub(crate) async fn new_session(&mut self) -> anyhow::Result<String> {
        let result = self.call(1, "session/new", &json!({"mcpServers": []})).await?;
        Ok(result["sessionId"].as_str().context("a session has an id")?.to_owned())
    }

    pub(crate) async fn prompt(&mut self, id: u64, session: &str, text: &str) -> anyhow::Result<()> {
        let params = json!({"sessionId": session, "prompt": [{"type": "text", "text": text}]});
        self.send(&call(id, "session/prompt", &params)).await
    }

    /// Reads on until the daemon closes; what was said before, and how.
    pub(crate) async fn closed(&mut self) -> anyhow::Result<(Vec<Value>, Option<CloseFrame>)> {
        let mut before = Vec::new();
        loop {
            match within("the daemon to close", self.stream.next()).await? {
                Some(Ok(Message::Text(text))) => before.push(serde_json::from_str(&text)?),
                Some(Ok(Message::Close(frame))) => return Ok((before, frame)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok((before, None)),
            }
        }
    }
}
