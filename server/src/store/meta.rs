//! What is kept about a session besides its events: `meta.json`.

use std::{fs, io, path::Path};

use roost_core::{
    EventEpoch, Millis, SessionId,
    session::{AgentState, DisplayName, TitleSource},
};
use serde::{Deserialize, Serialize};

use super::regular;
use crate::{git::Worktree, private_file};

/// The contents of `meta.json`. A key this build does not know is dropped on the next write; one that is missing has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    pub v: u8,
    pub session_id: SessionId,
    /// The agent's own name for the session, where it is not the daemon's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_session_id: Option<String>,
    pub cwd: String,
    pub created_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_name: Option<DisplayName>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title_source: Option<TitleSource>,
    /// What a list shows while nobody has named the session: the head of its first prompt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_id: Option<String>,
    /// Where the agent works for the session, if not in the workspace's folder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worktree: Option<Worktree>,
    /// The numbering the events of the journal belong to.
    pub epoch: EventEpoch,
    /// Which start of the machine the epoch was last written under. What a power cut took from the journal may have been
    /// seen by a client, so an epoch does not outlive the boot unless the session was closed in order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub boot_id: Option<String>,
    /// The journal was on disk to its end when the session was let go of.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub closed: bool,
    /// What the agent said of its models and modes when it last opened the session: shown while it is not there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_state: Option<AgentState>,
}

impl Meta {
    /// The version this build writes.
    pub const VERSION: u8 = 1;

    /// A session nobody has named or prompted, under a new epoch.
    #[must_use]
    pub fn new(session_id: SessionId, cwd: &Path, created_at: Millis) -> Self {
        Self {
            v: Self::VERSION,
            session_id,
            agent_session_id: None,
            cwd: cwd.to_string_lossy().into_owned(),
            created_at,
            display_name: None,
            title_source: None,
            title: None,
            source_type: None,
            source_id: None,
            worktree: None,
            epoch: EventEpoch::from(uuid::Uuid::new_v4().to_string()),
            boot_id: boot_id(),
            closed: false,
            agent_state: None,
        }
    }

    /// Reads `meta.json` of a session directory.
    ///
    /// # Errors
    /// The file cannot be read, or is not what [`Meta::write`] leaves.
    pub fn read(dir: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&regular::whole(&dir.join(Self::FILE), Self::MAX_BYTES)?)?)
    }

    /// Replaces `meta.json`: a reader sees the old one or the new one, also after a power cut.
    ///
    /// # Errors
    /// The disk is full, read-only or gone.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        private_file::replace(&dir.join(Self::FILE), serde_json::to_vec(self)?)
    }

    /// Writes the first `meta.json` of a session. Nobody was promised anything of it yet, so nobody waits for the disk.
    ///
    /// # Errors
    /// The disk is full, read-only or gone.
    pub(super) fn begin(&self, dir: &Path) -> io::Result<()> {
        fs::write(dir.join(Self::FILE), serde_json::to_vec(self)?)
    }

    pub(super) const FILE: &'static str = "meta.json";
    /// What an agent says of its models is the largest part by far.
    const MAX_BYTES: u64 = 16 * 1024 * 1024;
}

/// Names this start of the machine; None where the system does not say.
pub(super) fn boot_id() -> Option<String> {
    static BOOT_ID: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    let read = || fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned());
    BOOT_ID.get_or_init(read).clone()
}
