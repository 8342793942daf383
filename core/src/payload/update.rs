//! `session_update`: what the agent says, thinks and does.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    ContentBlock, GoalStatus, Malformed, PlanEntry, Read, ToolCallId, ToolPatch, Usage, decode, must, readable,
};
use crate::Millis;

/// One `session_update`, by its `sessionUpdate` kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    UserMessage(Chunk),
    AgentMessage(Chunk),
    AgentThought(Chunk),
    ToolCall(ToolPatch),
    ToolCallUpdate(ToolPatch),
    Plan {
        entries: Vec<PlanEntry>,
        parent: Option<ToolCallId>,
    },
    AvailableCommands {
        commands: Vec<Command>,
        skills: Vec<Box<str>>,
    },
    CurrentMode {
        mode_id: Box<str>,
    },
    ConfigOptions(Value),
    SessionInfo {
        title: Option<String>,
    },
    Context(ContextUsage),
    ShellOutput {
        output: String,
    },
    /// A kind this build does not know.
    Unknown {
        kind: Box<str>,
    },
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chunk {
    pub content: ContentBlock,
    #[serde(default)]
    pub message_id: Option<Box<str>>,
    #[serde(rename = "_meta", default, deserialize_with = "super::null_is_default")]
    pub meta: Map<String, Value>,
}

readable!(Chunk { content: "content"; message_id: "messageId", meta: "_meta" });

/// `usage_update`: how full the model's context is, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextUsage {
    pub used: u64,
    pub size: u64,
}

readable!(ContextUsage { used: "used", size: "size"; });

/// A slash command the agent offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub name: String,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub description: String,
    #[serde(default)]
    pub input: Option<CommandInput>,
    /// `source`, `sourceLabel`, `subcommands`, `altNames`, `supportedModes`, `modelInvocable`…
    #[serde(rename = "_meta", default, deserialize_with = "super::null_is_default")]
    pub meta: Map<String, Value>,
}

readable!(Command { name: "name"; description: "description", input: "input", meta: "_meta" });

/// What a command takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandInput {
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub hint: String,
}

readable!(CommandInput { ; hint: "hint" });

impl Update {
    /// Reads `session_update.data`: `{sessionId, update}`, or the bare update of transcript pages.
    ///
    /// # Errors
    /// [`Malformed`] without a `sessionUpdate` name, or when a known kind lacks what it needs.
    pub fn parse(data: &Value) -> Result<Self, Malformed> {
        let update = data.get("update").unwrap_or(data);
        let missing = || Malformed { what: "session_update".into(), why: "missing field `sessionUpdate`".into() };
        let kind = update.get("sessionUpdate").and_then(Value::as_str).ok_or_else(missing)?;
        Ok(match kind {
            "user_message_chunk" => Self::UserMessage(decode(kind, update)?),
            "agent_message_chunk" => Self::AgentMessage(decode(kind, update)?),
            "agent_thought_chunk" => Self::AgentThought(decode(kind, update)?),
            "tool_call" => Self::ToolCall(ToolPatch::parse(kind, update)?),
            "tool_call_update" => Self::ToolCallUpdate(ToolPatch::parse(kind, update)?),
            "plan" => plan(kind, update)?,
            "available_commands_update" => commands(kind, update)?,
            "current_mode_update" => Self::CurrentMode { mode_id: needed(kind, update, "currentModeId")? },
            "config_option_update" => Self::ConfigOptions(update.get("configOptions").cloned().unwrap_or_default()),
            "session_info_update" => session_info(kind, update)?,
            "usage_update" => Self::Context(decode(kind, update)?),
            "shell_output" => Self::ShellOutput { output: needed(kind, update, "output")? },
            unknown => Self::Unknown { kind: unknown.into() },
        })
    }
}

fn plan(kind: &str, update: &Value) -> Result<Update, Malformed> {
    struct Plan {
        entries: Vec<PlanEntry>,
        meta: Map<String, Value>,
    }
    readable!(Plan { entries: "entries"; meta: "_meta" });
    let plan: Plan = decode(kind, update)?;
    Ok(Update::Plan { parent: parent_of(&plan.meta), entries: plan.entries })
}

fn commands(kind: &str, update: &Value) -> Result<Update, Malformed> {
    let commands = needed(kind, update, "availableCommands")?;
    let skills = update.pointer("/_meta/availableSkills").and_then(Vec::read);
    Ok(Update::AvailableCommands { commands, skills: skills.unwrap_or_default() })
}

/// The one field of an update that consists of it.
fn needed<T: Read>(kind: &str, update: &Value, name: &str) -> Result<T, Malformed> {
    let why = || format!("`{name}` is missing, or has another type than it should").into();
    must(update, name).ok_or_else(|| Malformed { what: kind.into(), why: why() })
}

fn session_info(kind: &str, update: &Value) -> Result<Update, Malformed> {
    struct Info {
        title: Option<String>,
    }
    readable!(Info { ; title: "title" });
    let info: Info = decode(kind, update)?;
    Ok(Update::SessionInfo { title: info.title })
}

impl Chunk {
    /// The sub-agent's call this chunk belongs to.
    #[must_use]
    pub fn parent(&self) -> Option<ToolCallId> {
        parent_of(&self.meta)
    }

    /// `_meta.source`: `bridge-echo`, `slash_command`, `background_task_completed`…
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.meta.get("source")?.as_str()
    }

    /// The figures of one model request, when the chunk carries them.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let mut usage = Usage::read(self.meta.get("usage")?)?;
        let number = |key: &str| self.meta.get(key).and_then(Value::as_u64).unwrap_or(0);
        usage.duration = Millis(number("durationMs"));
        usage.api_errors = number("apiErrors");
        usage.api_retries = number("apiRetries");
        Some(usage)
    }

    /// A step in the life of a goal.
    #[must_use]
    pub fn goal_status(&self) -> Option<GoalStatus> {
        GoalStatus::read(self.meta.get("goalStatus")?)
    }

    /// A message of its own, never a piece of the one before: command output, a finished background task.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        let flagged = self.meta.get("qwenDiscreteMessage").and_then(Value::as_bool).unwrap_or(false);
        flagged || self.source() == Some("slash_command")
    }
}

pub(crate) fn parent_of(meta: &Map<String, Value>) -> Option<ToolCallId> {
    meta.get("parentToolCallId")?.as_str().map(ToolCallId::new)
}
