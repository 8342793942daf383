//! What an entry weighs: about the bytes it holds. Texts count exactly, the rest roughly.

use serde_json::Value;

use crate::{
    Envelope,
    payload::{ContentBlock, ToolContent},
    transcript::{Body, Entry, Permission, ToolCall},
};

/// Every entry costs at least this.
const BASE: usize = 256;

pub(super) fn of(entry: &Entry) -> usize {
    BASE + match &entry.body {
        Body::User(message) => message.blocks.iter().map(|block| 64 + self::block(&block.content)).sum(),
        Body::Assistant(run) | Body::Thought(run) => run.text.len() + run.discrete.as_deref().map_or(0, map),
        Body::Media(content) => block(content),
        Body::Tool(tool) => self::tool(tool),
        Body::Plan(plan) => plan.steps.iter().map(|step| 64 + step.content.len()).sum(),
        Body::Error(error) => error.message.len(),
        Body::Notice(notice) => envelope(notice.source()),
        Body::Shell(shell) => shell.command.len() + shell.cwd.len() + shell.output.len(),
    }
}

fn tool(tool: &ToolCall) -> usize {
    let raw = [&tool.raw_input, &tool.raw_output].into_iter().flatten().map(value).sum::<usize>();
    let asked = tool.permissions.iter().map(permission).sum::<usize>();
    BASE + tool.title.len() + tool.content.iter().map(content).sum::<usize>() + raw + map(&tool.meta) + asked
}

fn permission(permission: &Permission) -> usize {
    let call = &permission.request.tool_call;
    let raw = [&call.raw_input, &call.raw_output].into_iter().flatten().map(value).sum::<usize>();
    2 * BASE + call.content.iter().flatten().map(content).sum::<usize>() + raw + map(&call.meta)
}

fn content(item: &ToolContent) -> usize {
    64 + match item {
        ToolContent::Block(block) => self::block(block),
        ToolContent::Diff { path, old_text, new_text } => {
            path.len() + old_text.as_deref().map_or(0, str::len) + new_text.len()
        }
        ToolContent::Terminal { terminal_id } => terminal_id.len(),
        ToolContent::Other(other) => value(other),
    }
}

fn block(block: &ContentBlock) -> usize {
    match block {
        ContentBlock::Text(text) => text.len(),
        ContentBlock::Image(media) | ContentBlock::Audio(media) => media.data.len() + 64,
        ContentBlock::ResourceLink(link) => link.uri.len() + link.name.len() + 64,
        ContentBlock::Resource(resource) => {
            resource.uri.len() + [&resource.text, &resource.blob].into_iter().flatten().map(String::len).sum::<usize>()
        }
        ContentBlock::Other(other) => value(other),
    }
}

fn envelope(event: &Envelope) -> usize {
    BASE + value(&event.data) + map(&event.meta)
}

fn map(map: &serde_json::Map<String, Value>) -> usize {
    map.iter().map(|(key, item)| 32 + key.len() + value(item)).sum()
}

fn value(value: &Value) -> usize {
    32 + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(self::value).sum(),
        Value::Object(fields) => map(fields),
    }
}
