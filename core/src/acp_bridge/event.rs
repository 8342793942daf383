//! An event of a session, as a peer of this protocol is told of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use super::Frame;
use crate::{
    PromptId, RequestId,
    acp::{RpcError, code},
};

/// An envelope, borrowed from where it stands. The payload is passed on as it came.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    #[serde(default)]
    pub id: Option<u64>,
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// A permission request, before it has a number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked<'a> {
    pub request_id: RequestId,
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    tool_call: &'a RawValue,
    #[serde(borrow)]
    options: &'a RawValue,
}

/// `turn_complete` and `turn_error`, as far as an answer is made from them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminal<'a> {
    prompt_id: PromptId,
    #[serde(default)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    branch_point: Option<Value>,
    #[serde(default)]
    prompt_cancelled: Option<Value>,
    #[serde(default)]
    message: Option<Cow<'a, str>>,
    #[serde(default)]
    code: Option<Cow<'a, str>>,
    #[serde(default)]
    error_kind: Option<Cow<'a, str>>,
}

impl<'a> Event<'a> {
    /// Reads the frame of a bus: the envelope in its data line. `None` if it holds none.
    #[must_use]
    pub fn of_frame(sse: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(sse).ok()?;
        let data = text.lines().find_map(|line| line.strip_prefix("data: "))?;
        Self::of_json(data)
    }

    /// Reads an envelope.
    #[must_use]
    pub fn of_json(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The notification of the event: an update as the protocol has it, anything else under its name.
    #[must_use]
    pub fn notice(&self) -> Frame {
        let mut json = Vec::with_capacity(self.data.get().len() + 96);
        json.extend_from_slice(br#"{"jsonrpc":"2.0","method":"#);
        if self.kind == "session_update" {
            json.extend_from_slice(br#""session/update","params":"#);
            json.extend_from_slice(self.data.get().as_bytes());
        } else {
            json.extend_from_slice(br#""_qwen/notify","params":{"kind":"#);
            write(&mut json, &self.kind);
            self.write_payload(&mut json);
            json.push(b'}');
        }
        json.push(b'}');
        Frame::written(self.id, json)
    }

    /// The payload beside the name of its event; that of a failed stream is spread out.
    fn write_payload(&self, json: &mut Vec<u8>) {
        let members = if self.kind == "stream_error" { spread(self.data) } else { None };
        json.push(b',');
        match members {
            Some(members) => json.extend_from_slice(members.as_bytes()),
            None => {
                json.extend_from_slice(br#""data":"#);
                json.extend_from_slice(self.data.get().as_bytes());
            }
        }
    }

    /// What is asked, if the event is a permission request.
    #[must_use]
    pub fn asks(&self) -> Option<Asked<'a>> {
        if self.kind != "permission_request" {
            return None;
        }
        serde_json::from_str(self.data.get()).ok()
    }

    /// The request that was decided, if the event says so.
    #[must_use]
    pub fn decides(&self) -> Option<RequestId> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Decided {
            request_id: RequestId,
        }
        if self.kind != "permission_resolved" && self.kind != "permission_already_resolved" {
            return None;
        }
        serde_json::from_str(self.data.get()).ok().map(|Decided { request_id }| request_id)
    }

    /// The prompt that ended, and the answer to whoever sent it, if the event is the end of one.
    #[must_use]
    pub fn settles(&self) -> Option<(PromptId, Result<Box<RawValue>, RpcError>)> {
        let is_good = match &*self.kind {
            "turn_complete" => true,
            "turn_error" => false,
            _ => return None,
        };
        let terminal: Terminal<'_> = serde_json::from_str(self.data.get()).ok()?;
        let prompt = terminal.prompt_id.clone();
        let outcome = if is_good { terminal.result() } else { Err(terminal.error()) };
        Some((prompt, outcome))
    }
}

impl Asked<'_> {
    /// The request a peer answers, under its number on the connection.
    #[must_use]
    pub fn request(&self, id: Option<u64>, number: u64) -> Frame {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Params<'a> {
            session_id: &'a str,
            tool_call: &'a RawValue,
            options: &'a RawValue,
            #[serde(rename = "_meta")]
            meta: Value,
        }
        let meta = serde_json::json!({ "qwen": { "requestId": self.request_id } });
        let params = Params { session_id: &self.session_id, tool_call: self.tool_call, options: self.options, meta };
        let mut json = Vec::with_capacity(256 + self.tool_call.get().len());
        json.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
        write(&mut json, &super::questions::name(number));
        json.extend_from_slice(br#","method":"session/request_permission","params":"#);
        write(&mut json, &params);
        json.push(b'}');
        Frame::written(id, json)
    }
}

impl Terminal<'_> {
    fn result(self) -> Result<Box<RawValue>, RpcError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Stopped<'a> {
            stop_reason: &'a str,
            #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
            meta: Map<String, Value>,
        }
        let told = [("qwen.branchPoint", self.branch_point), ("qwen.promptCancelled", self.prompt_cancelled)];
        let meta = told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let stopped = Stopped { stop_reason: self.stop_reason.as_deref().unwrap_or("end_turn"), meta: meta.collect() };
        Ok(serde_json::value::to_raw_value(&stopped).expect("results have string keys only"))
    }

    /// A number among the codes is the agent's own; a word is a condition of the daemon's.
    fn error(self) -> RpcError {
        let number = self.code.as_deref().and_then(|code| code.parse().ok());
        let word = self.code.as_deref().filter(|_| number.is_none());
        let kind = self.error_kind.as_deref().or(word).unwrap_or("internal");
        let message = self.message.as_deref().unwrap_or("The prompt failed");
        let data = serde_json::value::to_raw_value(&serde_json::json!({ "errorKind": kind }));
        RpcError { code: number.unwrap_or(code::INTERNAL_ERROR), message: message.to_owned(), data: data.ok() }
    }
}

/// The members of an object that has some, without its braces.
fn spread(object: &RawValue) -> Option<&str> {
    let inner = object.get().trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    (!inner.is_empty()).then_some(inner)
}

fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("messages have string keys only, and a Vec takes every write");
}
