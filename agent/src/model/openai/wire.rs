//! The chunks of a streamed completion, and of a whole one.

use std::{collections::VecDeque, fmt};

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::model::{Event, Finish, ModelError, Usage, failure::message_of};

/// One `data:` line, or a whole answer: only the fields that are used.
#[derive(Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, alias = "message")]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default, deserialize_with = "text_or_parts")]
    content: Option<String>,
    #[serde(default, alias = "reasoning")]
    reasoning_content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<WireCall>>,
}

#[derive(Deserialize)]
struct WireCall {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<WireFunction>,
}

#[derive(Deserialize)]
struct WireFunction {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

/// What has been read of an answer.
#[derive(Default)]
pub(super) struct Reading {
    /// The calls so far: their index on the wire and their id.
    calls: Vec<(Option<u64>, String)>,
    finish: Option<Finish>,
}

impl Reading {
    pub(super) fn has_reason(&self) -> bool {
        self.finish.is_some()
    }

    pub(super) fn finish(&mut self) -> Event {
        Event::Finish(self.finish.unwrap_or(Finish::Done))
    }

    /// The slot a piece of a call belongs to, and whether the call begins with it.
    ///
    /// Providers differ: some repeat the id, some only the index, some give every call index 0 and an id of its own.
    fn slot(&mut self, call: &WireCall, names: bool) -> (usize, bool) {
        let id = call.id.as_deref().filter(|id| !id.is_empty());
        let by_id = id.and_then(|id| self.calls.iter().position(|(_, known)| known == id));
        let by_index = call.index.and_then(|index| self.calls.iter().rposition(|(known, _)| *known == Some(index)));
        let known = by_id.or_else(|| by_index.filter(|_| id.is_none() || !names));
        let last = self.calls.len().checked_sub(1).filter(|_| !names && call.index.is_none());
        if let Some(slot) = known.or(last) {
            return (slot, false);
        }
        let id = id.map_or_else(|| format!("call_{}", uuid::Uuid::new_v4().simple()), str::to_owned);
        self.calls.push((call.index, id));
        (self.calls.len() - 1, true)
    }
}

impl Chunk {
    /// Whether it has choices or an error; other JSON is not a chunk of an answer.
    pub(super) fn says_something(&self) -> bool {
        self.choices.is_some() || self.error.is_some()
    }

    pub(super) fn read(self, reading: &mut Reading, events: &mut VecDeque<Event>) -> Result<(), ModelError> {
        if let Some(error) = self.error.filter(|error| !error.is_null()) {
            return Err(ModelError::Provider(message_of(&serde_json::json!({"error": error}).to_string())));
        }
        // Only one answer is asked for.
        if let Some(choice) = self.choices.into_iter().flatten().next() {
            if let Some(delta) = choice.delta {
                delta.read(reading, events);
            }
            if let Some(reason) = choice.finish_reason {
                reading.finish = Some(match reason.as_str() {
                    "length" => Finish::Length,
                    "content_filter" => Finish::Refusal,
                    _ => Finish::Done,
                });
            }
        }
        events.extend(self.usage.map(|usage| Event::Usage(usage.into())));
        Ok(())
    }
}

impl Delta {
    fn read(self, reading: &mut Reading, events: &mut VecDeque<Event>) {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        events.extend(said(self.reasoning_content).map(Event::Thought));
        events.extend(said(self.content).map(Event::Text));
        events.extend(said(self.refusal).map(Event::Text));
        for call in self.tool_calls.into_iter().flatten() {
            let name = call.function.as_ref().and_then(|function| function.name.as_deref()).unwrap_or_default();
            let (slot, begins) = reading.slot(&call, !name.is_empty());
            if begins {
                events.push_back(Event::Call { slot, id: reading.calls[slot].1.clone(), name: name.to_owned() });
            }
            let fragment = match call.function.and_then(|function| function.arguments) {
                None | Some(Value::Null) => continue,
                Some(Value::String(fragment)) => fragment,
                Some(whole) => whole.to_string(),
            };
            if !fragment.is_empty() {
                events.push_back(Event::Arguments { slot, fragment });
            }
        }
    }
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let (input, output) = (wire.prompt_tokens.unwrap_or(0), wire.completion_tokens.unwrap_or(0));
        Self {
            input,
            output,
            total: wire.total_tokens.unwrap_or(input + output),
            thoughts: wire.completion_tokens_details.and_then(|details| details.reasoning_tokens).unwrap_or(0),
            cached: wire.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0),
        }
    }
}

/// Content is a string, or at some providers a list of parts, of which the texts are taken.
fn text_or_parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Content;

    #[derive(Deserialize)]
    struct TextPart {
        #[serde(default)]
        text: Option<String>,
    }

    impl<'de> de::Visitor<'de> for Content {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string, a list of parts, or null")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
            let mut text = String::new();
            while let Some(part) = parts.next_element::<TextPart>()? {
                text.push_str(&part.text.unwrap_or_default());
            }
            Ok(Some(text))
        }
    }

    deserializer.deserialize_any(Content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&str]) -> Vec<Event> {
        let (mut reading, mut events) = (Reading::default(), VecDeque::new());
        for chunk in chunks {
            let chunk: Chunk = serde_json::from_str(chunk).expect("parses");
            chunk.read(&mut reading, &mut events).expect("no error");
        }
        events.into()
    }

    fn arguments(events: &[Event], of: usize) -> String {
        let of_slot = |event: &Event| match event {
            Event::Arguments { slot, fragment } if *slot == of => Some(fragment.clone()),
            _ => None,
        };
        events.iter().filter_map(of_slot).collect()
    }

    #[test]
    fn pieces_of_calls_find_their_calls_whatever_the_provider_repeats() {
        let by_index: &[&str] = &[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"y","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}},{"index":1,"function":{"arguments":"}"}}]}}]}"#,
        ];
        let all_index_zero: &[&str] = &[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"y","arguments":"{}"}}]}}]}"#,
        ];
        let id_and_name_repeated: &[&str] = &[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"y","arguments":{}}}]}}]}"#,
        ];
        let without_index: &[&str] = &[
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"y","arguments":"{}"}}]}}]}"#,
        ];
        for chunks in [by_index, all_index_zero, id_and_name_repeated, without_index] {
            let events = read(chunks);
            let begun: Vec<&str> = events
                .iter()
                .filter_map(|event| if let Event::Call { name, .. } = event { Some(name.as_str()) } else { None })
                .collect();
            assert_eq!(begun, ["x", "y"], "{chunks:?}");
            assert_eq!(
                (arguments(&events, 0), arguments(&events, 1)),
                ("{}".to_owned(), "{}".to_owned()),
                "{chunks:?}"
            );
        }
    }

    #[test]
    fn content_may_be_text_parts_or_nothing() {
        let events = read(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
        ]);
        assert_eq!(events, [Event::Thought("hm".into()), Event::Text("ab".into())]);
    }
}
