//! Where a transcript is read on from: the file it was read from, how much of it, and a place in that.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use roost_core::SessionId;
use serde::{Deserialize, Serialize};

use super::{Key, PageError};
use crate::store::Identity;

const VERSION: u8 = 1;
const MAX_CURSOR_BYTES: usize = 64 * 1024;
const SEAL_BYTES: usize = 32;

/// Which way a reader goes through the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    Forward,
    Backward,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cursor {
    v: u8,
    session_id: SessionId,
    pub(super) identity: Identity,
    /// Forward: the first record of the next page. Backward: the record behind its last.
    pub(super) position: usize,
    pub(super) direction: Direction,
}

impl Cursor {
    pub(super) fn new(session_id: SessionId, identity: Identity, position: usize, direction: Direction) -> Self {
        Self { v: VERSION, session_id, identity, position, direction }
    }

    /// The seal, then the JSON it vouches for, as base64url.
    pub(super) fn encode(&self, key: &Key) -> String {
        let json = serde_json::to_vec(self).expect("numbers and strings serialize");
        let mut sealed = key.seal(&json).to_vec();
        sealed.extend_from_slice(&json);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    pub(super) fn decode(text: &str, session: &SessionId, key: &Key) -> Result<Self, PageError> {
        let sealed = (text.len() <= MAX_CURSOR_BYTES).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten();
        let sealed = sealed.ok_or(PageError::InvalidCursor)?;
        let (seal, json) = sealed.split_at_checked(SEAL_BYTES).ok_or(PageError::InvalidCursor)?;
        if !key.is_sealed(json, seal) {
            return Err(PageError::InvalidCursor);
        }
        let cursor: Self = serde_json::from_slice(json).map_err(|_| PageError::InvalidCursor)?;
        if cursor.session_id == *session { Ok(cursor) } else { Err(PageError::InvalidCursor) }
    }
}
