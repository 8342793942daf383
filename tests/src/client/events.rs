//! Reading a session's event stream, frame by frame, with core's own parser.

use std::collections::VecDeque;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, body::Incoming};
use roost_core::{
    Envelope, EventType,
    sse::{Event, Frame, Parser},
};
use serde_json::Value;

use super::{Client, Response};
use crate::deadline::within;

/// Where a stream is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub last_event_id: u64,
    pub epoch: Option<String>,
}

impl Cursor {
    /// Everything the daemon still has.
    pub const START: Self = Self { last_event_id: 0, epoch: None };
}

/// `GET /session/:id/events` before it is sent.
#[derive(Clone, Debug)]
pub struct EventsRequest<'a> {
    client: &'a Client,
    path: String,
    query: Vec<String>,
    headers: Vec<(&'static str, String)>,
}

impl<'a> EventsRequest<'a> {
    pub(super) fn new(client: &'a Client, session: &str) -> Self {
        Self::at(client, format!("/session/{session}/events"))
    }

    pub(super) fn at(client: &'a Client, path: impl Into<String>) -> Self {
        Self { client, path: path.into(), query: Vec::new(), headers: Vec::new() }
    }

    /// From this cursor on; without one the stream is live only.
    #[must_use]
    pub fn from(mut self, cursor: Cursor) -> Self {
        self.headers.push(("last-event-id", cursor.last_event_id.to_string()));
        self.headers.extend(cursor.epoch.map(|epoch| ("x-qwen-event-epoch", epoch)));
        self
    }

    /// One more header, as it is.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// One more query parameter, as it is: `snapshot=1`, `maxQueued=16`.
    #[must_use]
    pub fn query(mut self, parameter: impl Into<String>) -> Self {
        self.query.push(parameter.into());
        self
    }

    /// Opens the stream; a refusal is an error that shows it.
    pub async fn open(self) -> anyhow::Result<EventStream> {
        match self.try_open().await? {
            Ok(stream) => Ok(stream),
            Err(refused) => bail!("the stream was refused with {}: {}", refused.status, refused.text()),
        }
    }

    /// Opens the stream, or returns the answer that refuses it.
    pub async fn try_open(self) -> anyhow::Result<Result<EventStream, Response>> {
        let separator = if self.query.is_empty() { "" } else { "?" };
        let path = format!("{}{separator}{}", self.path, self.query.join("&"));
        let mut request = self.client.request(Method::GET, &path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = within("a stream to open", self.client.open(request.body(Full::default())?)).await??;
        let (head, body) = answer.into_parts();
        if head.status != 200 {
            let body = within("a refusal's body", body.collect()).await??.to_bytes();
            return Ok(Err(Response { status: head.status.as_u16(), headers: head.headers, body }));
        }
        Ok(Ok(EventStream {
            headers: head.headers,
            body,
            parser: Parser::default(),
            frames: VecDeque::new(),
            last_event_id: None,
            bytes: 0,
        }))
    }
}

/// An open stream. Dropping it closes its connection.
#[derive(Debug)]
pub struct EventStream {
    pub headers: HeaderMap,
    body: Incoming,
    parser: Parser,
    frames: VecDeque<Frame>,
    /// Of the frame handed out last; the parser may be ahead of it.
    last_event_id: Option<u64>,
    bytes: u64,
}

impl EventStream {
    /// The epoch the daemon names for this stream.
    #[must_use]
    pub fn epoch(&self) -> Option<&str> {
        self.headers.get("x-qwen-event-epoch")?.to_str().ok()
    }

    /// Bytes of body read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// What a client would ask for that reconnects after what it was handed; `None` before the first event with an id.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { last_event_id: self.last_event_id?, epoch: self.epoch().map(str::to_owned) })
    }

