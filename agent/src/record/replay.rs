//! A recorded session as the updates that show it again.

use serde_json::{Value, json};

use super::{Branch, Kind, MEANWHILE, Record, ToolCallResult, ToolStatus};
use crate::{
    client::update::{self, Card},
    history::{Message, Part, ToolCall},
    tool::text_content,
};

/// `_meta.source` of what was said beside the prompts.
const SOURCE: &str = "mid_turn_message_injected";

/// Every update of the branch, oldest first. `card` describes a call as it was described when it ran.
pub(crate) fn replay(branch: &Branch, card: impl Fn(&ToolCall) -> Card) -> Vec<Value> {
    let mut updates = Vec::new();
    for record in branch.records() {
        let before = updates.len();
        match (record.kind, &record.message) {
            (Kind::User, Some(message)) => {
                user(message, &mut updates);
                if record.subtype.as_deref() == Some(MEANWHILE) {
                    updates[before..].iter_mut().for_each(|update| update["_meta"]["source"] = SOURCE.into());
                }
            }
            (Kind::Assistant, Some(message)) => assistant(record, message, &card, &mut updates),
            (Kind::ToolResult, Some(message)) => tool_result(record, message, &mut updates),
            (Kind::System, _) => system(record, &mut updates),
            (Kind::User | Kind::Assistant | Kind::ToolResult | Kind::Unknown, _) => {}
        }
        for update in &mut updates[before..] {
            let meta = &mut update["_meta"];
            meta["timestamp"] = Value::from(record.timestamp.as_str());
            meta["qwenTranscript"] = json!({"sourceRecordIds": [record.uuid]});
        }
    }
    updates
}

fn user(message: &Message, updates: &mut Vec<Value>) {
    for part in &message.parts {
        let content = match part {
            Part::Text { text, .. } => json!({"type": "text", "text": text}),
            Part::Media { media } => json!({"type": "image", "mimeType": media.mime_type, "data": media.data}),
            Part::Call { .. } | Part::Response { .. } | Part::Other(_) => continue,
        };
        updates.push(json!({"sessionUpdate": "user_message_chunk", "content": content}));
    }
}

fn assistant(record: &Record, message: &Message, card: impl Fn(&ToolCall) -> Card, updates: &mut Vec<Value>) {
    for part in &message.parts {
        match part {
            Part::Text { text, thought: true } => updates.push(update::thought(text)),
            Part::Text { text, .. } => updates.push(update::message(text)),
            // A plan replaces the card of its call.
            Part::Call { call } if call.name == "todo_write" => {}
            Part::Call { call } => updates.push(update::tool_started(&card(call), true)),
            Part::Response { .. } | Part::Media { .. } | Part::Other(_) => {}
        }
    }
    if let Some(usage) = record.usage_metadata {
        updates.push(update::usage(&usage.usage(), None, 0));
    }
}

fn tool_result(record: &Record, message: &Message, updates: &mut Vec<Value>) {
    for response in message.responses() {
        let result = record.tool_call_result.as_ref().filter(|result| result.call_id == response.id);
        let display = result.and_then(|result| result.result_display.as_ref());
        if let Some(entries) = display.and_then(plan) {
            updates.push(update::plan(&entries));
            continue;
        }
        let content = display.and_then(diff).unwrap_or_else(|| text_content(&response.text()));
        let is_ok = |result: &ToolCallResult| result.status == ToolStatus::Success;
        let ok = result.map_or_else(|| response.response.contains_key("output"), is_ok);
        updates.push(update::tool_finished(&response.id, &response.name, ok, &[content], display));
    }
}

fn plan(display: &Value) -> Option<Value> {
    let todos = display.get("todos").filter(|_| display["type"] == "todo_list")?.as_array()?;
    let entry = |todo: &Value| json!({"content": todo["content"], "priority": "medium", "status": todo["status"]});
    Some(todos.iter().map(entry).collect())
}

fn diff(display: &Value) -> Option<Value> {
    let (path, old, new) = (display.get("filePath")?, display.get("originalContent")?, display.get("newContent")?);
    Some(json!({"type": "diff", "path": path, "oldText": old, "newText": new}))
}

/// What a slash command said.
fn system(record: &Record, updates: &mut Vec<Value>) {
    if record.subtype.as_deref() != Some("slash_command") {
        return;
    }
    let items = record.system_payload.as_ref().and_then(|payload| payload.get("outputHistoryItems")?.as_array());
    let raw = record.system_payload.as_ref().and_then(|payload| payload.get("rawCommand")?.as_str());
    if let Some(raw) = raw {
        let content = json!({"type": "text", "text": raw});
        updates.push(json!({"sessionUpdate": "user_message_chunk", "content": content}));
    }
    let texts = items.into_iter().flatten().filter_map(|item| item.get("text")?.as_str());
    updates.extend(texts.map(update::command_result));
}
