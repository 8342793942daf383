//! A history as the body of a chat completion request.

use serde_json::{Value, json};

use crate::{
    config::Tuning,
    history::{Message, Part, Role},
    model::Request,
};

pub(super) fn completion(model: &str, request: &Request<'_>, tuning: &Tuning) -> Vec<u8> {
    let mut messages = vec![json!({"role": "system", "content": request.system})];
    for message in request.history {
        match message.role {
            Role::Model => messages.extend(assistant(message)),
            Role::User => user(message, &mut messages),
        }
    }
    let mut body = json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if let Some(most) = tuning.max_tokens {
        body["max_tokens"] = most.into();
    }
    for (name, value) in &tuning.extra_body {
        if body.get(name).is_none() {
            body[name] = value.clone();
        }
    }
    if !request.tools.is_empty() {
        let tool = |tool: &crate::model::ToolSpec| {
            let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
            json!({"type": "function", "function": function})
        };
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body.to_string().into_bytes()
}

/// An answer of the model. One that was cut off before it said anything is left out.
fn assistant(message: &Message) -> Option<Value> {
    let text = message.text();
    let calls: Vec<Value> = message
        .calls()
        .map(|call| {
            let arguments = call.args.to_string();
            json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
        })
        .collect();
    match (text.is_empty(), calls.is_empty()) {
        (true, true) => None,
        (false, true) => Some(json!({"role": "assistant", "content": text})),
        (true, false) => Some(json!({"role": "assistant", "content": null, "tool_calls": calls})),
        (false, false) => Some(json!({"role": "assistant", "content": text, "tool_calls": calls})),
    }
}

/// Tool results first, each a message of its own, then what the user said.
fn user(message: &Message, messages: &mut Vec<Value>) {
    for response in message.responses() {
        messages.push(json!({"role": "tool", "tool_call_id": response.id, "content": response.text()}));
    }
    let parts: Vec<Value> = message.parts.iter().filter_map(content_part).collect();
    let has_media = parts.iter().any(|part| part["type"] != "text");
    if has_media {
        messages.push(json!({"role": "user", "content": parts}));
    } else if !parts.is_empty() {
        let text: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
        messages.push(json!({"role": "user", "content": text.join("\n\n")}));
    }
}

fn content_part(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text, .. } => Some(json!({"type": "text", "text": text})),
        Part::Media { media } => {
            let url = format!("data:{};base64,{}", media.mime_type, media.data);
            Some(json!({"type": "image_url", "image_url": {"url": url}}))
        }
        Part::Call { .. } | Part::Response { .. } | Part::Other(_) => None,
    }
}
