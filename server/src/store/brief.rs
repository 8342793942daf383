//! A history without what is only about the work of sub-agents, for readers that show such a one as a single line: its own tool calls, its
//! progress, and the long texts it was given or left.

use memchr::memmem::Finder;
use roost_core::{Envelope, EventType};
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

/// How much of a history a reader wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    #[default]
    Full,
    Summary,
}

/// Events without any of these are what they are: most are, and need not be read.
const SIGNS: [&str; 6] =
    ["parentToolCallId", "shellProgress", "subagentProgress", "task_execution", "\"agent\"", "\"task\""];

/// What a sub-agent's card is not about.
const LONG: [&str; 2] = ["toolCalls", "taskPrompt"];
/// What is not known for certain before the sub-agent has ended.
const UNSETTLED: [&str; 5] = ["inputTokens", "outputTokens", "thoughtTokens", "cachedTokens", "totalTokens"];

impl Detail {
    /// As it stands on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "summary" => Some(Self::Summary),
            _ => None,
        }
    }

    /// The events, as far as they are wanted.
    #[must_use]
    pub fn of(self, events: Vec<Box<RawValue>>) -> Vec<Box<RawValue>> {
        match self {
            Self::Full => events,
            Self::Summary => {
                let signs = SIGNS.map(Finder::new);
                let is_plain = |json: &str| signs.iter().all(|sign| sign.find(json.as_bytes()).is_none());
                let brief = |event: Box<RawValue>| if is_plain(event.get()) { Some(event) } else { brief(event) };
                events.into_iter().filter_map(brief).collect()
            }
        }
    }

    /// The same of one update, as a page of a transcript has them; false when it is not wanted at all.
    pub fn shorten(self, update: &mut Value) -> bool {
        match (self, update.as_object_mut()) {
            (Self::Full, _) | (Self::Summary, None) => true,
            (Self::Summary, Some(update)) => {
                let is_wanted = is_wanted(update);
                shorten(update);
                is_wanted
            }
        }
    }
}

/// None when the event is not wanted. What cannot be read stays as it is.
fn brief(event: Box<RawValue>) -> Option<Box<RawValue>> {
    let Ok(mut read) = serde_json::from_str::<Envelope>(event.get()) else { return Some(event) };
    if read.kind != EventType::SessionUpdate {
        return Some(event);
    }
    let is_wanted = read.data.get_mut("update").is_none_or(|update| Detail::Summary.shorten(update));
    is_wanted.then(|| to_raw_value(&read).unwrap_or(event))
}

/// Not the calls a sub-agent makes, nor how far one is.
fn is_wanted(update: &Map<String, Value>) -> bool {
    let meta = &update.get("_meta").unwrap_or(&Value::Null);
    let is_call = is_call(update);
    let tells_progress = !meta["shellProgress"].is_null() || meta["subagentProgress"] == true;
    let is_progress = is_call && is(update, "status", "in_progress") && !update.contains_key("kind") && tells_progress;
    let parent = meta["parentToolCallId"].as_str().filter(|parent| !parent.is_empty());
    let is_of_another = parent.is_some_and(|parent| !is(update, "toolCallId", parent));
    !is_progress && !is_of_another
}

/// Takes the long texts out of the card of a sub-agent.
fn shorten(update: &mut Map<String, Value>) {
    let name = update.get("_meta").and_then(|meta| meta["toolName"].as_str());
    let is_named_so = matches!(name, Some("agent" | "task"));
    let is_execution = update.get("rawOutput").is_some_and(|output| output["type"] == "task_execution");
    if !is_call(update) || !(is_named_so || is_execution) {
        return;
    }
    let status = update.get("status").cloned();
    if let Some(Value::Object(output)) = update.get_mut("rawOutput") {
        let status = output.get("status").cloned().or(status);
        let status = status.as_ref().and_then(Value::as_str);
        LONG.iter().for_each(|long| drop(output.shift_remove(*long)));
        if !matches!(status, Some("completed" | "failed" | "cancelled")) {
            output.shift_remove("tokenCount");
            if let Some(Value::Object(sums)) = output.get_mut("executionSummary") {
                UNSETTLED.iter().for_each(|sum| drop(sums.shift_remove(*sum)));
            }
        }
    }
    if let Some(Value::Object(input)) = update.get_mut("rawInput") {
        input.shift_remove("prompt");
    }
}

