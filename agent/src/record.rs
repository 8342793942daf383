//! Session records: one JSON object a line, in `QWEN_HOME/projects/<id>/chats/<session>.jsonl`.
//!
//! Records are only ever appended. Each names its parent; the live branch is the chain from the last record up.

mod branch;
mod list;
mod recorder;
mod replay;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use roost_core::home::project_dir;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::{
    branch::{Branch, LoadError},
    list::{Listed, list, title},
    recorder::Recorder,
    replay::replay,
};
use crate::{history::Message, model::Usage};

/// The version records carry.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One line of a session's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) uuid: String,
    #[serde(default)]
    pub(crate) parent_uuid: Option<String>,
    pub(crate) session_id: String,
    pub(crate) timestamp: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subtype: Option<String>,
    #[serde(default)]
    pub(crate) cwd: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) git_branch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) usage_metadata: Option<UsageMetadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_result: Option<ToolCallResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) system_payload: Option<Value>,
}

/// Whose record it is. A record of an unknown kind stays in the file and is not replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    User,
    Assistant,
    ToolResult,
    System,
    #[serde(other)]
    Unknown,
}

/// The subtype of what the user said beside the prompts.
pub(crate) const MEANWHILE: &str = "mid_turn_user_message";
/// The subtype of a change of the approval mode.
pub(crate) const APPROVAL_MODE: &str = "approval_mode";

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UsageMetadata {
    prompt_token_count: u64,
    candidates_token_count: u64,
    total_token_count: u64,
    thoughts_token_count: u64,
    cached_content_token_count: u64,
}

/// What people saw of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolCallResult {
    pub(crate) call_id: String,
    pub(crate) status: ToolStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result_display: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ToolStatus {
    Success,
    Error,
    Cancelled,
}

/// What a record says, before it has a place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    User(Message),
    /// Said by the user beside the prompts.
    Meanwhile(Message),
    Assistant {
        message: Message,
        usage: Option<Usage>,
        model: String,
    },
    ToolResult {
        message: Message,
        result: ToolCallResult,
    },
    System {
        subtype: &'static str,
        payload: Value,
    },
}

impl From<Usage> for UsageMetadata {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_token_count: usage.input,
            candidates_token_count: usage.output,
            total_token_count: usage.total,
            thoughts_token_count: usage.thoughts,
            cached_content_token_count: usage.cached,
        }
    }
}

impl UsageMetadata {
    pub(crate) fn usage(self) -> Usage {
        Usage {
            input: self.prompt_token_count,
            output: self.candidates_token_count,
            total: self.total_token_count,
            thoughts: self.thoughts_token_count,
            cached: self.cached_content_token_count,
        }
    }
}

/// The folder of a working directory's sessions.
pub(crate) fn chats(home: &Path, cwd: &Path) -> PathBuf {
    project_dir(home, cwd).join("chats")
}

pub(crate) fn file(home: &Path, cwd: &Path, session: &str) -> PathBuf {
    chats(home, cwd).join(format!("{session}.jsonl"))
}

/// Now, as records and results write it.
pub(crate) fn now() -> String {
    format!("{:.3}", Timestamp::now())
}
