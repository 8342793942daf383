//! What clients keep with a session for themselves: a small JSON object, by key. The agent sees it only when a prompt asks for that.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Answer, LedgerEntry, Session, Ticket, outbox::Outbox};
use crate::Millis;

/// The key of a prompt's `_meta` under which the agent gets them.
pub const META_ANNOTATIONS: &str = "roost.sessionMeta";

/// Longest key, in characters.
const MAX_KEY_CHARS: usize = 128;

/// A JSON object of at most [`Annotations::MAX_KEYS`] keys and [`Annotations::MAX_BYTES`] bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Annotations(Map<String, Value>);

/// A wish to change them.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnotationsChange {
    /// These and no others.
    Replace(Map<String, Value>),
    /// These beside the others; null takes one away.
    Merge(Map<String, Value>),
    Clear,
}

/// Why they stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnnotations {
    /// 400 `invalid_session_meta`.
    #[error(
        "a key of the session's metadata has 1 to {MAX_KEY_CHARS} characters and no control characters, unlike {0:?}"
    )]
    Key(String),
    /// 413 `session_meta_too_large`.
    #[error("the session's metadata would have {count} keys, more than {}", Annotations::MAX_KEYS)]
    TooMany { count: usize },
    /// 413 `session_meta_too_large`.
    #[error("the session's metadata would have {bytes} bytes of JSON, more than {}", Annotations::MAX_BYTES)]
    TooLarge { bytes: usize },
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnotateRefused {
    #[error(transparent)]
    Refused(#[from] super::Refused),
    #[error(transparent)]
    Invalid(#[from] InvalidAnnotations),
}

impl Annotations {
    pub const MAX_KEYS: usize = 64;
    /// Of JSON, all together.
    pub const MAX_BYTES: usize = 64 * 1024;

    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The same after a change.
    ///
    /// # Errors
    /// A key is no key, or it would be too much.
    pub fn changed(&self, change: AnnotationsChange) -> Result<Self, InvalidAnnotations> {
        let changed = match change {
            AnnotationsChange::Replace(all) => all,
            AnnotationsChange::Merge(some) => {
                let mut all = self.0.clone();
                for (key, value) in some {
                    match value {
                        Value::Null => drop(all.shift_remove(&key)),
                        value => drop(all.insert(key, value)),
                    }
                }
                all
            }
            AnnotationsChange::Clear => Map::new(),
        };
        if let Some(key) = changed.keys().find(|key| !is_key(key)) {
            return Err(InvalidAnnotations::Key(key.clone()));
        }
        if changed.len() > Self::MAX_KEYS {
            return Err(InvalidAnnotations::TooMany { count: changed.len() });
        }
        let bytes = serde_json::to_string(&changed).map_or(usize::MAX, |json| json.len());
        if bytes > Self::MAX_BYTES { Err(InvalidAnnotations::TooLarge { bytes }) } else { Ok(Self(changed)) }
    }
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_CHARS).contains(&key.chars().count()) && !key.chars().any(char::is_control)
}

impl Session {
    /// What clients keep with the session.
    #[must_use]
    pub fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    pub(super) fn annotate(&mut self, now: Millis, ticket: Ticket, change: AnnotationsChange, out: &mut Outbox) {
        let answer = self.annotations.changed(change).map_err(AnnotateRefused::from);
        if let Ok(annotations) = &answer
            && *annotations != self.annotations
        {
            self.updated_at = now;
            out.record(LedgerEntry::Annotated { annotations: annotations.clone() });
            self.annotations = annotations.clone();
        }
        out.reply(ticket, Answer::Annotate(answer));
    }
}
