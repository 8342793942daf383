//! What a session wants done, and what it answers.

use serde_json::value::RawValue;

use super::{
    AnnotateRefused, Annotations, ApprovalMode, ArtifactChange, ArtifactRefused, CallId, Continued, DisplayName,
    LanguageChange, LedgerEntry, NotQueued, PromptKey, ShellEnd, ShellRefused, Ticket,
};
use crate::{
    ClientId, Draft, Millis, PromptId,
    acp::{RpcError, RpcId},
};

/// One order to the shell. The order of a list is law: the shell performs it from first to last.
#[derive(Debug)]
pub enum Effect {
    /// Append to the ledger. It must be on disk before any later `AnswerAgent` or `Reply` of the same list is performed, and written
    /// (safe from the end of the process, not from a power cut) before any later `CallAgent`; neighbouring records may share one sync.
    Record(LedgerEntry),
    /// Put on the session's bus.
    Publish(Draft),
    /// A JSON-RPC request; its reply comes back as [`AgentInput::Reply`](super::AgentInput::Reply) with the same `call`.
    CallAgent {
        call: CallId,
        method: &'static str,
        params: Box<RawValue>,
    },
    /// A JSON-RPC notification. Best effort.
    NotifyAgent {
        method: &'static str,
        params: Box<RawValue>,
    },
    /// The answer to a request of the agent's.
    AnswerAgent {
        rpc_id: RpcId,
        answer: Result<Box<RawValue>, RpcError>,
    },
    /// Write `tools.approvalMode` to the user's settings; the `approval_mode_changed` after it says `persisted`.
    SaveApprovalMode(ApprovalMode),
    Reply {
        ticket: Ticket,
        answer: Answer,
    },
    /// Run a command line with a shell in `cwd`; what it says comes back as [`Input::Shell`](super::Input::Shell) with the same ticket,
    /// [`ShellNews::Ended`](super::ShellNews::Ended) or [`ShellNews::Failed`](super::ShellNews::Failed) last.
    RunShell {
        ticket: Ticket,
        command: Box<str>,
        cwd: Box<str>,
    },
    /// End that command line and everything it started; nothing more is heard of it.
    StopShell {
        ticket: Ticket,
    },
    /// Send [`Input::Tick`](super::Input::Tick) at this moment. Replaces the wish before it.
    WakeAt(Millis),
    /// Close the bus: subscribers drain what they have and their streams end.
    EndStreams,
    /// The session is over and takes no further input; always the last effect. Let the agent forget it, drop the machine.
    Retire,
}

/// The answer to one command.
#[derive(Debug)]
pub enum Answer {
    Prompt(Result<PromptId, PromptRefused>),
    Cancel(Result<(), Refused>),
    /// Whether there was something to remove.
    RemovePrompt(Result<bool, Refused>),
    /// Accepted: decided, or counted while the quorum is open.
    Vote(Result<(), VoteRefused>),
    Attach(Result<Attached, Refused>),
    Detach(Result<(), Refused>),
    Heartbeat(Result<Seen, Refused>),
    /// The agent's own result.
    SetModel(Result<Box<RawValue>, ControlRefused>),
    SetApprovalMode(Result<ModeChange, ControlRefused>),
    Rename(Result<DisplayName, Refused>),
    /// The message's name, or why it does not wait.
    QueueMessage(Result<Result<PromptId, NotQueued>, Refused>),
    /// Whether there was something to take back.
    RemoveMessage(Result<bool, Refused>),
    Continue(Result<Continued, ControlRefused>),
    SetLanguage(Result<LanguageChange, ControlRefused>),
    /// The agent's own result.
    Ask(Result<Box<RawValue>, ControlRefused>),
    Shell(Result<ShellEnd, ShellRefused>),
    /// All that clients keep with the session now.
    Annotate(Result<Annotations, AnnotateRefused>),
    /// What was changed; nothing where all was so already.
    ChangeArtifacts(Result<Vec<ArtifactChange>, ArtifactRefused>),
    Close(Result<(), CloseRefused>),
}

/// What an attaching client learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    pub client_id: ClientId,
    pub has_active_prompt: bool,
}

/// What a heartbeat answers (C10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub client_id: Option<ClientId>,
    pub last_seen_at: Millis,
}

/// A change of approval mode that took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeChange {
    /// The agent's mode before; a foreign agent may have modes of its own.
    pub previous: Box<str>,
    pub mode: ApprovalMode,
    pub persisted: bool,
}

/// Why any command may be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 404 `session_not_found`: closing or closed.
    #[error("the session is closed")]
    Closed,
    /// 400 `invalid_client_id`.
    #[error("client {0} is not registered on this session")]
    InvalidClient(ClientId),
}

/// Why a session is not closed. It is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseRefused {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// 500 `session_store_failed`: the disk does not take what was said (X1).
    #[error("the last of what was said in the session could not be written to disk")]
    Unrecorded,
}

/// Why a prompt is refused. Nothing was enqueued or published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptRefused {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// 503 `prompt_queue_full`.
    #[error("{pending_count} prompts are pending, the limit is {limit}")]
    QueueFull { limit: usize, pending_count: usize },
    /// 409 `prompt_key_conflict`: its client sent something else under the same key before.
    #[error("another prompt was sent under the key {:?}", .key.as_str())]
    KeyTaken { key: PromptKey },
    /// 403 `trust_gate`: the folder is not trusted, and the agent stays in a mode in which it asks less than by default.
    #[error("the agent stays in the approval mode {mode}, which needs a trusted folder")]
    HeldBack { mode: Box<str> },
}

/// Why a vote is refused. The request, if there is one, stays open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoteRefused {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// 404: unknown, or decided already.
    #[error("no pending permission request")]
    NotPending,
    /// 400 `invalid_option_id`: not offered, or the reserved sentinel.
    #[error("option {option_id} is not offered")]
    InvalidOption { option_id: Box<str> },
    /// 403 `permission_forbidden`.
    #[error("the permission policy refused the vote: {}", reason.as_str())]
    Forbidden { reason: Forbidden },
}

/// `reason` of a forbidden vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forbidden {
    DesignatedMismatch,
    RemoteNotAllowed,
}

impl Forbidden {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DesignatedMismatch => "designated_mismatch",
            Self::RemoteNotAllowed => "remote_not_allowed",
        }
    }
}

/// Why a model or a mode was not set.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ControlRefused {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// 500 with the agent's own error.
    #[error("the agent refused: {0}")]
    Agent(RpcError),
    /// 503 `acp_channel_unavailable`: no agent serves the session, or it was lost before it replied.
    #[error("no agent serves the session")]
    AgentAbsent,
}
