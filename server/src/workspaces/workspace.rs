//! One folder that sessions work in.

use std::path::{Path, PathBuf};

use roost_core::{
    ClientId,
    event::{Draft, EventType},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    Config,
    organization::Sidecar,
    sessions::{DaemonWide, OpenError, Sessions},
};

/// A folder, its sessions, and how a person has arranged them.
#[derive(Debug)]
pub struct Workspace {
    /// Its name on the wire: 16 hexadecimal digits that its path determines.
    pub id: String,
    /// Absolute, canonical, a directory, and UTF-8, since it travels as JSON.
    pub cwd: PathBuf,
    pub sessions: Sessions,
    pub organization: Sidecar,
}

impl Workspace {
    /// Opens the store of the folder `cwd`. Its agent is started when somebody needs it.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn open(config: &Config, cwd: &Path, wide: &DaemonWide) -> Result<Self, OpenError> {
        let sessions = Sessions::open(config, cwd, wide)?;
        let organization = Sidecar::of(sessions.project().dir());
        Ok(Self { id: workspace_id(cwd), cwd: cwd.to_owned(), sessions, organization })
    }

    /// Tells every live session of the workspace that something happened in it: one copy for each, in its own numbering (B9).
    /// Returns when all have taken note.
    pub async fn announce(&self, kind: EventType, data: &impl Serialize, originator: Option<ClientId>) {
        self.sessions.announce(Draft { originator, ..Draft::new(kind, data) }).await;
    }
}

/// The name of the workspace at `cwd`: the first 8 bytes of the path's SHA-256, in hexadecimal.
#[must_use]
pub fn workspace_id(cwd: &Path) -> String {
    let digest = Sha256::digest(cwd.as_os_str().as_encoded_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
