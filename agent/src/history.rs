//! What was said: messages as lists of parts, in the shape session records keep them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who said it. Tool results are said by the user's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    User,
    Model,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part>,
}

/// One part of a message. A part we do not know is kept as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Part {
    Text {
        text: String,
        /// The model's thinking, not its answer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        thought: bool,
    },
    Call {
        #[serde(rename = "functionCall")]
        call: ToolCall,
    },
    Response {
        #[serde(rename = "functionResponse")]
        response: ToolResponse,
    },
    Media {
        #[serde(rename = "inlineData")]
        media: Media,
    },
    Other(Value),
}

/// The model asks for a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) args: Value,
}

/// What the tool answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToolResponse {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) response: Map<String, Value>,
}

/// Bytes of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Media {
    pub(crate) mime_type: String,
    /// Base64.
    pub(crate) data: String,
}

impl Message {
    pub(crate) fn user(parts: Vec<Part>) -> Self {
        Self { role: Role::User, parts }
    }

    pub(crate) fn model(parts: Vec<Part>) -> Self {
        Self { role: Role::Model, parts }
    }

    /// The answer text, without thinking.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let mut answers = self.parts.iter().filter_map(Part::answer);
        let first = answers.next().unwrap_or_default();
        answers.fold(Cow::Borrowed(first), |text, more| text + more)
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::Call { call } => Some(call),
            Part::Text { .. } | Part::Response { .. } | Part::Media { .. } | Part::Other(_) => None,
        })
    }

    pub(crate) fn responses(&self) -> impl Iterator<Item = &ToolResponse> {
        self.parts.iter().filter_map(|part| match part {
            Part::Response { response } => Some(response),
            Part::Text { .. } | Part::Call { .. } | Part::Media { .. } | Part::Other(_) => None,
        })
    }
}

impl Part {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), thought: false }
    }

    fn answer(&self) -> Option<&str> {
        match self {
            Self::Text { text, thought: false } => Some(text),
            Self::Text { .. } | Self::Call { .. } | Self::Response { .. } | Self::Media { .. } | Self::Other(_) => None,
        }
    }
}

impl ToolResponse {
    /// An answer in words, under the key that tells success from failure.
    pub(crate) fn new(call: &ToolCall, ok: bool, text: impl Into<String>) -> Self {
        let key = if ok { "output" } else { "error" };
        let response = Map::from_iter([(key.to_owned(), Value::String(text.into()))]);
        Self { id: call.id.clone(), name: call.name.clone(), response }
    }

    /// The words, whichever way it went.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self.response.get("output").or_else(|| self.response.get("error")) {
            Some(Value::String(text)) => text.into(),
            Some(other) => other.to_string().into(),
            None => Value::Object(self.response.clone()).to_string().into(),
        }
    }
}

/// Adds the model's answer. It is joined to the answer before it, if that one made no calls.
pub(crate) fn add_answer(history: &mut Vec<Message>, answer: Message) {
    match history.last_mut() {
        Some(last) if last.role == Role::Model && last.calls().next().is_none() => last.parts.extend(answer.parts),
        _ => history.push(answer),
    }
}

/// What a call without an answer is closed with, so that the history stays valid for every provider.
pub(crate) const CANCELLED: &str = "The call was cancelled before it finished.";

/// Gives every unanswered call an answer right behind the message that made it.
pub(crate) fn close_dangling_calls(history: &mut Vec<Message>) {
    let mut at = 0;
    while at < history.len() {
        let answered: Vec<String> = history
            .get(at + 1)
            .map(|next| next.responses().map(|response| response.id.clone()).collect())
            .unwrap_or_default();
        let missing: Vec<Part> = history[at]
            .calls()
            .filter(|call| !answered.contains(&call.id))
            .map(|call| Part::Response { response: ToolResponse::new(call, false, CANCELLED) })
            .collect();
        if !missing.is_empty() {
            if answered.is_empty() {
                history.insert(at + 1, Message::user(missing));
            } else {
                history[at + 1].parts.extend(missing);
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: &str) -> Part {
        Part::Call { call: ToolCall { id: id.into(), name: "glob".into(), args: json!({}) } }
    }

    #[test]
    fn a_message_survives_its_record_shape() {
        let json = json!({"role": "model", "parts": [
            {"text": "hm", "thought": true}, {"text": "yes"},
            {"functionCall": {"id": "c1", "name": "glob", "args": {"pattern": "*"}}},
            {"executableCode": {"language": "PYTHON"}},
        ]});
        let message: Message = serde_json::from_value(json.clone()).expect("parses");
        assert_eq!(message.text(), "yes");
        assert_eq!(serde_json::to_value(&message).expect("encodes"), json);
    }

    #[test]
    fn an_unanswered_call_is_closed_where_it_stands() {
        let answered = ToolCall { id: "a".into(), name: "glob".into(), args: json!({}) };
        let response = Part::Response { response: ToolResponse::new(&answered, true, "found") };
        let mut history = vec![
            Message::model(vec![call("a"), call("b")]),
            Message::user(vec![response]),
            Message::model(vec![call("c")]),
            Message::user(vec![Part::text("go on")]),
        ];
        close_dangling_calls(&mut history);
        let answers: Vec<Vec<&str>> =
            history.iter().map(|message| message.responses().map(|r| r.id.as_str()).collect()).collect();
        assert_eq!(answers, [vec![], vec!["a", "b"], vec![], vec!["c"], vec![]]);
    }
}
