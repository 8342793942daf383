//! Answers of the daemon's routes in the shapes the Agent Client Protocol has for them.

use serde_json::{Map, Value, json};

const STATE: [&str; 3] = ["configOptions", "models", "modes"];

/// The result of `session/new` (with the id of the session), `session/load` and `session/resume` from a session's `state`.
#[must_use]
pub fn opened(session: Option<&str>, state: &Value) -> Value {
    let mut result = Map::new();
    if let Some(session) = session {
        result.insert("sessionId".to_owned(), json!(session));
    }
    for member in STATE {
        if let Some(value) = state.get(member).filter(|value| !value.is_null()) {
            result.insert(member.to_owned(), value.clone());
        }
    }
    if let Some(Value::Array(models)) = result.get_mut("models").and_then(|models| models.get_mut("availableModels")) {
        models.iter_mut().filter_map(Value::as_object_mut).for_each(|model| alias(model, "modelId", "id"));
    }
    Value::Object(result)
}

/// The result of `session/set_config_option` from a session's `state`.
#[must_use]
pub fn options(state: &Value) -> Value {
    json!({ "configOptions": state.get("configOptions").cloned().unwrap_or_else(|| json!([])) })
}

/// The result of `session/list` from a page of the session list: every member, and what the protocol calls some of them.
#[must_use]
pub fn listed(mut page: Value) -> Value {
    if let Some(Value::Array(sessions)) = page.get_mut("sessions") {
        for session in sessions.iter_mut().filter_map(Value::as_object_mut) {
            alias(session, "workspaceCwd", "cwd");
            alias(session, "displayName", "title");
        }
    }
    page
}

fn alias(object: &mut Map<String, Value>, name: &str, other: &str) {
    if let Some(value) = object.get(name).cloned() {
        object.entry(other).or_insert(value);
    }
}
