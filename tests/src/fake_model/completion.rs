//! Performs one turn as the body of an HTTP response.

use std::{collections::HashSet, time::Duration};

use hyper::body::Bytes;
use tokio::sync::{mpsc, watch};

use super::{
    chunk::{ChunkWriter, Usage},
    script::{Step, Turn},
};
use crate::packets::Packets;

/// Packets between the script and the socket; small, so that a slow reader slows the script down.
const PACKETS_IN_FLIGHT: usize = 8;

/// Why a body ends without an end: the script asked for it.
#[derive(Debug, thiserror::Error)]
#[error("the script closes the connection early")]
pub(super) struct ClosedEarly;

/// The body of an answer.
pub(super) type AnswerBody = Packets<ClosedEarly>;

/// A body of one packet.
pub(super) fn whole(bytes: impl Into<Bytes>) -> AnswerBody {
    let (out, body) = Packets::channel(1);
    out.try_send(Ok(bytes.into())).expect("a new channel has room for one packet");
    body
}

/// A body that streams `turn`; it stops performing when the reader goes away.
pub(super) fn stream(
    turn: Turn,
    chunks: ChunkWriter,
    usage: bool,
    gates: watch::Receiver<HashSet<String>>,
) -> AnswerBody {
    let (out, body) = Packets::channel(PACKETS_IN_FLIGHT);
    tokio::spawn(async move {
        // An error means that the reader went away, which ends the turn as it would a real model's.
        let _ = Completion { chunks, out, gates, usage: usage.then(Usage::default), calls: 0 }.perform(turn).await;
    });
    body
}

struct Completion {
    chunks: ChunkWriter,
    out: mpsc::Sender<Result<Bytes, ClosedEarly>>,
    gates: watch::Receiver<HashSet<String>>,
    usage: Option<Usage>,
    calls: usize,
}

struct ReaderGone;

impl Completion {
    async fn perform(mut self, turn: Turn) -> Result<(), ReaderGone> {
        // The role rides with the first words, as it does at most providers: it costs no write of its own.
        let mut pending = String::new();
        self.chunks.role(&mut pending);
        for step in turn {
            match step {
                Step::Words { count, chunks_per_packet, pace_ms } => {
                    let packet_size = chunks_per_packet.max(1);
                    let mut from = 0;
                    while from < count {
                        if pace_ms > 0 && from > 0 {
                            tokio::time::sleep(Duration::from_millis(pace_ms)).await;
                        }
                        let to = count.min(from + packet_size);
                        self.chunks.words(&mut pending, from, to);
                        self.send(&mut pending).await?;
                        from = to;
                    }
                }
                Step::Text(text) => self.chunks.text(&mut pending, &text),
                Step::Think(text) => self.chunks.think(&mut pending, &text),
                Step::ToolCall { name, arguments } => {
                    self.chunks.tool_call(&mut pending, self.calls, &name, &arguments);
                    self.calls += 1;
                }
                Step::Usage { prompt_tokens, completion_tokens } => {
                    self.usage = Some(Usage { prompt_tokens, completion_tokens });
                }
                Step::Gate(name) => {
                    self.send(&mut pending).await?;
                    self.gates.wait_for(|open| open.contains(&name)).await.map_err(|_| ReaderGone)?;
                }
                Step::Garbage(text) => pending.push_str(&text),
                Step::Hang => {
                    self.send(&mut pending).await?;
                    self.out.closed().await;
                    return Err(ReaderGone);
                }
                Step::CloseEarly => {
                    self.send(&mut pending).await?;
                    return self.out.send(Err(ClosedEarly)).await.map_err(|_| ReaderGone);
                }
                // Statuses are answered before a body exists.
                Step::Status { .. } => {}
            }
        }
        let reason = if self.calls > 0 { "tool_calls" } else { "stop" };
        self.chunks.finish(&mut pending, reason, self.usage);
        self.send(&mut pending).await
    }

    async fn send(&self, pending: &mut String) -> Result<(), ReaderGone> {
        if pending.is_empty() {
            return Ok(());
        }
        let packet = Bytes::from(std::mem::replace(pending, String::with_capacity(pending.len())));
        self.out.send(Ok(packet)).await.map_err(|_| ReaderGone)
    }
}
