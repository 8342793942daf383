//! The organisation on disk: one JSON file beside the sessions, replaced as a whole.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Organization, Refused};
use crate::private_file;

const FILE: &str = "session-organization.v1.json";

/// The file, and who may write it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sidecar {
    path: Arc<Path>,
    writing: Arc<Mutex<()>>,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the organisation of sessions cannot be saved: {0}")]
    Store(#[from] io::Error),
}

impl Sidecar {
    /// The one of the project whose sessions lie in `project_dir`.
    #[must_use]
    pub fn of(project_dir: &Path) -> Self {
        Self { path: project_dir.join(FILE).into(), writing: Arc::default() }
    }

    /// What stands there; nothing organised when there is no file.
    ///
    /// # Errors
    /// It cannot be read, or is not what [`Self::change`] leaves.
    pub async fn read(&self) -> io::Result<Organization> {
        let path = Arc::clone(&self.path);
        blocking(move || read(&path)).await
    }

    /// Makes a change and keeps it. A file that cannot be read is not overwritten.
    ///
    /// # Errors
    /// The change is refused, or the disk refuses; then nothing has changed.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Organization) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, ChangeError> {
        let sidecar = self.clone();
        let changed = tokio::task::spawn_blocking(move || {
            let _writing = sidecar.writing.lock().unwrap_or_else(PoisonError::into_inner);
            // Folders whose names lead to the same project share the file, and so may two daemons.
            let _locked = private_file::lock(&sidecar.path.with_extension("lock"))?;
            let before = read(&sidecar.path)?;
            let mut organization = before.clone();
            let answer = change(&mut organization)?;
            if organization != before {
                write(&sidecar.path, &organization)?;
            }
            Ok(answer)
        });
        changed.await.unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }
}

fn read(path: &Path) -> io::Result<Organization> {
    match fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Organization::default()),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, organization: &Organization) -> io::Result<()> {
    private_file::replace(path, serde_json::to_vec_pretty(organization)?)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
