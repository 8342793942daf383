//! The daemon's half: exact bytes, written once into the buffer they are shared from.

use std::io::Write as _;

use crate::{Envelope, one_line::flatten};

/// The first bytes of every stream.
pub const PRELUDE: &[u8] = b"retry: 3000\n\n";

/// The comment that keeps an idle connection open.
pub const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// Appends one event to `out`. `write_json` appends its data, so that an envelope can be built where it will be sent from.
///
/// Without an `id` there is no id line at all. The data has to be JSON: a raw line break in it becomes a space,
/// which keeps the value and makes one `data:` line out of whatever an agent sent.
pub fn encode(out: &mut Vec<u8>, id: Option<u64>, event: &str, write_json: impl FnOnce(&mut Vec<u8>)) {
    if let Some(id) = id {
        writeln!(out, "id: {id}").expect("a Vec takes every write");
    }
    out.extend_from_slice(b"event: ");
    one_line(out, |out| out.extend_from_slice(event.as_bytes()));
    out.extend_from_slice(b"\ndata: ");
    one_line(out, write_json);
    out.extend_from_slice(b"\n\n");
}

/// Appends `envelope` as an event: its id is the id line, its type the event line.
pub fn encode_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    encode(out, envelope.id, envelope.kind.as_str(), |out| {
        serde_json::to_writer(out, envelope).expect("an envelope has string keys only, and a Vec takes every write");
    });
}

fn one_line(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    flatten(&mut out[start..]);
}
