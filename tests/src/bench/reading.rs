//! Reads an event stream without decoding it: counts frames and words, checks the numbering, knows the end of a turn.

use std::time::Instant;

use anyhow::bail;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use memchr::{memchr, memmem};

/// What a stream has brought so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Words of agent text, however they are divided into frames.
    pub(super) words: u64,
    /// Frames with an id.
    pub(super) frames: u64,
    pub(super) last_id: u64,
    pub(super) turns_ended: u64,
    pub(super) replays_completed: u64,
    /// A line whose end has not arrived.
    pending: Vec<u8>,
}

/// A stream being read.
#[derive(Debug)]
pub(super) struct Reading {
    body: Incoming,
    pub(super) tally: Tally,
}

impl Reading {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, tally: Tally::default() }
    }

    /// Reads until `done`, and says when it was.
    pub(super) async fn until(&mut self, mut done: impl FnMut(&Tally) -> bool) -> anyhow::Result<Instant> {
        while !done(&self.tally) {
            let Some(frame) = self.body.frame().await else { bail!("the stream was ended after {:?}", self.tally) };
            if let Ok(bytes) = frame?.into_data() {
                self.tally.take(&bytes)?;
            }
        }
        Ok(Instant::now())
    }
}

impl Tally {
    fn take(&mut self, mut bytes: &[u8]) -> anyhow::Result<()> {
        if !self.pending.is_empty() {
            let Some(end) = memchr(b'\n', bytes) else {
                self.pending.extend_from_slice(bytes);
                return Ok(());
            };
            let mut line = std::mem::take(&mut self.pending);
            line.extend_from_slice(&bytes[..end]);
            self.line(&line)?;
            bytes = &bytes[end + 1..];
        }
        while let Some(end) = memchr(b'\n', bytes) {
            self.line(&bytes[..end])?;
            bytes = &bytes[end + 1..];
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        if let Some(id) = line.strip_prefix(b"id: ") {
            self.number(id)?;
        } else if let Some(kind) = line.strip_prefix(b"event: ") {
            match kind {
                b"turn_complete" => self.turns_ended += 1,
                b"replay_complete" => self.replays_completed += 1,
                b"turn_error" | b"client_evicted" | b"session_died" | b"state_resync_required" | b"stream_error" => {
                    bail!("the stream brought {}", String::from_utf8_lossy(kind))
                }
                _ => {}
            }
        } else if line.starts_with(b"data: ") {
            self.words += words_in(line);
        }
        Ok(())
    }

    fn number(&mut self, id: &[u8]) -> anyhow::Result<()> {
        let id = id.iter().fold(0, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0')));
        // The floor numbers every turn from 1.
        if self.last_id != 0 && id != self.last_id + 1 && id != 1 {
            bail!("after event {} came {id}", self.last_id);
        }
        self.last_id = id;
        self.frames += 1;
        Ok(())
    }
}

/// The words of a text delta. A word of the fake model ends in a space and holds nothing that JSON escapes; the prompts
/// of the benchmark hold no space.
fn words_in(line: &[u8]) -> u64 {
    let Some(at) = memmem::find(line, b"\"text\":\"w") else { return 0 };
    let text = &line[at + 8..];
    let end = memchr(b'"', text).unwrap_or(text.len());
    memchr::memchr_iter(b' ', &text[..end]).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"retry: 3000\n\nid: 7\nevent: session_update\ndata: {\"update\":{\"content\":{\"text\":\"w0 w1 \"}}}\n\n\
                            id: 8\nevent: turn_complete\ndata: {\"id\":8}\n\n";

    #[test]
    fn words_frames_and_ends_are_counted_however_the_stream_is_cut() {
        for cut in 1..STREAM.len() {
            let mut tally = Tally::default();
            for piece in STREAM.chunks(cut) {
                tally.take(piece).unwrap();
            }
            assert_eq!((tally.words, tally.frames, tally.last_id, tally.turns_ended), (2, 2, 8, 1), "cut every {cut}");
        }
    }

    #[test]
    fn a_gap_in_the_numbering_is_an_error() {
        assert!(Tally::default().take(b"id: 7\nid: 9\n").is_err());
    }
}