fn is_call(update: &Map<String, Value>) -> bool {
    is(update, "sessionUpdate", "tool_call") || is(update, "sessionUpdate", "tool_call_update")
}

fn is(update: &Map<String, Value>, member: &str, text: &str) -> bool {
    update.get(member).and_then(Value::as_str) == Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(update: &Value) -> Box<RawValue> {
        let data = json!({"sessionId": "s", "update": update});
        to_raw_value(&json!({"id": 1, "v": 1, "type": "session_update", "data": data})).expect("it is JSON")
    }

    fn summary(update: &Value) -> Option<Value> {
        let left = Detail::Summary.of(vec![event(update)]).pop()?;
        Some(serde_json::from_str::<Value>(left.get()).expect("it is JSON")["data"]["update"].clone())
    }

    #[test]
    fn what_a_sub_agent_does_is_left_out_and_what_it_is_stays() {
        let inner = json!({"sessionUpdate": "tool_call", "toolCallId": "c2", "_meta": {"parentToolCallId": "c1"}});
        assert_eq!(summary(&inner), None);
        let said = json!({"sessionUpdate": "agent_message_chunk", "content": {}, "_meta": {"parentToolCallId": "c1"}});
        assert_eq!(summary(&said), None);
        let its_own = json!({"sessionUpdate": "tool_call", "toolCallId": "c1", "_meta": {"parentToolCallId": "c1"}});
        assert_eq!(summary(&its_own), Some(its_own.clone()));
        let progress = json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": "in_progress", "_meta": {"subagentProgress": true}});
        assert_eq!(summary(&progress), None);
    }

    #[test]
    fn the_card_of_a_sub_agent_is_without_its_long_texts() {
        let card = |status: &str| {
            json!({
                "sessionUpdate": "tool_call_update", "toolCallId": "c1", "_meta": {"toolName": "task"},
                "rawInput": {"prompt": "long", "description": "short"},
                "rawOutput": {
                    "type": "task_execution", "status": status, "toolCalls": [1], "taskPrompt": "long", "tokenCount": 7,
                    "executionSummary": {"rounds": 1, "totalTokens": 7},
                },
            })
        };
        let running = summary(&card("running")).expect("it stays");
        assert_eq!(running["rawInput"], json!({"description": "short"}));
        assert_eq!(
            running["rawOutput"],
            json!({"type": "task_execution", "status": "running", "executionSummary": {"rounds": 1}})
        );
        let ended = summary(&card("completed")).expect("it stays");
        assert_eq!(ended["rawOutput"]["tokenCount"], 7);
        assert_eq!(ended["rawOutput"]["executionSummary"], json!({"rounds": 1, "totalTokens": 7}));
    }

    #[test]
    fn other_tools_and_other_events_are_as_they_were() {
        let write = json!({"sessionUpdate": "tool_call", "toolCallId": "c", "_meta": {"toolName": "write_file"}, "rawInput": {"prompt": "agent"}});
        assert_eq!(summary(&write), Some(write.clone()));
        let ended = to_raw_value(&json!({"id": 2, "v": 1, "type": "turn_complete", "data": {"parentToolCallId": "x"}}));
        let ended = ended.expect("it is JSON");
        let left = Detail::Summary.of(vec![ended.clone()]);
        assert_eq!(left.iter().map(|event| event.get()).collect::<Vec<_>>(), [ended.get()]);
        assert_eq!(Detail::Full.of(vec![event(&write)]).len(), 1);
    }
}