    /// The next bytes of the body as they arrive, unparsed; `None` at the end. Not to be mixed with the other readers.
    pub async fn next_bytes(&mut self) -> anyhow::Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(bytes) = frame.context("the stream broke off")?.into_data() {
                self.bytes += bytes.len() as u64;
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The next frame of any kind, comments too; `None` when the daemon has ended the stream.
    pub async fn next_frame(&mut self) -> anyhow::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                if let Frame::Event(Event { id: Some(id), .. }) = &frame {
                    self.last_event_id = id.parse().ok();
                }
                return Ok(Some(frame));
            }
            let Some(bytes) = within("the next frame", self.next_bytes()).await?? else { return Ok(None) };
            let mut frames = Vec::new();
            self.parser.push(&bytes, &mut frames)?;
            self.frames.extend(frames);
        }
    }

    /// The next event, checked for what every event promises: the id and type lines agree with its envelope.
    pub async fn next(&mut self) -> anyhow::Result<Option<Envelope>> {
        while let Some(frame) = self.next_frame().await? {
            if let Frame::Event(event) = frame {
                return checked(&event).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads up to and including the first event for which `found` is true. The end of the stream is an error.
    pub async fn until(&mut self, mut found: impl FnMut(&Envelope) -> bool) -> anyhow::Result<Vec<Envelope>> {
        let mut events = Vec::new();
        loop {
            let Some(event) = self.next().await? else {
                bail!("the stream ended; its last event was {:?}", events.last());
            };
            let last = found(&event);
            events.push(event);
            if last {
                return Ok(events);
            }
        }
    }

    /// Reads up to and including the first event of this type.
    pub async fn until_type(&mut self, kind: EventType) -> anyhow::Result<Vec<Envelope>> {
        let what = kind.clone();
        self.until(|event| event.kind == kind).await.with_context(|| format!("while waiting for {}", what.as_str()))
    }

    /// Reads up to and including the terminal event of this prompt.
    pub async fn until_end_of(&mut self, prompt: &str) -> anyhow::Result<Vec<Envelope>> {
        self.until(|event| is_end_of(event, prompt))
            .await
            .with_context(|| format!("while waiting for the end of prompt {prompt}"))
    }

    /// Reads until the daemon ends the stream.
    pub async fn rest(&mut self) -> anyhow::Result<Vec<Envelope>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }
}

fn checked(event: &Event) -> anyhow::Result<Envelope> {
    let envelope = event.envelope()?;
    if envelope.kind.as_str() != event.event {
        bail!("the event line says {}, its envelope {}", event.event, envelope.kind.as_str());
    }
    if envelope.id.map(|id| id.to_string()) != event.id {
        bail!("the id line says {:?}, its envelope {:?}", event.id, envelope.id);
    }
    Ok(envelope)
}

/// Whether this event ends the prompt.
#[must_use]
pub fn is_end_of(event: &Envelope, prompt: &str) -> bool {
    let ends = matches!(event.kind, EventType::TurnComplete | EventType::TurnError);
    ends && (event.data["promptId"] == prompt || event.prompt_id.as_ref().is_some_and(|id| id.as_str() == prompt))
}

/// The text of the agent's message chunks, joined.
#[must_use]
pub fn message_text<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> String {
    updates(events, "agent_message_chunk").filter_map(|update| update["content"]["text"].as_str()).collect()
}

/// The `update` objects of one sub-kind.
pub fn updates<'a>(events: impl IntoIterator<Item = &'a Envelope>, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let updates = events.into_iter().filter(|event| event.kind == EventType::SessionUpdate);
    updates.map(|event| &event.data["update"]).filter(move |update| update["sessionUpdate"] == kind)
}

/// The ids of the events that have one.
#[must_use]
pub fn ids<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> Vec<u64> {
    events.into_iter().filter_map(|event| event.id).collect()
}

/// Fails unless the ids count up by one without a gap or a repeat.
pub fn check_gap_free(ids: &[u64]) -> anyhow::Result<()> {
    match ids.windows(2).find(|pair| pair[1] != pair[0] + 1) {
        Some(pair) => bail!("after event {} came {}", pair[0], pair[1]),
        None => Ok(()),
    }
}
