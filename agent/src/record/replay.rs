//! A recorded session as the updates that show it again.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Branch, Kind, MEANWHILE, Record, ToolCallResult, ToolStatus};
use crate::{
    client::update::{self, Card},
    history::{Message, Part, ToolCall},
    tool::text_content,
};

/// `_meta.source` of what was said beside the prompts.
const SOURCE: &str = "mid_turn_message_injected";

/// Every update of the branch, oldest first.
///
/// `card` describes a call as it was described when it ran. Calls of a tool that `has_cards` are shown from their beginning, others only
/// where they made no plan.
pub(crate) fn replay(
    branch: &Branch,
    card: impl Fn(&ToolCall) -> Card,
    has_cards: impl Fn(&str) -> bool,
) -> Vec<Value> {
    let mut replay = Replay { card, has_cards, without_card: HashMap::new(), updates: Vec::new() };
    branch.records().iter().for_each(|record| replay.record(record));
    replay.updates
}

struct Replay<'a, C, H> {
    card: C,
    has_cards: H,
    /// Calls that are not shown yet, by id.
    without_card: HashMap<&'a str, &'a ToolCall>,
    updates: Vec<Value>,
}

impl<'a, C: Fn(&ToolCall) -> Card, H: Fn(&str) -> bool> Replay<'a, C, H> {
    fn record(&mut self, record: &'a Record) {
        let before = self.updates.len();
        match (record.kind, &record.message) {
            (Kind::User, Some(message)) => {
                self.user(message);
                if record.subtype.as_deref() == Some(MEANWHILE) {
                    self.updates[before..].iter_mut().for_each(|update| update["_meta"]["source"] = SOURCE.into());
                }
            }
            (Kind::Assistant, Some(message)) => self.assistant(record, message),
            (Kind::ToolResult, Some(message)) => self.tool_result(record, message),
            (Kind::System, _) => self.system(record),
            (Kind::User | Kind::Assistant | Kind::ToolResult | Kind::Unknown, _) => {}
        }
        for update in &mut self.updates[before..] {
            let meta = &mut update["_meta"];
            meta["timestamp"] = Value::from(record.timestamp.as_str());
            meta["qwenTranscript"] = json!({"sourceRecordIds": [record.uuid]});
        }
    }

    fn user(&mut self, message: &Message) {
        for part in &message.parts {
            let content = match part {
                Part::Text { text, .. } => json!({"type": "text", "text": text}),
                Part::Media { media } => json!({"type": "image", "mimeType": media.mime_type, "data": media.data}),
                Part::Call { .. } | Part::Response { .. } | Part::Other(_) => continue,
            };
            self.updates.push(user_chunk(&content));
        }
    }

    fn assistant(&mut self, record: &Record, message: &'a Message) {
        for part in &message.parts {
            match part {
                Part::Text { text, thought: true } => self.updates.push(update::thought(text)),
                Part::Text { text, .. } => self.updates.push(update::message(text)),
                Part::Call { call } if (self.has_cards)(&call.name) => self.show(call),
                Part::Call { call } => drop(self.without_card.insert(&call.id, call)),
                Part::Response { .. } | Part::Media { .. } | Part::Other(_) => {}
            }
        }
        if let Some(usage) = record.usage_metadata {
            self.updates.push(update::usage(&usage.usage(), None, 0));
        }
    }

    fn show(&mut self, call: &ToolCall) {
        self.updates.push(update::tool_started(&(self.card)(call), true));
    }

    fn tool_result(&mut self, record: &Record, message: &Message) {
        for response in message.responses() {
            let result = record.tool_call_result.as_ref().filter(|result| result.call_id == response.id);
            let display = result.and_then(|result| result.result_display.as_ref());
            let without_card = self.without_card.remove(response.id.as_str());
            if let Some(entries) = display.and_then(plan) {
                self.updates.push(update::plan(&entries));
                continue;
            }
            if let Some(call) = without_card {
                self.show(call);
            }
            let content = display.and_then(diff).unwrap_or_else(|| text_content(&response.text()));
            let is_ok = |result: &ToolCallResult| result.status == ToolStatus::Success;
            let ok = result.map_or_else(|| response.response.contains_key("output"), is_ok);
            self.updates.push(update::tool_finished(&response.id, &response.name, ok, &[content], display));
        }
    }

    /// What a slash command said.
    fn system(&mut self, record: &Record) {
        if record.subtype.as_deref() != Some("slash_command") {
            return;
        }
        let items = record.system_payload.as_ref().and_then(|payload| payload.get("outputHistoryItems")?.as_array());
        let raw = record.system_payload.as_ref().and_then(|payload| payload.get("rawCommand")?.as_str());
        self.updates.extend(raw.map(|raw| user_chunk(&json!({"type": "text", "text": raw}))));
        let texts = items.into_iter().flatten().filter_map(|item| item.get("text")?.as_str());
        self.updates.extend(texts.map(update::command_result));
    }
}

fn user_chunk(content: &Value) -> Value {
    json!({"sessionUpdate": "user_message_chunk", "content": content})
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
