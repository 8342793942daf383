//! Sessions as the daemon answers them. Every field that may be missing may be missing here.

use serde::Serialize;
use serde_json::Value;

use super::{ControlState, Cursor};
use crate::{
    ClientId, Envelope, EventEpoch, Millis, SessionId,
    payload::{Read, may, must, readable},
    session::ApprovalMode,
};

/// The body of `POST /session`. By default a session that is shared with whoever else asks for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSession {
    /// Absolute; the primary workspace when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_mode: Option<ApprovalMode>,
    #[serde(rename = "modelServiceId", skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl NewSession {
    /// A session of one's own.
    #[must_use]
    pub fn own() -> Self {
        Self { session_scope: Some(Scope::Thread), ..Self::default() }
    }
}

/// Who shares a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All who ask for one of this scope.
    Single,
    /// Only clients that name its id.
    Thread,
}

/// What every way into a session answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub session_id: SessionId,
    pub workspace_cwd: String,
    /// It was live already.
    pub attached: bool,
    /// Who we are in this session.
    pub client_id: Option<ClientId>,
    pub created_at: Option<String>,
    pub has_active_prompt: bool,
}

readable!(Session {
    session_id: "sessionId";
    workspace_cwd: "workspaceCwd", attached: "attached", client_id: "clientId", created_at: "createdAt",
    has_active_prompt: "hasActivePrompt"
});

/// `POST /session/:id/resume`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResumedSession {
    pub session: Session,
    pub state: ControlState,
    pub last_event_id: u64,
    pub event_epoch: EventEpoch,
}

impl Read for ResumedSession {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            session: Session::read(value)?,
            state: may(value, "state")?,
            last_event_id: must(value, "lastEventId")?,
            event_epoch: must(value, "eventEpoch")?,
        })
    }
}

impl ResumedSession {
    /// A stream from here on shows what happens from now on.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { last_event_id: self.last_event_id, epoch: Some(self.event_epoch.clone()) }
    }
}

/// `POST /session/:id/load`: a session with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedSession {
    pub resumed: ResumedSession,
    /// Finished turns, folded.
    pub compacted_replay: Vec<Envelope>,
    /// The running turn, as it was sent.
    pub live_journal: Vec<Envelope>,
}

impl Read for LoadedSession {
    fn read(value: &Value) -> Option<Self> {
        Self::take(value.clone())
    }

    fn take(mut value: Value) -> Option<Self> {
        Some(Self {
            resumed: ResumedSession::read(&value)?,
            compacted_replay: take_events(&mut value, "compactedReplay")?,
            live_journal: take_events(&mut value, "liveJournal")?,
        })
    }
}

/// Moves a list of events out of a load, which can be large.
fn take_events(load: &mut Value, name: &str) -> Option<Vec<Envelope>> {
    match load.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(events)) => events.into_iter().map(Envelope::take).collect(),
        Some(_) => None,
    }
}

impl LoadedSession {
    /// Everything there is to apply before the stream from [`Self::cursor`], in order.
    pub fn history(&self) -> impl Iterator<Item = &Envelope> {
        self.compacted_replay.iter().chain(&self.live_journal)
    }

    /// A stream from here on continues the history without a gap.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.resumed.cursor()
    }
}

/// `GET /session/:id/context`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextState {
    pub state: ControlState,
}

readable!(ContextState { ; state: "state" });

/// `GET /session/:id/status`.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub session_id: SessionId,
    pub updated_at: Option<String>,
    pub display_name: Option<String>,
    pub client_count: u64,
    pub has_active_prompt: bool,
    pub is_waiting_for_permission: bool,
    pub is_waiting_for_user_question: bool,
    pub turn_error: Option<TurnFailure>,
    /// What waits for an answer, as it came.
    pub pending_interactions: Vec<Value>,
}

readable!(Status {
    session_id: "sessionId";
    updated_at: "updatedAt", display_name: "displayName", client_count: "clientCount", has_active_prompt:
    "hasActivePrompt", is_waiting_for_permission: "isWaitingForPermission", is_waiting_for_user_question:
    "isWaitingForUserQuestion", turn_error: "turnError", pending_interactions: "pendingInteractions"
});

/// How the last prompt failed; gone when the next one starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnFailure {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<Box<str>>,
}

readable!(TurnFailure { message: "message"; code: "code", error_kind: "errorKind" });

/// `GET /session/:id/supported-commands`: what [`crate::slash::Advertised::read`] reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupportedCommands {
    pub available_commands: Vec<Value>,
    pub available_skills: Vec<Value>,
}

readable!(SupportedCommands { ; available_commands: "availableCommands", available_skills: "availableSkills" });

/// `PATCH /session/:id/metadata`: what is in force now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub session_id: SessionId,
    pub display_name: Option<String>,
}

readable!(Metadata { session_id: "sessionId"; display_name: "displayName" });

/// `POST /session/:id/heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    pub session_id: SessionId,
    pub client_id: Option<ClientId>,
    pub last_seen_at: Millis,
}

readable!(Heartbeat { session_id: "sessionId", last_seen_at: "lastSeenAt"; client_id: "clientId" });

/// `POST /session/:id/shell`: what a command printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellOutcome {
    /// `None` for one that a signal ended.
    pub exit_code: Option<i64>,
    pub output: String,
    pub aborted: bool,
}

readable!(ShellOutcome { ; exit_code: "exitCode", output: "output", aborted: "aborted" });

/// `POST /session/:id/mid-turn-message`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MidTurn {
    /// The running turn will be told. Otherwise nothing was kept, and `reason` may say why.
    pub accepted: bool,
    pub reason: Option<String>,
}

readable!(MidTurn { ; accepted: "accepted", reason: "reason" });
