//! What carries a conversation over `/acp`: POSTs and two event streams, or a WebSocket.

use anyhow::{Context, ensure};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use http_body_util::Full;
use hyper::Method;
use roost_core::sse;
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc, task::JoinSet};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::client::{Client, events::EventStream};

/// Messages that nobody has waited for yet.
const MOST_UNHEARD: usize = 1_024;

/// Where a message came. A WebSocket is one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Connection,
    Session,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    way: Way,
    heard: mpsc::Receiver<(Place, Value)>,
    tell: mpsc::Sender<(Place, Value)>,
    readers: JoinSet<()>,
}

type Socket = WebSocketStream<TcpStream>;

/// The way out.
#[derive(Debug)]
enum Way {
    Posts { client: Box<Client>, connection: String },
    Socket(SplitSink<Socket, Message>),
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": 1}})
}

impl Link {
    /// A connection whose own stream is open.
    pub(super) async fn streams(client: &Client) -> anyhow::Result<Self> {
        let greeting = client.post("/acp", &hello()).await?;
        let connection = greeting.header("acp-connection-id").context("a connection has an id")?.to_owned();
        let mut link = Self::new(Way::Posts { client: Box::new(client.clone()), connection });
        link.open(Place::Connection, None).await?;
        Ok(link)
    }

    /// A connection over a socket that has been greeted.
    pub(super) async fn socket(client: &Client) -> anyhow::Result<Self> {
        let address = client.address();
        let mut request = format!("ws://{address}/acp").into_client_request()?;
        let credentials = client.request(Method::GET, "/acp").body(())?;
        request.headers_mut().extend(credentials.headers().clone());
        let (socket, _) = tokio_tungstenite::client_async(request, TcpStream::connect(address).await?).await?;
        let (sink, stream) = socket.split();
        let mut link = Self::new(Way::Socket(sink));
        link.readers.spawn(read_socket(stream, link.tell.clone()));
        link.send(&hello()).await?;
        link.next().await.context("the greeting")?;
        Ok(link)
    }

    fn new(way: Way) -> Self {
        let (tell, heard) = mpsc::channel(MOST_UNHEARD);
        Self { way, heard, tell, readers: JoinSet::new() }
    }

    /// Listens to a session, where that takes a stream of its own.
    pub(super) async fn listen(&mut self, session: &str) -> anyhow::Result<()> {
        match self.way {
            Way::Posts { .. } => self.open(Place::Session, Some(session)).await,
            Way::Socket(_) => Ok(()),
        }
    }

    async fn open(&mut self, place: Place, session: Option<&str>) -> anyhow::Result<()> {
        let Way::Posts { client, connection } = &self.way else { return Ok(()) };
        let request = client.event_stream("/acp").header("accept", "text/event-stream");
        let request = request.header("acp-connection-id", connection);
        let request = session.into_iter().fold(request, |request, id| request.header("acp-session-id", id));
        self.readers.spawn(read_stream(request.open().await?, place, self.tell.clone()));
        Ok(())
    }

    pub(super) async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        match &mut self.way {
            Way::Posts { client, connection } => {
                let request = client.request(Method::POST, "/acp").header("content-type", "application/json");
                let request = request.header("acp-connection-id", connection.as_str());
                let receipt = client.send(request.body(Full::from(message.to_string()))?).await?;
                ensure!(receipt.status == 202, "answered {}: {}", receipt.status, receipt.text());
                Ok(())
            }
            Way::Socket(sink) => Ok(sink.send(Message::text(message.to_string())).await?),
        }
    }

    pub(super) async fn next(&mut self) -> anyhow::Result<(Place, Value)> {
        self.heard.recv().await.context("the connection has ended")
    }

    pub(super) async fn leave(self) -> anyhow::Result<()> {
        match self.way {
            Way::Posts { client, connection } => {
                let end = client.request(Method::DELETE, "/acp").header("acp-connection-id", connection);
                client.send(end.body(Full::default())?).await.map(drop)
            }
            Way::Socket(mut sink) => Ok(sink.close().await?),
        }
    }
}

async fn read_stream(mut stream: EventStream, place: Place, tell: mpsc::Sender<(Place, Value)>) {
    while let Ok(Some(frame)) = stream.next_frame().await {
        let sse::Frame::Event(event) = frame else { continue };
        let Ok(message) = serde_json::from_str(&event.data) else { return };
        if tell.send((place, message)).await.is_err() {
            return;
        }
    }
}

async fn read_socket(mut stream: SplitStream<Socket>, tell: mpsc::Sender<(Place, Value)>) {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(message) = serde_json::from_str(&text) else { return };
        if tell.send((Place::Session, message)).await.is_err() {
            return;
        }
    }
}
