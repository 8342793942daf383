//! Sessions as the daemon answers them (http.md §4, §6). Every field that may be missing may be missing here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ControlState, Cursor};
use crate::{ClientId, Envelope, EventEpoch, Millis, SessionId, payload::Reader, session::ApprovalMode};

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
    /// Nobody who does not name it.
    Thread,
}

/// What every way into a session answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub session_id: SessionId,
    #[serde(default)]
    pub workspace_cwd: String,
    /// It was live already.
    #[serde(default)]
    pub attached: bool,
    /// Who we are in this session.
    #[serde(default)]
    pub client_id: Option<ClientId>,
    #[serde(default)]
    pub created_at: Option<String>,
    #[serde(default)]
    pub has_active_prompt: bool,
}

/// `POST /session/:id/resume`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumedSession {
    #[serde(flatten)]
    pub session: Session,
    #[serde(default)]
    pub state: ControlState,
    pub last_event_id: u64,
    pub event_epoch: EventEpoch,
}

impl ResumedSession {
    /// A stream from here on shows what happens from now on.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { last_event_id: self.last_event_id, epoch: Some(self.event_epoch.clone()) }
    }
}

/// `POST /session/:id/load`: a session with its history.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "WireLoad")]
pub struct LoadedSession {
    pub resumed: ResumedSession,
    /// Finished turns, folded.
    pub compacted_replay: Vec<Envelope>,
    /// The running turn, as it was sent.
    pub live_journal: Vec<Envelope>,
}

/// All of it side by side, as on the wire: a load can be large, and is not to be read twice.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLoad {
    session_id: SessionId,
    #[serde(default)]
    workspace_cwd: String,
    #[serde(default)]
    attached: bool,
    #[serde(default)]
    client_id: Option<ClientId>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    has_active_prompt: bool,
    /// Read with the small reader: it is small.
    #[serde(default)]
    state: Value,
    last_event_id: u64,
    event_epoch: EventEpoch,
    #[serde(default)]
    compacted_replay: Vec<Envelope>,
    #[serde(default)]
    live_journal: Vec<Envelope>,
}

impl From<WireLoad> for LoadedSession {
    fn from(wire: WireLoad) -> Self {
        let session = Session {
            session_id: wire.session_id,
            workspace_cwd: wire.workspace_cwd,
            attached: wire.attached,
            client_id: wire.client_id,
            created_at: wire.created_at,
            has_active_prompt: wire.has_active_prompt,
        };
        let state = ControlState::deserialize(Reader(&wire.state)).unwrap_or_default();
        let (last_event_id, event_epoch) = (wire.last_event_id, wire.event_epoch);
        Self {
            resumed: ResumedSession { session, state, last_event_id, event_epoch },
            compacted_replay: wire.compacted_replay,
            live_journal: wire.live_journal,
        }
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
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContextState {
    pub state: ControlState,
}

/// `GET /session/:id/status`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub session_id: SessionId,
    #[serde(default)]
    pub updated_at: Option<String>,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub client_count: u64,
    #[serde(default)]
    pub has_active_prompt: bool,
    #[serde(default)]
    pub is_waiting_for_permission: bool,
    #[serde(default)]
    pub is_waiting_for_user_question: bool,
    #[serde(default)]
    pub turn_error: Option<TurnFailure>,
    /// What waits for an answer, as it came.
    #[serde(default)]
    pub pending_interactions: Vec<Value>,
}

/// How the last prompt failed; gone when the next one starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnFailure {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_kind: Option<Box<str>>,
}

/// `GET /session/:id/supported-commands`: what [`crate::slash::Advertised::read`] reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SupportedCommands {
    pub available_commands: Vec<Value>,
    pub available_skills: Vec<Value>,
}

/// `PATCH /session/:id/metadata`: what is in force now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub session_id: SessionId,
    #[serde(default)]
    pub display_name: Option<String>,
}

/// `POST /session/:id/heartbeat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    pub session_id: SessionId,
    #[serde(default)]
    pub client_id: Option<ClientId>,
    pub last_seen_at: Millis,
}

/// `POST /session/:id/shell`: what a command printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShellOutcome {
    /// `None` for one that a signal ended.
    pub exit_code: Option<i64>,
    pub output: String,
    pub aborted: bool,
}

/// `POST /session/:id/mid-turn-message`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MidTurn {
    /// The running turn will be told. Otherwise nothing was kept, and `reason` may say why.
    pub accepted: bool,
    pub reason: Option<String>,
}
