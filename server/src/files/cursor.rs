//! Where a read that did not fit continues: an opaque text on the wire.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rustix::fs::Stat;
use serde::{Deserialize, Serialize};

use super::stat::size_of;

const VERSION: u32 = 1;
const MAX_LEN: usize = 1_024;

/// Where to continue reading, in one version of one file. It grants no access: every request names the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadCursor {
    v: u32,
    /// In bytes, from the start of the file.
    #[serde(rename = "off")]
    pub(super) offset: u64,
    size: u64,
    dev: u64,
    ino: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCursor {
    #[error("`cursor` must be a non-empty string of at most 1024 characters")]
    Length,
    #[error("`cursor` must be one that an earlier read answered with")]
    Foreign,
}

impl ReadCursor {
    #[expect(clippy::useless_conversion, reason = "the widths of these fields differ between platforms")]
    pub(super) fn new(offset: u64, stat: &Stat) -> Self {
        Self { v: VERSION, offset, size: size_of(stat), dev: stat.st_dev.into(), ino: stat.st_ino.into() }
    }

    /// Whether it was issued for this file, which may only have grown since.
    pub(super) fn fits(&self, stat: &Stat) -> bool {
        let now = Self::new(self.offset, stat);
        (now.dev, now.ino) == (self.dev, self.ino) && self.size <= now.size
    }

    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        if text.is_empty() || text.len() > MAX_LEN {
            return Err(InvalidCursor::Length);
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor::Foreign)?;
        let cursor: Self = serde_json::from_slice(&json).map_err(|_| InvalidCursor::Foreign)?;
        if cursor.v == VERSION { Ok(cursor) } else { Err(InvalidCursor::Foreign) }
    }

    pub(super) fn encode(&self) -> String {
        let json = serde_json::to_vec(self).expect("numbers serialize");
        URL_SAFE_NO_PAD.encode(json)
    }
}
