//! Drafts to bytes, by concatenation around the raw payload. Frames are cut from shared blocks, so that publishing rarely allocates.

use std::io::Write;

use bytes::{Bytes, BytesMut};

use super::Frame;
use crate::{Draft, EventType, Millis, event::ENVELOPE_VERSION, sse};

/// What follows the JSON in a frame.
pub(super) const FRAME_END: &[u8] = b"\n\n";

/// Frames are cut from blocks of this size; a larger frame gets a block of its own.
const BLOCK_BYTES: usize = 16 * 1024;
/// A scratch buffer that grew beyond this is given back.
const SCRATCH_BYTES: usize = 64 * 1024;

/// Encodes the events of one bus.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    scratch: Vec<u8>,
    block: BytesMut,
}

impl Encoder {
    pub(super) fn encode(&mut self, id: u64, now: Millis, draft: &Draft) -> Frame {
        self.scratch.clear();
        let json_start = write(&mut self.scratch, Some(id), now, draft);
        let sse = self.cut();
        self.scratch.shrink_to(SCRATCH_BYTES);
        Frame { id, kind: draft.kind.clone(), at: now, sse, json_start }
    }

    fn cut(&mut self) -> Bytes {
        let needed = self.scratch.len();
        if self.block.capacity() < needed {
            self.block = BytesMut::with_capacity(needed.max(BLOCK_BYTES));
        }
        self.block.extend_from_slice(&self.scratch);
        self.block.split().freeze()
    }
}

pub(super) fn synthetic(now: Millis, draft: &Draft) -> Bytes {
    let mut out = Vec::with_capacity(draft.data.get().len() + 128);
    write(&mut out, None, now, draft);
    out.into()
}

/// The frame around an envelope that exists already.
pub(super) fn wrap(id: u64, kind: &EventType, json: &str) -> (Bytes, u32) {
    let mut out = Vec::with_capacity(json.len() + 64);
    let json_start = frame(&mut out, Some(id), kind, |out| out.extend_from_slice(json.as_bytes()));
    (out.into(), json_start)
}

/// Key order: id, v, type, promptId, data, originatorClientId, _meta. Returns where the JSON starts.
fn write(out: &mut Vec<u8>, id: Option<u64>, now: Millis, draft: &Draft) -> u32 {
    frame(out, id, &draft.kind, |out| {
        out.push(b'{');
        if let Some(id) = id {
            put(out, format_args!("\"id\":{id},"));
        }
        put(out, format_args!("\"v\":{ENVELOPE_VERSION},\"type\":"));
        put_string(out, draft.kind.as_str());
        if let Some(prompt) = &draft.prompt_id {
            out.extend_from_slice(b",\"promptId\":");
            put_string(out, prompt.as_str());
        }
        out.extend_from_slice(b",\"data\":");
        out.extend_from_slice(draft.data.get().as_bytes());
        if let Some(originator) = &draft.originator {
            out.extend_from_slice(b",\"originatorClientId\":");
            put_string(out, originator.as_str());
        }
        put(out, format_args!(",\"_meta\":{{\"serverTimestamp\":{}}}}}", now.0));
    })
}

fn frame(out: &mut Vec<u8>, id: Option<u64>, kind: &EventType, write_json: impl FnOnce(&mut Vec<u8>)) -> u32 {
    let mut json_start = 0;
    sse::encode(out, id, kind.as_str(), |out| {
        json_start = out.len();
        write_json(out);
    });
    u32::try_from(json_start).expect("what precedes the JSON is as short as the name of a type")
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every write");
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a Vec takes every write");
}
