//! `GET /workspace/:cwd/sessions`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    SessionId,
    payload::{Read, readable},
};

/// One page, the most recently active first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionPage {
    pub sessions: Vec<SessionSummary>,
    /// What the next page is asked for with; `None` on the last.
    pub next_cursor: Option<String>,
}

readable!(SessionPage { ; sessions: "sessions", next_cursor: "nextCursor" });

/// Which sessions of a workspace a list names, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The most recently active first.
    Plain,
    /// The same with its pins first, and with each session's place: pin, group, color.
    Organized,
    /// What was put away.
    Archived,
}

impl View {
    /// What asks for it in the query; begins with `&` unless it is empty.
    pub(super) fn query(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Organized => "&view=organized",
            Self::Archived => "&archiveState=archived&view=organized",
        }
    }
}

/// One session in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    pub session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub client_count: u64,
    pub has_active_prompt: bool,
    pub is_waiting_for_permission: bool,
    pub is_waiting_for_user_question: bool,
    pub has_turn_error: bool,
    pub is_archived: bool,
    /// Of an organised list.
    pub is_pinned: bool,
    /// Of an organised list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Every other field, as it came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Only the id has to be there.
impl Read for SessionSummary {
    fn read(value: &Value) -> Option<Self> {
        Self::take(value.as_object()?.clone())
    }
}

impl SessionSummary {
    fn take(mut rest: Map<String, Value>) -> Option<Self> {
        Some(Self {
            session_id: text(&mut rest, "sessionId")?.into(),
            created_at: text(&mut rest, "createdAt"),
            updated_at: text(&mut rest, "updatedAt"),
            display_name: text(&mut rest, "displayName"),
            client_count: rest.remove("clientCount").and_then(|count| count.as_u64()).unwrap_or_default(),
            has_active_prompt: flag(&mut rest, "hasActivePrompt"),
            is_waiting_for_permission: flag(&mut rest, "isWaitingForPermission"),
            is_waiting_for_user_question: flag(&mut rest, "isWaitingForUserQuestion"),
            has_turn_error: flag(&mut rest, "hasTurnError"),
            is_archived: flag(&mut rest, "isArchived"),
            is_pinned: flag(&mut rest, "isPinned"),
            group_id: text(&mut rest, "groupId"),
            rest,
        })
    }

    /// An agent cannot go on without somebody's answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.is_waiting_for_permission || self.is_waiting_for_user_question
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn flag(fields: &mut Map<String, Value>, name: &str) -> bool {
    fields.remove(name) == Some(Value::Bool(true))
}
