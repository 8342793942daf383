//! Sessions as the daemon answers them (http.md §4, §6). Every field that may be missing may be missing here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ControlState, Cursor};
use crate::{ClientId, Envelope, EventEpoch, Millis, SessionId, session::ApprovalMode};

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
pub struct LoadedSession {
    #[serde(flatten)]
    pub resumed: ResumedSession,
    /// Finished turns, folded.
    #[serde(rename = "compactedReplay", default)]
    pub compacted_replay: Vec<Envelope>,
    /// The running turn, as it was sent.
    #[serde(rename = "liveJournal", default)]
    pub live_journal: Vec<Envelope>,
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
