//! JSON-RPC 2.0 messages, borrowed from the line they stand on.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::one_line::flatten;

/// Error codes of JSON-RPC and of the Agent Client Protocol.
pub mod code {
    pub const PARSE_ERROR: i64 = -32700;
    pub const INVALID_REQUEST: i64 = -32600;
    pub const METHOD_NOT_FOUND: i64 = -32601;
    pub const INVALID_PARAMS: i64 = -32602;
    pub const INTERNAL_ERROR: i64 = -32603;
    pub const AUTH_REQUIRED: i64 = -32000;
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
}

/// What correlates a request with its response. Ids are echoed as they came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RpcId {
    Number(i64),
    Text(String),
    /// The id of a response to something that could not be read.
    Null,
}

impl fmt::Display for RpcId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}

impl From<i64> for RpcId {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Why a call failed, as the peer tells it.
#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "present")]
    pub data: Option<Box<RawValue>>,
}

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

/// One message. Absent params read as JSON `null`, and a `null` is not written.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// A call that wants an answer.
    Request { id: RpcId, method: Cow<'a, str>, params: &'a RawValue },
    /// A call that wants none.
    Notification { method: Cow<'a, str>, params: &'a RawValue },
    /// The answer to a request.
    Response { id: RpcId, outcome: Result<&'a RawValue, RpcError> },
}

/// Why a line is not a message.
#[derive(Debug, thiserror::Error)]
pub enum NotAMessage {
    #[error("not UTF-8: {0}")]
    Utf8(#[from] std::str::Utf8Error),
    #[error("not JSON: {0}")]
    Json(#[source] serde_json::Error),
    #[error("a batch, which the protocol does not use")]
    Batch,
    #[error("a JSON value that is not an object")]
    NotAnObject,
    #[error("a member of the wrong type: {0}")]
    Member(#[source] serde_json::Error),
    #[error("not marked as JSON-RPC 2.0")]
    Version,
    #[error("a call and an answer at once")]
    CallAndAnswer,
    #[error("a result and an error at once")]
    ResultAndError,
    #[error("neither a call nor an answer")]
    Neither,
    #[error("an answer without the id of its call")]
    AnswerToNothing,
}

impl NotAMessage {
    /// The code to answer the peer with.
    #[must_use]
    pub fn code(&self) -> i64 {
        match self {
            Self::Utf8(_) | Self::Json(_) => code::PARSE_ERROR,
            Self::Batch
            | Self::NotAnObject
            | Self::Member(_)
            | Self::Version
            | Self::CallAndAnswer
            | Self::ResultAndError
            | Self::Neither
            | Self::AnswerToNothing => code::INVALID_REQUEST,
        }
    }
}

/// The members of any message. Unknown ones are ignored.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    id: Option<RpcId>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a member that is there: `null` is a value of it, not its absence.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<'a> Message<'a> {
    /// Reads one line.
    pub fn parse(line: &'a [u8]) -> Result<Self, NotAMessage> {
        let text = std::str::from_utf8(line)?;
        let members: Members<'a> = match text.trim_ascii_start().as_bytes().first() {
            Some(b'{') => serde_json::from_str(text).map_err(named)?,
            _ => return Err(not_an_object(text)),
        };
        if members.jsonrpc.as_ref().is_none_or(|version| version.0 != "2.0") {
            return Err(NotAMessage::Version);
        }
        members.classify()
    }

    /// Appends the message to `out` as one line with its line feed.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        serde_json::to_writer(&mut *out, self).expect("messages have string keys only, and a Vec takes every write");
        flatten(&mut out[start..]);
        out.push(b'\n');
    }

    /// The message as one line with its line feed.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        self.encode(&mut out);
        out
    }
}

impl<'a> Members<'a> {
    fn classify(self) -> Result<Message<'a>, NotAMessage> {
        let params = self.params.unwrap_or(RawValue::NULL);
        let answered = self.result.is_some() || self.error.is_some();
        match (self.method, self.id) {
            (Some(_), _) if answered => Err(NotAMessage::CallAndAnswer),
            (Some(method), Some(id)) => Ok(Message::Request { id, method: method.0, params }),
            (Some(method), None) => Ok(Message::Notification { method: method.0, params }),
            (None, _) if !answered => Err(NotAMessage::Neither),
            (None, None) => Err(NotAMessage::AnswerToNothing),
            (None, Some(id)) => Ok(Message::Response { id, outcome: outcome(self.result, self.error)? }),
        }
    }
}

/// A `null` beside the other member is the same as its absence: some peers write both.
fn outcome<'a>(
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
) -> Result<Result<&'a RawValue, RpcError>, NotAMessage> {
    match (result, error) {
        (Some(result), Some(_)) if result.get() != "null" => Err(NotAMessage::ResultAndError),
        (_, Some(error)) if error.get().starts_with('{') => {
            Ok(Err(serde_json::from_str(error.get()).map_err(NotAMessage::Member)?))
        }
        (_, Some(_)) => Err(NotAMessage::NotAnObject),
        (Some(result), None) => Ok(Ok(result)),
        (None, None) => Err(NotAMessage::Neither),
    }
}

fn named(error: serde_json::Error) -> NotAMessage {
    if error.is_data() { NotAMessage::Member(error) } else { NotAMessage::Json(error) }
}

fn not_an_object(text: &str) -> NotAMessage {
    match serde_json::from_str::<&RawValue>(text) {
        Err(error) => NotAMessage::Json(error),
        Ok(value) if value.get().starts_with('[') => NotAMessage::Batch,
        Ok(_) => NotAMessage::NotAnObject,
    }
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            jsonrpc: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a RpcId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            method: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            params: Option<&'a RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            result: Option<&'a RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a RpcError>,
        }
        let mut wire = Wire { jsonrpc: "2.0", id: None, method: None, params: None, result: None, error: None };
        match self {
            Self::Request { id, method, params } => {
                (wire.id, wire.method, wire.params) = (Some(id), Some(&**method), given(params));
            }
            Self::Notification { method, params } => (wire.method, wire.params) = (Some(&**method), given(params)),
            Self::Response { id, outcome: Ok(result) } => (wire.id, wire.result) = (Some(id), Some(*result)),
            Self::Response { id, outcome: Err(error) } => (wire.id, wire.error) = (Some(id), Some(error)),
        }
        wire.serialize(serializer)
    }
}

fn given(params: &RawValue) -> Option<&RawValue> {
    (params.get() != "null").then_some(params)
}
