//! An answer, as far as it is compared.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Shape;
use crate::client::Response;

/// One answer, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of a JSON body; absent for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
}

impl Seen {
    pub(super) fn of(answer: &Response) -> Self {
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let code = body.as_ref().and_then(|body| match &body["code"] {
            Value::String(code) => Some(code.clone()),
            Value::Number(code) => Some(code.to_string()),
            _ => None,
        });
        // Files and JSON-RPC have their codes elsewhere.
        let code = code.or_else(|| Some(body.as_ref()?["errorKind"].as_str()?.to_owned()));
        let code = code.or_else(|| Some(body.as_ref()?.pointer("/error/code")?.to_string()));
        Self { status: answer.status, code, shape: body.map(|body| Shape::of(&masked(body))) }
    }
}

/// Whether a thing works on this machine is no difference between servers.
const OF_THE_MACHINE: &[&str] = &["error", "errorKind", "hint"];

/// Maps whose keys are data become maps with one key, so that only their values' shape is compared.
pub(super) fn masked(body: Value) -> Value {
    match body {
        Value::Object(fields) => {
            let is_check = fields.contains_key("locality");
            let fields = fields.into_iter().filter(|(name, _)| !is_check || !OF_THE_MACHINE.contains(&name.as_str()));
            fields.map(|(name, value)| masked_member(name, value)).collect()
        }
        Value::Array(elements) => elements.into_iter().map(masked).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn masked_member(name: String, value: Value) -> (String, Value) {
    match (name.as_str(), value) {
        ("models" | "byName", Value::Object(inner)) if inner.values().all(Value::is_object) => {
            let inner = inner.into_iter().next().map(|(_, value)| masked(value));
            (name, inner.map_or_else(|| json!({}), |value| json!({"*": value})))
        }
        // Which events there are follows from how the agent goes about it; what one looks like is core's affair.
        ("compactedReplay" | "liveJournal" | "events", Value::Array(mut events)) => {
            for event in events.iter_mut().filter_map(Value::as_object_mut) {
                event.retain(|name, _| matches!(name.as_str(), "v" | "type" | "data"));
                event.insert("data".to_owned(), json!({}));
            }
            (name, masked(Value::Array(events)))
        }
        (_, value) => (name, masked(value)),
    }
}
