//! What a peer sends.

use axum::response::Response;
use roost_core::{
    acp::{Message, NotAMessage, RpcError, RpcId, code},
    acp_bridge::Frame,
    nesting::{MAX_NESTING, is_too_deep},
};
use serde_json::{Map, Value, json, value::RawValue};

use super::receipt::{Held, receipt};

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

/// A request or notification of a peer. Calls of a connection are performed one after another, in the order in which they came.
#[derive(Debug)]
pub struct Call {
    /// None is a notification.
    pub id: Option<RpcId>,
    pub method: Box<str>,
    pub(super) params: Result<Map<String, Value>, RpcError>,
    /// `Acp-Session-Id`, which must agree with the params.
    pub(super) session_header: Option<Box<str>>,
    /// Until when it is not begun.
    held: Option<Held>,
}

impl Incoming {
    /// Reads one message.
    ///
    /// # Errors
    /// The body is not a message.
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

impl Call {
    #[must_use]
    pub fn new(id: Option<RpcId>, method: &str, params: &RawValue) -> Self {
        let params = match serde_json::from_str(params.get()) {
            Ok(_) if is_too_deep(params.get()) => {
                let said = format!("`params` are nested deeper than {MAX_NESTING} levels");
                Err(RpcError::new(code::INVALID_PARAMS, said))
            }
            Ok(Value::Object(params)) => Ok(params),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) | Err(_) => Err(RpcError::new(code::INVALID_PARAMS, "`params` must be an object")),
        };
        Self { id, method: method.into(), params, session_header: None, held: None }
    }

    /// The same call, sent with this `Acp-Session-Id`.
    #[must_use]
    pub fn for_session(mut self, header: Option<&str>) -> Self {
        self.session_header = header.map(Into::into);
        self
    }

    /// The same call, and a receipt for it: it is not begun before the receipt has gone.
    pub(super) fn with_receipt(mut self) -> (Self, Response) {
        let (response, held) = receipt();
        self.held = Some(held);
        (self, response)
    }

    /// Returns once it may begin.
    pub(super) async fn released(&mut self) {
        if let Some(held) = self.held.take() {
            held.released().await;
        }
    }
}
