//! What can happen to a session: commands of clients, news from the agent, and the passing of time.

use serde_json::{Map, Value, value::RawValue};

use super::{
    AgentState, AnnotationsChange, Answer, ApprovalMode, DisplayName, Outcome, QueueMessage, Refused, ShellNews,
};
use crate::{
    ClientId, Millis, PromptId, RequestId,
    acp::{RpcError, RpcId},
    artifact::{ArtifactWish, Look},
    event::Draft,
};

/// Names one command until its [`Answer`] comes back; the shell hands them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Names one call to the agent until its reply comes back; the session hands them out, unique in its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// A client asks for something; exactly one [`Effect::Reply`](super::Effect::Reply) with the same ticket follows,
    /// now or (when the agent has to be asked first) later.
    Command {
        ticket: Ticket,
        /// The `X-Qwen-Client-Id` of the request; `None` is an anonymous client.
        client: Option<ClientId>,
        command: Command,
    },
    Agent(AgentInput),
    /// News of a command line that [`Effect::RunShell`](super::Effect::RunShell) started.
    Shell {
        ticket: Ticket,
        news: ShellNews,
    },
    /// The number of open event streams of this session changed.
    Subscribers(usize),
    /// A moment asked for by [`Effect::WakeAt`](super::Effect::WakeAt) came. Harmless at any other time.
    Tick,
    /// The periodic look for abandoned sessions (X2).
    Reap,
    /// The folder is not trusted: no agent that comes to serve the session does so in a mode in which it asks less than by default.
    HoldBack,
    /// Something happened in the workspace that everyone who listens to the session is told (B9).
    Announce(Draft),
    /// The daemon stops or the host kills the session: prompts end with code `session_killed`, the streams with `session_died`.
    Kill {
        reason: Box<str>,
    },
}

/// What a client can ask of a session.
#[derive(Debug)]
pub enum Command {
    /// Answered with [`Answer::Prompt`]. The 202's `lastEventId` is the bus's last id *before* this input (P6).
    SendPrompt(SendPrompt),
    /// Cancels the running prompt (P11). [`Answer::Cancel`].
    Cancel,
    /// [`Answer::RemovePrompt`].
    RemovePrompt { prompt_id: PromptId },
    /// [`Answer::Vote`].
    Vote(Vote),
    /// Registers the caller (C6); `fresh` is the id it gets unless its own is already registered. [`Answer::Attach`].
    Attach { fresh: ClientId },
    /// Takes one registration back (C9). [`Answer::Detach`].
    Detach,
    /// [`Answer::Heartbeat`].
    Heartbeat,
    /// Waits for the agent. [`Answer::SetModel`].
    SetModel { model_id: Box<str> },
    /// Waits for the agent. [`Answer::SetApprovalMode`]. Who wishes for a mode in which the agent asks less than by default has seen that
    /// the folder is trusted.
    SetApprovalMode { mode: ApprovalMode, persist: bool },
    /// The folder is not trusted: the agent is put into the default mode, and as long as it stays in one in which it asks less, nothing
    /// is run. Waits for the agent. [`Answer::SetApprovalMode`].
    HoldBack,
    /// [`Answer::Rename`].
    Rename { display_name: DisplayName },
    /// Something to say in the turn that runs (M1). [`Answer::QueueMessage`].
    QueueMessage(QueueMessage),
    /// [`Answer::RemoveMessage`].
    RemoveMessage { message_id: PromptId },
    /// Goes on with an interrupted turn as `prompt_id`, which is fresh. Waits for the agent. [`Answer::Continue`].
    Continue { prompt_id: PromptId },
    /// Waits for the agent. [`Answer::SetLanguage`].
    SetLanguage { language: Box<str>, sync_output_language: Option<bool> },
    /// A question only the agent can answer, with the session's name added. Waits for the agent. [`Answer::Ask`].
    Ask { method: &'static str, params: Map<String, Value> },
    /// Runs a command line in `cwd`. Waits for its end. [`Answer::Shell`].
    Shell { command: Box<str>, cwd: Box<str> },
    /// [`Answer::Annotate`].
    Annotate(AnnotationsChange),
    /// Declares an artifact, or changes the one in its place; `look` says how its file is. [`Answer::ChangeArtifacts`].
    AddArtifact { wish: Box<ArtifactWish>, look: Look },
    /// [`Answer::ChangeArtifacts`].
    RemoveArtifact { id: Box<str> },
    /// Closes a session whose record is whole (X1). [`Answer::Close`].
    Close,
    /// Closes a session that is about to be deleted, its record with it. [`Answer::Close`].
    Discard,
}

/// A prompt as the route read it.
#[derive(Debug)]
pub struct SendPrompt {
    /// Fresh: the uuid of the 202.
    pub prompt_id: PromptId,
    /// ACP content blocks, at least one, passed on as they came.
    pub blocks: Vec<Box<RawValue>>,
    /// `_meta` of the request; keys the daemon owns are dropped (P16).
    pub meta: Map<String, Value>,
    /// Every other ACP field of the request (`sessionId`, `prompt`, `_meta`, `deadlineMs` and `retry` are not among them).
    pub extra: Map<String, Value>,
    /// The caller's wish; it can only shorten the daemon's own deadline (D1). See [`requested_deadline`](super::requested_deadline).
    pub deadline: Option<Millis>,
    pub intent: PromptIntent,
    /// The agent shall see what clients keep with the session, as [`META_ANNOTATIONS`](super::META_ANNOTATIONS) of `_meta`.
    pub with_annotations: bool,
}

/// Why a prompt is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptIntent {
    /// Something new.
    #[default]
    Ask,
    /// The last prompt again, because it failed (P15).
    Retry,
    /// Go on with an interrupted turn; nothing new is said.
    Continue,
}

