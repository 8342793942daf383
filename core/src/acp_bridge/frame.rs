//! One message on its way to a peer.

use std::io::Write;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    acp::{Message, RpcError, RpcId},
    one_line::flatten,
};

/// A JSON-RPC message on one line, and the id of the event it was made from: the cursor of a stream that is resumed after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub id: Option<u64>,
    pub json: Bytes,
}

impl Frame {
    /// A message that was not made from an event.
    #[must_use]
    pub fn of(message: &Message<'_>) -> Self {
        let mut json = message.to_line();
        json.pop();
        Self { id: None, json: json.into() }
    }

    /// The answer to a request.
    #[must_use]
    pub fn reply(id: RpcId, outcome: Result<&RawValue, RpcError>) -> Self {
        Self::of(&Message::Response { id, outcome })
    }

    /// A message that is not JSON-RPC: some refusals of the protocol are not.
    ///
    /// # Panics
    /// When `json` has a map key that is not a string, which no message of ours has.
    #[must_use]
    pub fn plain(json: &impl Serialize) -> Self {
        let json = serde_json::to_vec(json).expect("messages have string keys only");
        Self { id: None, json: json.into() }
    }

    /// A message written piece by piece.
    pub(super) fn written(id: Option<u64>, mut json: Vec<u8>) -> Self {
        flatten(&mut json);
        Self { id, json: json.into() }
    }

    /// Appends `id: …\ndata: …\n\n`; a frame without an id has no id line, and none names its type.
    pub fn write_sse(&self, out: &mut Vec<u8>) {
        if let Some(id) = self.id {
            writeln!(out, "id: {id}").expect("a Vec takes every write");
        }
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&self.json);
        out.extend_from_slice(b"\n\n");
    }
}
