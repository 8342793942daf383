//! One folder that sessions work in.

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use roost_core::{
    ClientId,
    event::{Draft, EventType},
    session::DisplayName,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    Config,
    git_news::GitNews,
    organization::Sidecar,
    sessions::{DaemonWide, OpenError, Sessions},
    settings::Settings,
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
    pub settings: Settings,
    /// What its sessions know of its repository.
    pub git: GitNews,
    pub origin: Origin,
    name: RwLock<Option<DisplayName>>,
}

/// How a workspace came to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// What a request means that names none.
    Primary,
    /// Given at start, beside the primary one.
    Given,
    /// Registered over the wire, in this run or an earlier one. The only kind that can be removed.
    Registered,
}

impl Workspace {
    /// Opens the store of the folder `cwd`. Its agent is started when somebody needs it.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn open(
        config: &Config,
        cwd: &Path,
        wide: &DaemonWide,
        origin: Origin,
        name: Option<DisplayName>,
    ) -> Result<Self, OpenError> {
        let sessions = Sessions::open(config, cwd, wide)?;
        let organization = Sidecar::of(sessions.project().dir());
        let settings = Settings::open(&config.home, cwd, &config.system_settings_dir);
        let (id, cwd, name) = (workspace_id(cwd), cwd.to_owned(), RwLock::new(name));
        Ok(Self { id, cwd, sessions, organization, settings, git: GitNews::default(), origin, name })
    }

    /// What people call it.
    #[must_use]
    pub fn display_name(&self) -> Option<DisplayName> {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn rename(&self, name: Option<DisplayName>) {
        *self.name.write().unwrap_or_else(PoisonError::into_inner) = name;
    }

    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.origin == Origin::Primary
    }

    /// Whether it can be removed while the daemon runs.
    #[must_use]
    pub fn is_removable(&self) -> bool {
        self.origin == Origin::Registered
    }

    /// Whether what its own files say about the agent counts. Reads small files.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.settings.trust().is_trusted()
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
