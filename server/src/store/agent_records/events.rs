//! An agent's record, told as the events a daemon would have published.

use roost_core::{Envelope, EventType, Millis, event::ENVELOPE_VERSION};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    tool_call_result: Option<ToolCallResult>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Part {
    text: Option<String>,
    thought: bool,
    function_call: Option<FunctionCall>,
}

#[derive(Deserialize)]
struct FunctionCall {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    args: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolCallResult {
    call_id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    result_display: Value,
}

/// What the record tells, in order, numbered from 1. Lines without anything to see (system records, damaged ones) are left out.
pub(crate) fn events(record: &[u8]) -> impl Iterator<Item = Envelope> {
    let lines = record.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    let told = lines.flat_map(|line| {
        let at = line.timestamp.as_deref().and_then(Millis::from_iso);
        let session = line.session_id.clone();
        updates(line).into_iter().map(move |update| (session.clone(), at, update))
    });
    (1..).zip(told).map(|(id, (session, at, update))| {
        let mut meta = Map::new();
        if let Some(at) = at {
            meta.insert("serverTimestamp".to_owned(), json!(at));
        }
        Envelope {
            id: Some(id),
            v: ENVELOPE_VERSION,
            kind: EventType::SessionUpdate,
            prompt_id: None,
            data: json!({"sessionId": session, "update": update}),
            originator_client_id: None,
            meta,
        }
    })
}

fn updates(line: Line) -> Vec<Value> {
    let parts = line.message.into_iter().flat_map(|message| message.parts);
    match line.kind.as_str() {
        "user" => parts.filter_map(|part| Some(chunk("user_message_chunk", part.text.as_deref()?))).collect(),
        "assistant" => parts.filter_map(said).collect(),
        "tool_result" => line.tool_call_result.iter().map(result).collect(),
        _ => Vec::new(),
    }
}

fn said(part: Part) -> Option<Value> {
    if let Some(call) = part.function_call {
        let id = call.id?;
        return Some(json!({
            "sessionUpdate": "tool_call", "toolCallId": id, "title": call.name, "kind": "other",
            "status": "in_progress", "rawInput": call.args, "_meta": {"toolName": call.name},
        }));
    }
    let kind = if part.thought { "agent_thought_chunk" } else { "agent_message_chunk" };
    Some(chunk(kind, part.text.as_deref()?))
}

fn chunk(kind: &str, text: &str) -> Value {
    json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}})
}

fn result(result: &ToolCallResult) -> Value {
    let is_good = matches!(result.status.as_deref(), None | Some("success" | "completed"));
    let content: Vec<Value> = match &result.result_display {
        Value::String(text) => vec![json!({"type": "content", "content": {"type": "text", "text": text}})],
        _ => Vec::new(),
    };
    json!({
        "sessionUpdate": "tool_call_update", "toolCallId": result.call_id,
        "status": if is_good { "completed" } else { "failed" }, "content": content,
    })
}

#[cfg(test)]
mod tests {
    use roost_core::transcript::{Body, Transcript};

    use super::*;

    #[test]
    fn a_record_reads_like_the_session_it_is_of() {
        let record = br#"{"type":"user","sessionId":"s","timestamp":"2026-01-02T03:04:05.006Z","message":{"role":"user","parts":[{"text":"do it"}]}}
not json
{"type":"assistant","sessionId":"s","message":{"parts":[{"text":"hm","thought":true},{"text":"I will"},{"functionCall":{"id":"c1","name":"read_file","args":{"path":"a"}}}]}}
{"type":"tool_result","sessionId":"s","toolCallResult":{"callId":"c1","status":"error","resultDisplay":"no such file"}}
{"type":"system","subtype":"ui_telemetry"}
"#;
        let mut transcript = Transcript::default();
        for event in events(record) {
            let _ = transcript.apply(&event);
        }
        let bodies: Vec<&Body> = transcript.entries().map(|entry| &entry.body).collect();
        let [Body::User(asked), Body::Thought(thought), Body::Assistant(said), Body::Tool(tool)] = bodies.as_slice()
        else {
            panic!("{bodies:?}");
        };
        assert_eq!(asked.texts().collect::<String>(), "do it");
        assert_eq!((thought.text.as_str(), said.text.as_str()), ("hm", "I will"));
        assert_eq!((tool.tool_name(), tool.status.as_str()), (Some("read_file"), "failed"));
        assert_eq!(
            transcript.entries().next().and_then(|entry| entry.at),
            Millis::from_iso("2026-01-02T03:04:05.006Z")
        );
    }
}
