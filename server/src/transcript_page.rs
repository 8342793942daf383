//! `GET /session/:id/transcript`: a session's folded past, page by page.
//!
//! Pages of one reading are of one moment: the first page fixes how much of the file counts, and the cursor says so. What was
//! appended meanwhile is not seen; when the file is not the same any more, the reading ends with an error instead of a gap.

mod cursor;
mod mac;

use roost_core::{Envelope, EventType, SessionId, transcript::ReplayLimits};
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::cursor::{Cursor, Direction};
pub use self::mac::Key;
use crate::store::{Detail, Past, Snapshot, SnapshotError};

/// Largest page, in bytes of JSON.
pub const MAX_PAGE_BYTES: usize = 32 * 1024 * 1024;

/// Which records are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// At most so many records.
    pub limit: usize,
    pub from: From,
    pub detail: Detail,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Start,
    /// Where an earlier page ended: its `nextCursor`.
    Cursor(String),
    /// With the records right before this one.
    Before(String),
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    v: u8,
    session_id: SessionId,
    events: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<String>,
    /// Something older is missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_error: Option<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("Invalid transcript cursor")]
    InvalidCursor,
    #[error("The transcript has changed since the cursor was issued")]
    SnapshotUnavailable,
    #[error("The transcript has {size} bytes")]
    TooLarge { size: u64, max_bytes: u64 },
    #[error("The page has {size} bytes")]
    PageTooLarge { size: usize, max_bytes: usize },
    #[error("the record cannot be read: {0}")]
    Read(#[from] std::io::Error),
}

impl std::convert::From<SnapshotError> for PageError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::TooLarge { size, max_bytes } => Self::TooLarge { size, max_bytes },
            SnapshotError::Changed => Self::SnapshotUnavailable,
            SnapshotError::Read(error) => Self::Read(error),
        }
    }
}

/// Reads a page. Blocks.
///
/// # Errors
/// See [`PageError`].
pub fn read(past: &Past, session: &SessionId, wish: &Wish, key: &Key) -> Result<Page, PageError> {
    let cursor = match &wish.from {
        From::Cursor(text) => Some(Cursor::decode(text, session, key)?),
        From::Start | From::Before(_) => None,
    };
    let snapshot = match &cursor {
        Some(cursor) => past.snapshot_again(&cursor.identity)?,
        None => past.snapshot()?,
    };
    let records = Records::of(&snapshot);
    let (position, direction) = match (&wish.from, &cursor) {
        (From::Before(id), _) => (records.position(id).ok_or(PageError::InvalidCursor)?, Direction::Backward),
        (_, Some(cursor)) => (cursor.position, cursor.direction),
        (_, None) => (0, Direction::Forward),
    };
    let count = records.events.len();
    let (first, end, next) = match direction {
        Direction::Forward => {
            let end = position.saturating_add(wish.limit).min(count);
            (position.min(end), end, (end < count).then_some(end))
        }
        Direction::Backward => {
            let end = position.min(count);
            let first = end.saturating_sub(wish.limit);
            (first, end, (first > 0).then_some(first))
        }
    };
    let next_cursor =
        next.map(|next| Cursor::new(session.clone(), snapshot.identity.clone(), next, direction).encode(key));
    let shown = |mut event: Value| wish.detail.shorten(&mut event["data"]).then_some(event);
    let page = Page {
        v: 1,
        session_id: session.clone(),
        events: records.events[first..end].iter().cloned().filter_map(shown).collect(),
        has_more: next_cursor.is_some(),
        next_cursor,
        start_time: records.times.first().map(|at| at.to_iso()),
        last_updated: records.times.last().map(|at| at.to_iso()),
        partial: records.is_partial,
        replay_error: records.replay_error,
    };
    page.checked(MAX_PAGE_BYTES)
}

impl Page {
    fn checked(self, max_bytes: usize) -> Result<Self, PageError> {
        let size: usize = self.events.iter().map(|event| event.to_string().len() + 1).sum();
        if size > max_bytes { Err(PageError::PageTooLarge { size, max_bytes }) } else { Ok(self) }
    }
}

/// A past as the route tells it.
struct Records {
    events: Vec<Value>,
    /// Of every record that has one, in order.
    times: Vec<roost_core::Millis>,
    is_partial: bool,
    replay_error: Option<String>,
}

impl Records {
    fn of(snapshot: &Snapshot) -> Self {
        let replay = snapshot.fold().to_replay(ReplayLimits { max_bytes: usize::MAX });
        let updates = || replay.events.iter().filter(|event| event.kind == EventType::SessionUpdate);
        let damaged = snapshot.damaged_lines();
        Self {
            times: updates().filter_map(Envelope::server_timestamp).collect(),
            events: updates().filter_map(record).collect(),
            is_partial: replay.truncated.is_some() || damaged > 0,
            replay_error: (damaged > 0).then(|| format!("{damaged} lines of the session's record cannot be read")),
        }
    }

    fn position(&self, record_id: &str) -> Option<usize> {
        self.events.iter().position(|event| event["data"]["_meta"][RECORD_ID] == record_id)
    }
}

const RECORD_ID: &str = "qwen.session.recordId";

/// The bare update, with a name and a time.
fn record(event: &Envelope) -> Option<Value> {
    let mut update = event.data.get("update")?.as_object()?.clone();
    let mut meta = match update.shift_remove("_meta") {
        Some(Value::Object(meta)) => meta,
        Some(_) | None => Map::new(),
    };
    if let Some(prompt) = &event.prompt_id {
        meta.entry("promptId").or_insert_with(|| json!(prompt));
    }
    let at = event.server_timestamp();
    if let Some(at) = at {
        meta.entry("timestamp").or_insert_with(|| json!(at));
    }
    if let Some(id) = event.id {
        meta.insert(RECORD_ID.to_owned(), json!(id.to_string()));
    }
    update.insert("_meta".to_owned(), Value::Object(meta));
    if let Some(at) = at {
        update.insert("timestamp".to_owned(), json!(at));
    }
    Some(json!({"v": 1, "type": "session_update", "data": update}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_over_the_limit_is_refused_with_its_size() {
        let page = Page {
            v: 1,
            session_id: SessionId::from("s"),
            events: vec![json!("12345")],
            next_cursor: None,
            has_more: false,
            start_time: None,
            last_updated: None,
            partial: false,
            replay_error: None,
        };
        assert!(matches!(page.checked(7), Err(PageError::PageTooLarge { size: 8, max_bytes: 7 })));
    }
}
