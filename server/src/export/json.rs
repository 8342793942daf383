//! JSON, whole or line by line.

use serde_json::{Map, Value, json};

use super::{Document, Message, Said};

/// One object, indented.
pub(super) fn write(document: &Document<'_>) -> String {
    let mut metadata = metadata(document);
    metadata.insert("uniqueFiles".to_owned(), json!(document.files.keys().collect::<Vec<_>>()));
    let whole = json!({
        "sessionId": document.subject.session_id,
        "startTime": document.started_at.to_iso(),
        "messages": document.messages.iter().map(|message| value(message, document)).collect::<Vec<_>>(),
        "metadata": metadata,
    });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

/// The metadata, then a message a line.
pub(super) fn write_lines(document: &Document<'_>) -> String {
    let mut first = Map::new();
    first.insert("type".to_owned(), json!("session_metadata"));
    first.extend(metadata(document));
    let messages = document.messages.iter().map(|message| value(message, document).to_string());
    let lines: Vec<String> = std::iter::once(Value::Object(first).to_string()).chain(messages).collect();
    lines.join("\n")
}

fn metadata(document: &Document<'_>) -> Map<String, Value> {
    let mut metadata = Map::new();
    let mut put = |key: &str, value: Value| metadata.insert(key.to_owned(), value);
    put("sessionId", json!(document.subject.session_id));
    put("startTime", json!(document.started_at.to_iso()));
    put("exportTime", json!(document.subject.exported_at.to_iso()));
    put("cwd", json!(document.subject.cwd));
    if let Some(model) = document.model {
        put("model", json!(model));
    }
    put("channel", json!("daemon"));
    put("promptCount", json!(document.prompt_count));
    if document.total_tokens > 0 {
        put("totalTokens", json!(document.total_tokens));
    }
    put("filesWritten", json!(document.files.len()));
    put("linesAdded", json!(document.lines_added()));
    put("linesRemoved", json!(document.lines_removed()));
    if document.is_truncated {
        put("truncated", json!(true));
    }
    metadata
}

fn value(message: &Message<'_>, document: &Document<'_>) -> Value {
    let (kind, body_key, body) = match &message.said {
        Said::User(text) => ("user", "message", json!({"role": "user", "parts": [{"text": text}]})),
        Said::Assistant(text) => ("assistant", "message", json!({"role": "assistant", "parts": [{"text": text}]})),
        Said::Thought(text) => {
            ("assistant", "message", json!({"role": "assistant", "parts": [{"text": text, "thought": true}]}))
        }
        Said::Plan(text) => ("system", "message", json!({"role": "system", "parts": [{"text": text}]})),
        Said::Error(text) => ("system", "message", json!({"role": "system", "parts": [{"text": text}]})),
        Said::Tool(tool) => (
            "tool_call",
            "toolCall",
            json!({
                "toolCallId": tool.call_id, "kind": tool.kind, "title": tool.headline(), "status": tool.status,
                "rawInput": tool.input(), "content": tool.content, "locations": tool.places(),
                "timestamp": message.at,
            }),
        ),
        Said::Shell(run) => (
            "system",
            "message",
            json!({"role": "system", "parts": [{"text": format!("$ {}\n{}", run.command, run.output)}]}),
        ),
    };
    let mut value = Map::new();
    value.insert("uuid".to_owned(), json!(message.uuid));
    value.insert("sessionId".to_owned(), json!(document.subject.session_id));
    value.insert("timestamp".to_owned(), json!(message.at.to_iso()));
    value.insert("type".to_owned(), json!(kind));
    value.insert(body_key.to_owned(), body);
    Value::Object(value)
}
