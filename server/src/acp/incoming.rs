//! What a peer sends.

use roost_core::{
    acp::{Message, NotAMessage, RpcError, RpcId, code},
    acp_bridge::Frame,
};
use serde_json::{json, value::RawValue};

use super::Call;

/// One message of a peer.
#[derive(Debug)]
pub enum Incoming {
    Call(Call),
    /// The answer to something it was asked.
    Answer {
        id: RpcId,
        outcome: Result<Box<RawValue>, RpcError>,
    },
}

impl Incoming {
    /// Reads one message.
    ///
    /// # Errors
    /// It is none.
    pub fn read(bytes: &[u8]) -> Result<Self, NotAMessage> {
        Ok(match Message::parse(bytes)? {
            Message::Request { id, method, params } => Self::Call(Call::new(Some(id), &method, params)),
            Message::Notification { method, params } => Self::Call(Call::new(None, &method, params)),
            Message::Response { id, outcome } => Self::Answer { id, outcome: outcome.map(ToOwned::to_owned) },
        })
    }

    /// What a peer is told who sent something else.
    #[must_use]
    pub fn refusal(error: &NotAMessage) -> Frame {
        let said = match error {
            NotAMessage::Batch => return Frame::plain(&json!({ "error": "Batch JSON-RPC not supported" })),
            _ if error.code() == code::PARSE_ERROR => "Parse error",
            _ => "Malformed JSON-RPC message",
        };
        Frame::reply(RpcId::Null, Err(RpcError::new(error.code(), said)))
    }
}
