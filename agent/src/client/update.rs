//! The updates of a session, exactly as they go over the wire.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};

use crate::model::Usage;

/// A tool call, as a client shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) tool: String,
    pub(crate) kind: &'static str,
    /// `Display: description`
    pub(crate) title: String,
    pub(crate) arguments: Value,
    pub(crate) locations: Vec<PathBuf>,
}

pub(crate) fn message(text: &str) -> Value {
    json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}})
}

pub(crate) fn thought(text: &str) -> Value {
    json!({"sessionUpdate": "agent_thought_chunk", "content": {"type": "text", "text": text}})
}

/// What a slash command says. Its line breaks become hard ones for Markdown.
pub(crate) fn command_result(text: &str) -> Value {
    let text = text.replace('\n', "  \n");
    json!({
        "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text},
        "_meta": {"source": "slash_command"},
    })
}

/// The tokens of one answer. A replayed one has no duration.
pub(crate) fn usage(usage: &Usage, duration: Option<Duration>, retries: u32) -> Value {
    let mut meta = json!({"usage": {
        "inputTokens": usage.input, "outputTokens": usage.output, "totalTokens": usage.total,
        "thoughtTokens": usage.thoughts, "cachedReadTokens": usage.cached,
    }});
    if let Some(duration) = duration {
        meta["durationMs"] = json!(duration.as_millis());
    }
    if retries > 0 {
        meta["apiErrors"] = json!(retries);
        meta["apiRetries"] = json!(retries);
    }
    json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": ""}, "_meta": meta})
}

/// The model has named a tool; its arguments are still being written.
pub(crate) fn tool_preparing(id: &str, tool: &str, kind: &str, display: &str) -> Value {
    json!({
        "sessionUpdate": "tool_call", "toolCallId": id, "title": display, "kind": kind, "status": "pending",
        "content": [], "locations": [], "rawInput": {},
        "_meta": {"toolName": tool, "provenance": "builtin", "phase": "preparing"},
    })
}

/// The answer that prepared this call was broken off: the card goes away.
pub(crate) fn tool_discarded(id: &str, tool: &str) -> Value {
    json!({
        "sessionUpdate": "tool_call_update", "toolCallId": id, "status": "failed",
        "_meta": {"toolName": tool, "provenance": "builtin", "preparationDiscarded": true},
    })
}

/// The call runs. A replay shows it as a new card.
pub(crate) fn tool_started(card: &Card, is_replay: bool) -> Value {
    let locations: Vec<Value> = card.locations.iter().map(|path| json!({"path": path, "line": null})).collect();
    json!({
        "sessionUpdate": if is_replay { "tool_call" } else { "tool_call_update" },
        "toolCallId": card.id, "status": "in_progress", "title": card.title, "kind": card.kind,
        "content": [], "locations": locations, "rawInput": card.arguments,
        "_meta": {"toolName": card.tool, "provenance": "builtin"},
    })
}

/// Output so far.
pub(crate) fn tool_progress(id: &str, content: &[Value]) -> Value {
    json!({"sessionUpdate": "tool_call_update", "toolCallId": id, "status": "in_progress", "content": content})
}

pub(crate) fn tool_finished(id: &str, tool: &str, ok: bool, content: &[Value], raw: Option<&Value>) -> Value {
    let mut update = json!({
        "sessionUpdate": "tool_call_update", "toolCallId": id, "status": if ok { "completed" } else { "failed" },
        "content": content, "_meta": {"toolName": tool, "provenance": "builtin"},
    });
    if let Some(raw) = raw {
        update["rawOutput"] = raw.clone();
    }
    update
}

pub(crate) fn plan(entries: &Value) -> Value {
    json!({"sessionUpdate": "plan", "entries": entries})
}

pub(crate) fn mode(id: &str) -> Value {
    json!({"sessionUpdate": "current_mode_update", "currentModeId": id})
}

pub(crate) fn commands(commands: &[Value]) -> Value {
    json!({
        "sessionUpdate": "available_commands_update", "availableCommands": commands, "_meta": {"availableSkills": []},
    })
}

pub(crate) fn title(title: &str, updated_at: &str) -> Value {
    json!({"sessionUpdate": "session_info_update", "title": title, "updatedAt": updated_at})
}
