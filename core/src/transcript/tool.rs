//! A tool call as the patches so far describe it.

use serde_json::{Map, Value};

use crate::{
    ClientId, Millis, PromptId,
    payload::{Location, ToolCallId, ToolContent, ToolKind, ToolPatch, ToolStatus},
    transcript::{Permission, Seq, step::ToolTimes},
};

/// One tool call: its final state so far, and what was asked about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub call_id: ToolCallId,
    pub title: String,
    pub kind: ToolKind,
    pub status: ToolStatus,
    pub locations: Vec<Location>,
    pub content: Vec<ToolContent>,
    pub raw_input: Option<Value>,
    pub raw_output: Option<Value>,
    /// Every `_meta` key seen, latest value.
    pub meta: Map<String, Value>,
    /// What was asked before it could run, oldest first. Usually none or one.
    pub permissions: Vec<Permission>,
    /// When it first was `in_progress`.
    pub running_at: Option<Millis>,
    /// When it was `completed` or `failed`.
    pub ended_at: Option<Millis>,
    /// The first frame of its own, and how it was named there; `None` while only a permission request is known.
    pub(crate) framed: Option<Framed>,
}

/// The first `tool_call` or `tool_call_update` of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Framed {
    pub(crate) seq: Seq,
    pub(crate) at: Option<Millis>,
    pub(crate) by: Option<ClientId>,
    pub(crate) prompt: Option<PromptId>,
    pub(crate) by_update: bool,
}

impl ToolCall {
    /// A call nobody has described yet.
    #[must_use]
    pub fn new(call_id: ToolCallId) -> Self {
        Self {
            call_id,
            title: String::new(),
            kind: ToolKind::default(),
            status: ToolStatus::default(),
            locations: Vec::new(),
            content: Vec::new(),
            raw_input: None,
            raw_output: None,
            meta: Map::new(),
            permissions: Vec::new(),
            running_at: None,
            ended_at: None,
            framed: None,
        }
    }

    /// `_meta.toolName`: the tool's canonical name.
    #[must_use]
    pub fn tool_name(&self) -> Option<&str> {
        self.meta.get("toolName")?.as_str()
    }

    /// `_meta.provenance`: `builtin`, `mcp` or `subagent`.
    #[must_use]
    pub fn provenance(&self) -> Option<&str> {
        self.meta.get("provenance")?.as_str()
    }

    /// The model is still writing its arguments.
    #[must_use]
    pub fn is_preparing(&self) -> bool {
        self.meta.get("phase").and_then(Value::as_str) == Some("preparing")
    }

    /// The request that waits for an answer.
    #[must_use]
    pub fn waiting(&self) -> Option<&Permission> {
        self.permissions.iter().rev().find(|permission| permission.is_pending())
    }

    /// The most telling title: while the call itself says nothing of its input, what the permission request says.
    #[must_use]
    pub fn headline(&self) -> &str {
        let asked = self.asked().and_then(|call| call.title.as_deref()).filter(|title| !title.is_empty());
        asked.filter(|_| !says_something(self.raw_input.as_ref())).unwrap_or(&self.title)
    }

    /// Its input, as the call itself or the permission request tells it.
    #[must_use]
    pub fn input(&self) -> Option<&Value> {
        let own = self.raw_input.as_ref().filter(|input| says_something(Some(input)));
        own.or_else(|| self.asked()?.raw_input.as_ref())
    }

    /// The places it touches, as the call itself or the permission request tells them.
    #[must_use]
    pub fn places(&self) -> &[Location] {
        match self.asked().and_then(|call| call.locations.as_deref()) {
            Some(asked) if self.locations.is_empty() => asked,
            _ => &self.locations,
        }
    }

    fn asked(&self) -> Option<&ToolPatch> {
        self.permissions.last().map(|permission| &permission.request.tool_call)
    }

    /// The texts it shows, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.content.iter().filter_map(|item| match item {
            ToolContent::Block(block) => block.as_text(),
            ToolContent::Diff { .. } | ToolContent::Terminal { .. } | ToolContent::Other(_) => None,
        })
    }

    /// The file changes it shows: path, old text, new text.
    pub fn diffs(&self) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
        self.content.iter().filter_map(|item| match item {
            ToolContent::Diff { path, old_text, new_text } => {
                Some((path.as_str(), old_text.as_deref(), new_text.as_str()))
            }
            ToolContent::Block(_) | ToolContent::Terminal { .. } | ToolContent::Other(_) => None,
        })
    }

    /// Takes over what `patch` says; what it does not say stays.
    /// `times` replace the event's own time.
    pub(super) fn patch(&mut self, patch: ToolPatch, at: Option<Millis>, times: Option<ToolTimes>) {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut self.title, patch.title);
        set(&mut self.kind, patch.kind);
        set(&mut self.locations, patch.locations);
        set(&mut self.content, patch.content);
        set(&mut self.raw_input, patch.raw_input.map(Some));
        set(&mut self.raw_output, patch.raw_output.map(Some));
        if let Some(status) = patch.status {
            self.enter(status, at);
        }
        if let Some(times) = times {
            self.running_at = times.running_at;
            self.ended_at = times.ended_at;
        }
        if !patch.meta.contains_key("phase") {
            self.meta.shift_remove("phase");
        }
        for (key, value) in patch.meta {
            self.meta.insert(key, value);
        }
    }

    fn enter(&mut self, status: ToolStatus, at: Option<Millis>) {
        if status == ToolStatus::InProgress && self.running_at.is_none() {
            self.running_at = at;
        }
        if status.is_settled() && self.ended_at.is_none() {
            self.ended_at = at;
        }
        self.status = status;
    }
}

/// Agents send `{}` while they do not know the input yet.
fn says_something(input: Option<&Value>) -> bool {
    match input {
        None | Some(Value::Null) => false,
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => true,
    }
}