/// A client's answer to a permission request.
#[derive(Debug)]
pub struct Vote {
    pub request_id: RequestId,
    pub outcome: Outcome,
    /// Answers to the agent's questions, by `answerKey`; handed to the agent beside the outcome.
    pub answers: Option<Map<String, Value>>,
    /// Whether the peer's socket address is loopback (V10). Never taken from a header.
    pub peer_is_loopback: bool,
}

/// News from the agent.
#[derive(Debug)]
pub enum AgentInput {
    /// The agent has opened (or loaded) this session and takes prompts. Queued prompts start.
    Ready(AgentState),
    /// The agent opens the session afresh and knows nothing of what was said in it; comes before `Ready`. Whoever prompts next is told.
    Forgot { why: Box<str> },
    /// A `session/update` notification: `params` is `{sessionId, update:{…}}`, on one line.
    Update { kind: UpdateKind, params: Box<RawValue> },
    /// A notification beyond `session/update`.
    Notice { method: Box<str>, params: Box<RawValue> },
    /// The agent asks for permission.
    RequestPermission {
        rpc_id: RpcId,
        /// Fresh.
        request_id: RequestId,
        tool_call: Box<RawValue>,
        /// `[{optionId, name, kind}]`
        options: Box<RawValue>,
    },
    /// The agent asks for what was said since the turn began, between two batches of tool calls (M2). `asking` names the prompt it
    /// works on, if the agent knows that.
    DrainMessages { rpc_id: RpcId, asking: Option<PromptId> },
    /// The reply to an [`Effect::CallAgent`](super::Effect::CallAgent).
    Reply { call: CallId, result: Result<Box<RawValue>, RpcError> },
    /// The agent process is gone; the session ends (X3).
    Lost { reason: Box<str>, exit_code: Option<i32>, signal: Option<Box<str>> },
}

/// `update.sessionUpdate`, as far as the session itself cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    CurrentMode,
    AvailableCommands,
    ConfigOptions,
    SessionInfo,
    /// News of a tool call, which may name artifacts.
    ToolCall,
    /// Passed on without a look inside.
    Other,
}

impl From<&str> for UpdateKind {
    fn from(name: &str) -> Self {
        match name {
            "current_mode_update" => Self::CurrentMode,
            "available_commands_update" => Self::AvailableCommands,
            "config_option_update" => Self::ConfigOptions,
            "session_info_update" => Self::SessionInfo,
            "tool_call_update" => Self::ToolCall,
            _ => Self::Other,
        }
    }
}

impl Command {
    /// The same refusal in the shape this command is answered in.
    pub(super) fn refuse(&self, refused: Refused) -> Answer {
        match self {
            Self::SendPrompt(_) => Answer::Prompt(Err(refused.into())),
            Self::Cancel => Answer::Cancel(Err(refused)),
            Self::RemovePrompt { .. } => Answer::RemovePrompt(Err(refused)),
            Self::Vote(_) => Answer::Vote(Err(refused.into())),
            Self::Attach { .. } => Answer::Attach(Err(refused)),
            Self::Detach => Answer::Detach(Err(refused)),
            Self::Heartbeat => Answer::Heartbeat(Err(refused)),
            Self::SetModel { .. } => Answer::SetModel(Err(refused.into())),
            Self::SetApprovalMode { .. } | Self::HoldBack => Answer::SetApprovalMode(Err(refused.into())),
            Self::Rename { .. } => Answer::Rename(Err(refused)),
            Self::QueueMessage(_) => Answer::QueueMessage(Err(refused)),
            Self::RemoveMessage { .. } => Answer::RemoveMessage(Err(refused)),
            Self::Continue { .. } => Answer::Continue(Err(refused.into())),
            Self::SetLanguage { .. } => Answer::SetLanguage(Err(refused.into())),
            Self::Ask { .. } => Answer::Ask(Err(refused.into())),
            Self::Shell { .. } => Answer::Shell(Err(refused.into())),
            Self::Annotate(_) => Answer::Annotate(Err(refused.into())),
            Self::AddArtifact { .. } | Self::RemoveArtifact { .. } => Answer::ChangeArtifacts(Err(refused.into())),
            Self::Close | Self::Discard => Answer::Close(Err(refused.into())),
        }
    }
}
