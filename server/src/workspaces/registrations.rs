//! What is kept of workspaces over restarts: which were registered to stay, and what people call them.
//!
//! `QWEN_HOME/roost/workspaces/<id>.json`, one for each primary workspace: another project's daemon has workspaces of its own.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use roost_core::session::DisplayName;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::workspace_id;
use crate::private_file;

/// The only version of the file there is.
const SCHEMA_VERSION: u8 = 1;

/// The file. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Registrations {
    path: Arc<Path>,
    primary: Arc<Path>,
    writing: Arc<Mutex<()>>,
}

/// A workspace that is opened again at the next start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Canonical when it was registered.
    pub cwd: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_name: Option<DisplayName>,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    schema_version: u8,
    primary_workspace: PathBuf,
    pub(super) entries: Vec<Registration>,
    /// Of workspaces that are given at start.
    #[serde(default)]
    pub(super) names: BTreeMap<PathBuf, DisplayName>,
}

impl Default for Kept {
    fn default() -> Self {
        let (primary_workspace, entries, names) = Default::default();
        Self { schema_version: SCHEMA_VERSION, primary_workspace, entries, names }
    }
}

impl Kept {
    /// What a workspace given at start is called.
    pub(super) fn name(&self, cwd: &Path) -> Option<DisplayName> {
        self.names.get(cwd).cloned()
    }

    pub(super) fn entry(&mut self, cwd: &Path) -> Option<&mut Registration> {
        self.entries.iter_mut().find(|entry| entry.cwd == cwd)
    }

    /// Whether there was one.
    pub(super) fn forget(&mut self, cwd: &Path) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.cwd != cwd);
        self.entries.len() < before
    }
}

impl Registration {
    /// The workspace's name on the wire.
    #[must_use]
    pub fn id(&self) -> String {
        workspace_id(&self.cwd)
    }
}

impl Registrations {
    pub(super) fn of(state_dir: &Path, primary: &Path) -> Self {
        let path = state_dir.join("workspaces").join(format!("{}.json", workspace_id(primary)));
        Self { path: path.into(), primary: primary.into(), writing: Arc::default() }
    }

    /// What stands there; nothing when there is no file. Reads a small file.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub(super) fn read(&self) -> io::Result<Kept> {
        let text = match private_file::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
            read => read?,
        };
        let kept: Kept = serde_json::from_str(&text)?;
        if kept.schema_version != SCHEMA_VERSION {
            return Err(io::Error::other(format!(
                "the file has version {}, not {SCHEMA_VERSION}",
                kept.schema_version
            )));
        }
        Ok(kept)
    }

    /// Makes a change and keeps it. A file that cannot be read is not overwritten.
    ///
    /// # Errors
    /// The disk refuses; then nothing has changed.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Kept) -> T + Send + 'static,
    ) -> io::Result<T> {
        let file = self.clone();
        let changed = spawn_blocking(move || {
            let _writing = file.writing.lock().unwrap_or_else(PoisonError::into_inner);
            private_file::make_dir(file.path.parent().unwrap_or(Path::new(".")))?;
            // Another daemon may have the same primary workspace.
            let _locked = private_file::lock(&file.path.with_extension("lock"))?;
            let before = file.read()?;
            let mut kept = before.clone();
            let answer = change(&mut kept);
            if kept != before {
                kept.primary_workspace = file.primary.to_path_buf();
                private_file::replace(&file.path, &serde_json::to_string_pretty(&kept)?)?;
            }
            Ok(answer)
        });
        changed.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}
