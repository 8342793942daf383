//! How a refusal of the daemon's routes reads in JSON-RPC.

use serde_json::{Map, Value, json};

use crate::acp::{RpcError, code};

/// A session that the connection did not create, load or resume.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Session {0} is not owned by this connection")]
pub struct NotOwned(pub Box<str>);

impl From<NotOwned> for RpcError {
    fn from(refused: NotOwned) -> Self {
        Self::new(code::INVALID_PARAMS, refused.to_string())
    }
}

/// The error of an answer with this status, which is 400 or above, and body.
///
/// What the caller can fix is `-32602`, the rest `-32603`; a failure that came from the agent keeps the agent's code. `data` is
/// what the body says beside its sentence, with the condition as `errorKind`.
#[must_use]
pub fn refusal(status: u16, body: &[u8]) -> RpcError {
    let mut body: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    if let Some(Value::Object(nested)) = body.get_mut("error") {
        // Artifacts have their code beside the sentence, in a form of their own.
        let mut nested = std::mem::take(nested);
        body.shift_remove("v");
        body.extend(nested.shift_remove_entry("message").map(|(_, message)| ("error".to_owned(), message)));
        body.extend(nested);
    }
    let message = match body.shift_remove("error") {
        Some(Value::String(message)) => message,
        _ => format!("The daemon answered {status}"),
    };
    let its_fault =
        if (400..500).contains(&status) && status != 429 { code::INVALID_PARAMS } else { code::INTERNAL_ERROR };
    let (code, data) = match body.shift_remove("code") {
        Some(Value::Number(number)) => (number.as_i64().unwrap_or(its_fault), of_agent(body)),
        Some(Value::String(condition)) if condition == "VALIDATION_FAILED" => {
            (its_fault, of_daemon(status, Some("artifact_validation_failed".to_owned()), body))
        }
        Some(Value::String(condition)) => (its_fault, of_daemon(status, Some(condition), body)),
        _ => (its_fault, of_daemon(status, None, body)),
    };
    RpcError { code, message, data: serde_json::value::to_raw_value(&data).ok() }
}

/// What the agent said, and that it was the agent.
fn of_agent(mut body: Map<String, Value>) -> Map<String, Value> {
    let mut data = match body.shift_remove("data") {
        Some(Value::Object(data)) => data,
        Some(Value::Null) | None => Map::new(),
        Some(other) => Map::from_iter([("details".to_owned(), other)]),
    };
    data.entry("errorKind").or_insert_with(|| json!("internal"));
    data
}

fn of_daemon(status: u16, condition: Option<String>, mut body: Map<String, Value>) -> Map<String, Value> {
    body.shift_remove("status");
    if let Some(condition) = condition {
        body.entry("errorKind").or_insert(Value::String(condition));
    }
    if status >= 500 {
        body.entry("errorKind").or_insert_with(|| json!("internal"));
    }
    body.insert("httpStatus".to_owned(), json!(status));
    body
}
