//! The bytes of a chat completion: one SSE frame per streamed chunk, or one JSON object.

use std::fmt::Write;

use serde_json::{Value, json};

use super::script::{Step, Turn, words};

/// Token counts of the closing usage chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
}

impl Usage {
    fn to_json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        })
    }
}

/// Writes the frames of one completion. What does not change from chunk to chunk is formatted once.
pub(super) struct ChunkWriter {
    head: String,
    model: String,
    completion: u64,
}

const TAIL: &str = "},\"finish_reason\":null}]}\n\n";

impl ChunkWriter {
    pub(super) fn new(model: &str, completion: u64) -> Self {
        let model = Value::from(model).to_string();
        let head = format!(
            r#"data: {{"id":"chatcmpl-{completion}","object":"chat.completion.chunk","created":0,"model":{model},"choices":[{{"index":0,"delta":{{"#
        );
        Self { head, model, completion }
    }

    pub(super) fn role(&self, out: &mut String) {
        self.delta(out, r#""role":"assistant","content":"""#);
    }

    /// Words `from..to`. They need no escaping, so this is copying and nothing else.
    pub(super) fn words(&self, out: &mut String, from: u64, to: u64) {
        for index in from..to {
            out.push_str(&self.head);
            write!(out, "\"content\":\"w{index} \"").expect("a String takes every write");
            out.push_str(TAIL);
        }
    }

    pub(super) fn text(&self, out: &mut String, text: &str) {
        self.delta(out, &format!("\"content\":{}", Value::from(text)));
    }

    pub(super) fn think(&self, out: &mut String, text: &str) {
        self.delta(out, &format!("\"reasoning_content\":{}", Value::from(text)));
    }

    /// A call in four chunks or fewer: its name, then its arguments in pieces cut between characters.
    pub(super) fn tool_call(&self, out: &mut String, index: usize, name: &str, arguments: &Value) {
        let call = json!([{
            "index": index, "id": self.call_id(index), "type": "function", "function": {"name": name, "arguments": ""},
        }]);
        self.delta(out, &format!("\"tool_calls\":{call}"));
        let arguments: Vec<char> = arguments.to_string().chars().collect();
        for piece in arguments.chunks(arguments.len().div_ceil(3).max(1)) {
            let piece: String = piece.iter().collect();
            let call = json!([{"index": index, "function": {"arguments": piece}}]);
            self.delta(out, &format!("\"tool_calls\":{call}"));
        }
    }

    /// The finish reason, the usage when somebody asked for it, and `[DONE]`.
    pub(super) fn finish(&self, out: &mut String, reason: &str, usage: Option<Usage>) {
        let (completion, model) = (self.completion, &self.model);
        let envelope =
            format!(r#""id":"chatcmpl-{completion}","object":"chat.completion.chunk","created":0,"model":{model}"#);
        let end = json!([{"index": 0, "delta": {}, "finish_reason": reason}]);
        write!(out, "data: {{{envelope},\"choices\":{end}}}\n\n").expect("a String takes every write");
        if let Some(usage) = usage {
            write!(out, "data: {{{envelope},\"choices\":[],\"usage\":{}}}\n\n", usage.to_json())
                .expect("a String takes every write");
        }
        out.push_str("data: [DONE]\n\n");
    }

    /// The same turn for a request that did not ask for a stream.
    pub(super) fn whole(&self, turn: &Turn) -> Value {
        let (mut content, mut reasoning, mut calls, mut usage) =
            (String::new(), String::new(), vec![], Usage::default());
        for step in turn {
            match step {
                Step::Words { count, .. } => content.push_str(&words(*count)),
                Step::Text(text) | Step::Garbage(text) => content.push_str(text),
                Step::Think(text) => reasoning.push_str(text),
                Step::ToolCall { name, arguments } => calls.push(json!({
                    "id": self.call_id(calls.len()), "type": "function",
                    "function": {"name": name, "arguments": arguments.to_string()},
                })),
                Step::Usage { prompt_tokens, completion_tokens } => {
                    usage = Usage { prompt_tokens: *prompt_tokens, completion_tokens: *completion_tokens };
                }
                Step::Gate(_) | Step::Status { .. } | Step::Hang | Step::CloseEarly => {}
            }
        }
        let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
        let mut message = json!({"role": "assistant", "content": content});
        if !reasoning.is_empty() {
            message["reasoning_content"] = reasoning.into();
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        json!({
            "id": format!("chatcmpl-{}", self.completion), "object": "chat.completion", "created": 0,
            "model": serde_json::from_str::<Value>(&self.model).unwrap_or_default(),
            "choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage.to_json(),
        })
    }

    fn call_id(&self, index: usize) -> String {
        format!("call_{}_{index}", self.completion)
    }

    fn delta(&self, out: &mut String, fields: &str) {
        out.push_str(&self.head);
        out.push_str(fields);
        out.push_str(TAIL);
    }
}
