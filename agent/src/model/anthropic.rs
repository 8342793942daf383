//! Anthropic's models, through the multi-provider client.

use std::collections::{BTreeSet, VecDeque};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use genai::{
    Client, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    chat::{self, ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, ContentPart, StopReason, StreamEnd},
    resolver::{AuthData, Endpoint},
};
use serde_json::Value;

use super::{Event, Events, Finish, Model, ModelError, Request, Usage, http};
use crate::{
    config::Anthropic,
    history::{Message, Part, Role},
};

/// One model of Anthropic's.
#[derive(Debug)]
pub(super) struct AnthropicModel(Anthropic);

/// Who is asked, for the wording of failures.
#[derive(Clone)]
struct Asked {
    url: String,
    model: String,
    key_variable: String,
}

impl AnthropicModel {
    pub(super) fn new(provider: Anthropic) -> Self {
        Self(provider)
    }
}

impl Model for AnthropicModel {
    fn respond(&self, request: Request<'_>) -> BoxFuture<'static, Result<Events, ModelError>> {
        let Anthropic { api_key, base_url, model, key_variable, tuning } = self.0.clone();
        let asked = Asked { url: base_url.clone(), model: model.clone(), key_variable };
        let target = ServiceTarget {
            endpoint: Endpoint::from_owned(format!("{base_url}/")),
            auth: AuthData::from_single(api_key.expose()),
            model: ModelIden::new(AdapterKind::Anthropic, model),
        };
        let chat = chat_request(&request);
        async move {
            let client = Client::builder().with_reqwest(http::client()?).build();
            let client = client.map_err(|error| ModelError::Provider(error.to_string()))?;
            let options = ChatOptions::default().with_capture_usage(true).with_capture_tool_calls(true);
            let options = tuning.max_tokens.map_or(options.clone(), |most| options.with_max_tokens(most));
            let answer = client.exec_chat_stream(target, chat, Some(&options)).await;
            let stream = answer.map_err(|error| asked.failure(error))?.stream;
            // The client only asks when it is first polled, so this is where a refusal shows.
            let (mut stream, mut begun) = (stream.boxed(), BTreeSet::new());
            let mut first = VecDeque::new();
            while first.is_empty() {
                let Some(event) = stream.next().await else { break };
                first.extend(events(event.map_err(|error| asked.failure(error))?, &mut begun).into_iter().map(Ok));
            }
            let rest = stream.flat_map(move |event| {
                let events: Vec<_> = match event {
                    Ok(event) => events(event, &mut begun).into_iter().map(Ok).collect(),
                    Err(error) => vec![Err(asked.failure(error))],
                };
                stream::iter(events)
            });
            Ok(stream::iter(first).chain(rest).boxed())
        }
        .boxed()
    }
}

impl Asked {
    fn failure(&self, error: genai::Error) -> ModelError {
        let asked = http::Asked { url: &self.url, model: &self.model, variable: &self.key_variable };
        match error {
            genai::Error::HttpError { status, body, headers, .. } => http::refused(&asked, status, &headers, &body),
            genai::Error::WebStream { error, .. } => match error.downcast::<genai::Error>() {
                Ok(inner) => self.failure(*inner),
                Err(error) => http::broken(&self.url, &*error),
            },
            genai::Error::ChatResponse { body, .. } => {
                ModelError::Provider(super::failure::message_of(&body.to_string()))
            }
            genai::Error::StreamParse { serde_error, .. } => {
                ModelError::Nonsense { url: self.url.clone(), excerpt: serde_error.to_string() }
            }
            other => ModelError::Provider(other.to_string()),
        }
    }
}

/// `begun` holds the ids of the calls announced so far.
fn events(event: ChatStreamEvent, begun: &mut BTreeSet<String>) -> Vec<Event> {
    match event {
        ChatStreamEvent::Chunk(chunk) => vec![Event::Text(chunk.content)],
        ChatStreamEvent::ReasoningChunk(chunk) => vec![Event::Thought(chunk.content)],
        ChatStreamEvent::ToolCallChunk(chunk) => {
            let call = chunk.tool_call;
            if begun.contains(&call.call_id) {
                return Vec::new();
            }
            let slot = begun.len();
            begun.insert(call.call_id.clone());
            vec![Event::Call { slot, id: call.call_id, name: call.fn_name }]
        }
        ChatStreamEvent::End(end) => finish(end, begun),
        ChatStreamEvent::Start | ChatStreamEvent::ThoughtSignatureChunk(_) | ChatStreamEvent::Heartbeat => Vec::new(),
    }
}

/// The calls come whole at the end, in the order they began.
fn finish(end: StreamEnd, begun: &BTreeSet<String>) -> Vec<Event> {
    let mut events = Vec::new();
    let reason = match &end.captured_stop_reason {
        Some(StopReason::MaxTokens(_)) => Finish::Length,
        Some(StopReason::ContentFilter(_)) => Finish::Refusal,
        Some(
            StopReason::Completed(_) | StopReason::ToolCall(_) | StopReason::StopSequence(_) | StopReason::Other(_),
        )
        | None => Finish::Done,
    };
    let usage = end.captured_usage.as_ref().map(usage);
    for (slot, call) in end.captured_into_tool_calls().into_iter().flatten().enumerate() {
        if !begun.contains(&call.call_id) {
            events.push(Event::Call { slot, id: call.call_id, name: call.fn_name });
        }
        let fragment = match call.fn_arguments {
            Value::String(text) => text,
            whole => whole.to_string(),
        };
        events.push(Event::Arguments { slot, fragment });
    }
    events.extend(usage.map(Event::Usage));
    events.push(Event::Finish(reason));
    events
}

fn usage(usage: &chat::Usage) -> Usage {
    let count = |number: Option<i32>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
    let (input, output) = (count(usage.prompt_tokens), count(usage.completion_tokens));
    Usage {
        input,
        output,
        total: usage.total_tokens.map_or(input + output, |total| count(Some(total))),
        thoughts: usage.completion_tokens_details.as_ref().map_or(0, |details| count(details.reasoning_tokens)),
        cached: usage.prompt_tokens_details.as_ref().map_or(0, |details| count(details.cached_tokens)),
    }
}

fn chat_request(request: &Request<'_>) -> ChatRequest {
    let tools = request
        .tools
        .iter()
        .map(|tool| chat::Tool::new(tool.name).with_description(tool.description).with_schema(tool.parameters.clone()));
    let messages = request.history.iter().flat_map(messages).collect();
    ChatRequest::new(messages).with_system(request.system).with_tools(tools.collect::<Vec<_>>())
}

fn messages(message: &Message) -> Vec<ChatMessage> {
    let mut messages = Vec::new();
    let results: Vec<ContentPart> = message
        .responses()
        .map(|response| ContentPart::ToolResponse(chat::ToolResponse::new(response.id.clone(), response.text())))
        .collect();
    if !results.is_empty() {
        messages.push(ChatMessage::tool(results));
    }
    let parts: Vec<ContentPart> = message.parts.iter().filter_map(content_part).collect();
    if !parts.is_empty() {
        messages.push(match message.role {
            Role::User => ChatMessage::user(parts),
            Role::Model => ChatMessage::assistant(parts),
        });
    }
    messages
}

fn content_part(part: &Part) -> Option<ContentPart> {
    match part {
        Part::Text { text, thought: false } if !text.is_empty() => Some(ContentPart::Text(text.clone())),
        Part::Call { call } => Some(ContentPart::ToolCall(chat::ToolCall {
            call_id: call.id.clone(),
            fn_name: call.name.clone(),
            fn_arguments: call.args.clone(),
            thought_signatures: None,
        })),
        Part::Media { media } => {
            Some(ContentPart::from_binary_base64(media.mime_type.clone(), media.data.clone(), None))
        }
        Part::Text { .. } | Part::Response { .. } | Part::Other(_) => None,
    }
}
