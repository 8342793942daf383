//! A history as the body of a chat completion request.
//!
//! The whole history goes with every request, so it is written as it stands, without a tree of values in between.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    config::Tuning,
    history::{Media, Message, Part, Role, ToolCall, ToolResponse},
    model::{Request, ToolSpec},
};

/// The body as JSON.
pub(super) fn completion(model: &str, request: &Request<'_>, tuning: &Tuning) -> Vec<u8> {
    serde_json::to_vec(&Completion { model, request, tuning }).expect("a Vec takes every write, and keys are strings")
}

/// See [`completion`].
struct Completion<'a> {
    model: &'a str,
    request: &'a Request<'a>,
    tuning: &'a Tuning,
}

/// A message as the provider reads it.
#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum ChatMessage<'a> {
    System {
        content: &'a str,
    },
    User {
        content: Content<'a>,
    },
    Assistant {
        content: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Function<Call<'a>>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: Cow<'a, str>,
    },
}

/// What the user said: in parts where there is more than words.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

/// A function, without the wrapper that the protocol puts around it.
#[derive(Serialize)]
struct Function<F> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    r#type: &'static str,
    function: F,
}

#[derive(Serialize)]
struct Call<'a> {
    name: &'a str,
    /// JSON within JSON.
    arguments: String,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl Serialize for Completion<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("model", self.model)?;
        body.serialize_entry("messages", &Messages(self.request))?;
        body.serialize_entry("stream", &true)?;
        body.serialize_entry("stream_options", &Map::from_iter([("include_usage".to_owned(), true.into())]))?;
        if let Some(most) = self.tuning.max_tokens {
            body.serialize_entry("max_tokens", &most)?;
        }
        if !self.request.tools.is_empty() {
            let tools: Vec<Function<Tool<'_>>> = self.request.tools.iter().map(tool).collect();
            body.serialize_entry("tools", &tools)?;
        }
        for (name, value) in &self.tuning.extra_body {
            // What the user adds replaces nothing of ours.
            let is_ours = match name.as_str() {
                "model" | "messages" | "stream" | "stream_options" | "tools" => true,
                "max_tokens" => self.tuning.max_tokens.is_some(),
                _ => false,
            };
            if !is_ours {
                body.serialize_entry(name, value)?;
            }
        }
        body.end()
    }
}

/// The system prompt and the history behind it.
struct Messages<'a>(&'a Request<'a>);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let system = ChatMessage::System { content: self.0.system };
        serializer.collect_seq(std::iter::once(system).chain(self.0.history.iter().flat_map(said)))
    }
}

/// One message of the history as the provider's messages.
fn said(message: &Message) -> Vec<ChatMessage<'_>> {
    match message.role {
        Role::Model => assistant(message).into_iter().collect(),
        Role::User => message.responses().map(tool_result).chain(user(message)).collect(),
    }
}

/// An answer of the model. One that was cut off before it said anything is left out.
fn assistant(message: &Message) -> Option<ChatMessage<'_>> {
    let text = Some(message.text()).filter(|text| !text.is_empty());
    let tool_calls: Vec<_> = message.calls().map(call).collect();
    if text.is_none() && tool_calls.is_empty() {
        return None;
    }
    Some(ChatMessage::Assistant { content: text, tool_calls })
}

fn call(call: &ToolCall) -> Function<Call<'_>> {
    let function = Call { name: &call.name, arguments: call.args.to_string() };
    Function { id: Some(call.id.clone()), r#type: "function", function }
}

/// Tool results stand before what the user said, each a message of its own.
fn tool_result(response: &ToolResponse) -> ChatMessage<'_> {
    ChatMessage::Tool { tool_call_id: &response.id, content: response.text() }
}

fn user(message: &Message) -> Option<ChatMessage<'_>> {
    let parts: Vec<ContentPart<'_>> = message.parts.iter().filter_map(content_part).collect();
    let texts: Option<Vec<&str>> = parts.iter().map(ContentPart::text).collect();
    let content = match texts.as_deref() {
        Some([]) => return None,
        Some([text]) => Content::Text(Cow::Borrowed(text)),
        Some(texts) => Content::Text(texts.join("\n\n").into()),
        None => Content::Parts(parts),
    };
    Some(ChatMessage::User { content })
}

fn content_part(part: &Part) -> Option<ContentPart<'_>> {
    match part {
        Part::Text { text, .. } => Some(ContentPart::Text { text }),
        Part::Media { media } => Some(ContentPart::ImageUrl { image_url: data_url(media) }),
        Part::Call { .. } | Part::Response { .. } | Part::Other(_) => None,
    }
}

fn data_url(media: &Media) -> ImageUrl {
    ImageUrl { url: format!("data:{};base64,{}", media.mime_type, media.data) }
}

fn tool(tool: &ToolSpec) -> Function<Tool<'_>> {
    let function = Tool { name: tool.name, description: tool.description, parameters: &tool.parameters };
    Function { id: None, r#type: "function", function }
}

impl<'a> ContentPart<'a> {
    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text { text } => Some(text),
            Self::ImageUrl { .. } => None,
        }
    }
}
