//! One event, encoded: the exact bytes of its SSE frame, and within them the JSON of its envelope.

use bytes::Bytes;
use serde::Deserialize;

use super::encoder;
use crate::{Draft, EventType, Millis};

/// A numbered event. Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    pub id: u64,
    pub kind: EventType,
    /// When it was published: `_meta.serverTimestamp`.
    pub at: Millis,
    pub(super) sse: Bytes,
    /// Where the JSON starts; it ends before the two line feeds that end the frame.
    pub(super) json_start: u32,
}

/// Why a journal line is not an event.
#[derive(Debug, thiserror::Error)]
pub enum InvalidFrame {
    #[error("not an id-bearing envelope: {0}")]
    Envelope(#[from] serde_json::Error),
    #[error("an envelope is one line of JSON")]
    Lines,
}

impl Frame {
    /// `id: …\nevent: …\ndata: …\n\n`
    #[must_use]
    pub fn sse(&self) -> Bytes {
        self.sse.clone()
    }

    /// The envelope's JSON, on one line, without a line feed at its end.
    #[must_use]
    pub fn json(&self) -> Bytes {
        self.sse.slice(self.json_start as usize..self.sse.len() - encoder::FRAME_END.len())
    }

    /// The size a queue accounts for: bytes of JSON.
    pub(super) fn size(&self) -> u64 {
        (self.sse.len() - encoder::FRAME_END.len() - self.json_start as usize) as u64
    }

    /// The frame of an envelope as [`Frame::json`] wrote it, byte for byte.
    pub fn from_json(json: &str) -> Result<Self, InvalidFrame> {
        #[derive(Deserialize)]
        struct Head {
            id: u64,
            #[serde(rename = "type")]
            kind: EventType,
            #[serde(rename = "_meta", default)]
            meta: Meta,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Meta {
            #[serde(default)]
            server_timestamp: Millis,
        }
        if json.contains(['\n', '\r']) {
            return Err(InvalidFrame::Lines);
        }
        let Head { id, kind, meta } = serde_json::from_str(json)?;
        let (sse, json_start) = encoder::wrap(id, &kind, json);
        Ok(Self { id, kind, at: meta.server_timestamp, sse, json_start })
    }
}

/// An id-less frame, for one subscriber only: it never enters a ring (B2).
#[must_use]
pub fn synthetic(now: Millis, draft: &Draft) -> Bytes {
    encoder::synthetic(now, draft)
}
