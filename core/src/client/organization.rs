//! Sessions put in order: groups, pins, batches.

use serde::Serialize;
use serde_json::Value;

use crate::{
    SessionId,
    payload::{Read, may, readable},
};

/// `GET /workspace/:id/session-groups`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    pub groups: Vec<Group>,
    /// The colors that have a name.
    pub color_options: Vec<String>,
}

readable!(Groups { ; groups: "groups", color_options: "colorOptions" });

/// A group of sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    pub id: String,
    pub name: String,
    /// One of [`Groups::color_options`], or `#rrggbb`.
    pub color: String,
    /// Groups are shown by it, ascending.
    pub order: i64,
}

readable!(Group { ; id: "id", name: "name", color: "color", order: "order" });

/// The answer of the routes that make and change a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneGroup {
    pub group: Group,
}

readable!(OneGroup { group: "group"; });

/// The body of `PATCH …/session-groups/:groupId`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
}

/// The body of `PATCH /session/:id/organization`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrangement {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_pinned: Option<bool>,
    /// `Some(None)` takes it out of its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<Option<String>>,
}

/// What became of a batch: of the sessions to archive, to bring back or to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub done: Vec<SessionId>,
    pub not_found: Vec<SessionId>,
    pub errors: Vec<BatchError>,
}

/// Each of the three routes has its own word for what was done.
impl Read for Batch {
    fn read(value: &Value) -> Option<Self> {
        value.as_object()?;
        let done: [Vec<SessionId>; 3] =
            ["archived", "unarchived", "removed"].map(|name| may(value, name).unwrap_or_default());
        Some(Self { done: done.concat(), not_found: may(value, "notFound")?, errors: may(value, "errors")? })
    }
}

/// Why one session of a batch stayed where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchError {
    pub session_id: SessionId,
    pub error: String,
}

readable!(BatchError { session_id: "sessionId", error: "error"; });

/// The form of an exported session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Html,
    Markdown,
    Json,
    Jsonl,
}

impl ExportFormat {
    pub const ALL: [Self; 4] = [Self::Markdown, Self::Html, Self::Json, Self::Jsonl];

    /// The word in `?format=`, which is also the end of the file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }
}
