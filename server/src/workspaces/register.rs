//! Workspaces that come while the daemon runs, and what they are called.

use std::{io, num::NonZeroUsize, path::Path, path::PathBuf, sync::Arc, sync::PoisonError};

use roost_core::session::DisplayName;
use tokio::task::spawn_blocking;

use super::{Origin, Registration, Workspace, Workspaces};
use crate::{
    Config,
    sessions::{Draining, OpenError},
};

/// A workspace to register.
#[derive(Clone, Debug)]
pub struct Register {
    /// Absolute, canonical, a directory, and UTF-8.
    pub cwd: PathBuf,
    /// Opened again at every start.
    pub persist: bool,
    pub display_name: Option<DisplayName>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Registered {
    New(Arc<Workspace>),
    /// It was there, and stays from now on.
    Promoted(Arc<Workspace>),
}

/// Why there is no new workspace.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("the workspace is registered already")]
    Exists,
    #[error("the workspace lies within another one, or around it: {}", .0.display())]
    Nested(PathBuf),
    #[error("{0} workspaces are registered, which is the limit")]
    Limit(NonZeroUsize),
    #[error("only workspaces that were registered over the wire can be kept; this one is given at start")]
    PersistTarget,
    #[error("the folder is gone, or is no longer a folder")]
    NoFolder,
    #[error(transparent)]
    Draining(#[from] Draining),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the registrations cannot be saved: {0}")]
    Store(#[from] io::Error),
}

/// Why a workspace was not renamed.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be saved: {0}")]
pub struct RenameError(#[from] io::Error);

impl Workspaces {
    /// Opens a workspace, or keeps one that is open. To be seen to its end: what is opened takes up what was interrupted there.
    ///
    /// # Errors
    /// See [`RegisterError`]; nothing has changed then.
    pub async fn register(&self, config: &Config, wish: Register) -> Result<Registered, RegisterError> {
        let _changing = self.0.changing.lock().await;
        let all = self.all();
        if let Some(there) = all.iter().find(|workspace| workspace.cwd == wish.cwd) {
            return self.promote(Arc::clone(there), wish).await;
        }
        check(&wish.cwd, &all, config.limits.max_workspaces)?;
        let (config, wide, opened) = (config.clone(), self.0.wide.clone(), wish.clone());
        let opening = spawn_blocking(move || {
            Workspace::open(&config, &opened.cwd, &wide, Origin::Registered, opened.display_name)
        });
        let workspace = Arc::new(opening.await.map_err(io::Error::other)??);
        if wish.persist {
            let entry = Registration { cwd: wish.cwd, display_name: wish.display_name };
            if let Err(error) = self.0.registrations.change(|kept| kept.entries.push(entry)).await {
                workspace.sessions.close("workspace_removed").await;
                return Err(error.into());
            }
        }
        self.0.all.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&workspace));
        Ok(Registered::New(workspace))
    }

    async fn promote(&self, there: Arc<Workspace>, wish: Register) -> Result<Registered, RegisterError> {
        if there.sessions.is_draining() {
            return Err(Draining { workspace_cwd: there.cwd.clone() }.into());
        }
        if !wish.persist {
            return Err(RegisterError::Exists);
        }
        if !there.is_removable() {
            return Err(RegisterError::PersistTarget);
        }
        let name = wish.display_name.or_else(|| there.display_name());
        let entry = Registration { cwd: wish.cwd, display_name: name.clone() };
        let is_new = self.0.registrations.change(move |kept| {
            let is_new = kept.entry(&entry.cwd).is_none();
            if is_new {
                kept.entries.push(entry);
            }
            is_new
        });
        if !is_new.await? {
            return Err(RegisterError::Exists);
        }
        there.rename(name);
        Ok(Registered::Promoted(there))
    }

    /// Names a workspace; `None` removes its name. The name outlives the daemon if the workspace is kept or given at start.
    ///
    /// # Errors
    /// The disk refuses; it is called as before then.
    pub async fn rename(&self, workspace: &Workspace, name: Option<DisplayName>) -> Result<(), RenameError> {
        let _changing = self.0.changing.lock().await;
        let (cwd, origin, kept_name) = (workspace.cwd.clone(), workspace.origin, name.clone());
        let kept = self.0.registrations.change(move |kept| match (origin, kept_name) {
            (Origin::Registered, name) => {
                if let Some(entry) = kept.entry(&cwd) {
                    entry.display_name = name;
                }
            }
            (Origin::Primary | Origin::Given, Some(name)) => drop(kept.names.insert(cwd, name)),
            (Origin::Primary | Origin::Given, None) => drop(kept.names.remove(&cwd)),
        });
        kept.await?;
        workspace.rename(name);
        Ok(())
    }

    /// What is opened again at the next start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn registrations(&self) -> io::Result<Vec<Registration>> {
        let file = self.0.registrations.clone();
        let read = spawn_blocking(move || file.read()).await;
        Ok(read.unwrap_or_else(|error| Err(io::Error::other(error)))?.entries)
    }

    /// Removes a registration, so that the workspace is not opened at the next start. Returns its folder; `None` if there is no such registration.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn forget(&self, id: &str) -> io::Result<Option<PathBuf>> {
        let _changing = self.0.changing.lock().await;
        let id = id.to_owned();
        let forgotten = self.0.registrations.change(move |kept| {
            let cwd = kept.entries.iter().find(|entry| entry.id() == id).map(|entry| entry.cwd.clone())?;
            kept.forget(&cwd);
            Some(cwd)
        });
        forgotten.await
    }
}

/// Whether a folder can become one more workspace.
pub(super) fn check(cwd: &Path, all: &[Arc<Workspace>], most: NonZeroUsize) -> Result<(), RegisterError> {
    if !cwd.is_dir() {
        return Err(RegisterError::NoFolder);
    }
    if all.iter().any(|workspace| workspace.cwd == cwd) {
        return Err(RegisterError::Exists);
    }
    let nests = |other: &&Arc<Workspace>| cwd.starts_with(&other.cwd) || other.cwd.starts_with(cwd);
    if let Some(other) = all.iter().find(nests) {
        return Err(RegisterError::Nested(other.cwd.clone()));
    }
    if all.len() >= most.get() { Err(RegisterError::Limit(most)) } else { Ok(()) }
}
