//! Archive, unarchive, delete: batches of sessions whose files move (rules A1–A4).
//!
//! A batch is claimed as a whole before anything happens; then each session is looked at and dealt with by itself, and what fails
//! does not stop the others. A session that is live is closed first, in order.

mod locks;

use std::{io, sync::Arc};

use roost_core::{SessionId, archive_lock::InTransition, session::CloseRefused};
use tokio::task::spawn_blocking;

pub use self::locks::{Claim, Locks, Share};
use crate::{
    sessions::{Ending, Sessions},
    store::{Hold, HoldError, Place, Project, Shelf},
    workspaces::{AmbiguousOwner, Workspace, Workspaces},
};

/// What became of a batch; every session is in exactly one of `done`, `already`, `not_found` and `errors`.
#[derive(Debug, Default)]
pub struct Outcome {
    pub done: Vec<SessionId>,
    /// Was there already.
    pub already: Vec<SessionId>,
    /// Had two copies, of which one is left.
    pub resolved: Vec<SessionId>,
    pub not_found: Vec<SessionId>,
    pub errors: Vec<(SessionId, ShelveError)>,
}

/// What to do when a session has two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// Report it and touch neither.
    Report,
    /// Keep the one that was written to last.
    Resolve,
}

/// Why a session stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum ShelveError {
    #[error(
        "Session \"{0}\" exists in both active and archived directories. Retry with resolveConflicts: true to keep one copy."
    )]
    Conflict(SessionId),
    #[error("Something of this name lies at the destination already")]
    Occupied,
    #[error("The session's files cannot be moved: {0}")]
    Disk(io::Error),
    #[error("{0}; name the workspace: /workspaces/:workspace/sessions/…")]
    Ambiguous(#[from] AmbiguousOwner),
    #[error("The session stays open: {0}")]
    Unclosed(#[from] CloseRefused),
    #[error("{}", HoldError::Elsewhere)]
    Held,
}

enum Fate {
    Done,
    Already,
    Resolved,
    NotFound,
}

impl From<io::Error> for ShelveError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::AlreadyExists { Self::Occupied } else { Self::Disk(error) }
    }
}

impl Workspaces {
    /// Puts sessions on a shelf (A2, A3): those of `of`, else each where it lies. Goes on to its end even if nobody waits for it any
    /// more.
    ///
    /// # Errors
    /// One of them is in use; then nothing has happened.
    pub async fn shelve(
        &self,
        ids: Vec<SessionId>,
        of: Option<Arc<Workspace>>,
        to: Shelf,
        conflicts: Conflicts,
    ) -> Result<Outcome, InTransition> {
        self.batch(ids, of, move |sessions, id| async move { sessions.shelve_one(&id, to, conflicts).await }).await
    }

    /// Removes sessions wherever they are (A4), and their place in the order of things. Otherwise as [`Self::shelve`].
    ///
    /// # Errors
    /// One of them is in use; then nothing has happened.
    pub async fn delete(&self, ids: Vec<SessionId>, of: Option<Arc<Workspace>>) -> Result<Outcome, InTransition> {
        let outcome = self.batch(ids, of, |sessions, id| async move { sessions.delete_one(&id).await }).await?;
        let touched = if outcome.done.is_empty() { Vec::new() } else { self.all() };
        for workspace in touched {
            let removed = outcome.done.clone();
            let forgotten = workspace.organization.change(move |organization| {
                organization.forget(&removed);
                Ok(())
            });
            if let Err(error) = forgotten.await {
                tracing::warn!(%error, "deleted sessions still have their place in the organisation");
            }
        }
        Ok(outcome)
    }

    async fn batch<F>(
        &self,
        ids: Vec<SessionId>,
        of: Option<Arc<Workspace>>,
        work: impl Fn(Sessions, SessionId) -> F + Send + Sync + 'static,
    ) -> Result<Outcome, InTransition>
    where
        F: Future<Output = Result<Fate, ShelveError>> + Send,
    {
        let claim = self.locks().claim(ids.clone())?;
        let workspaces = self.clone();
        Ok(to_its_end(async move {
            let mut outcome = Outcome::default();
            for id in ids {
                let owner = match &of {
                    Some(workspace) => Ok(Some(Arc::clone(workspace))),
                    None => workspaces.owner(id.as_str()).await,
                };
                let fate = match owner {
                    Ok(Some(workspace)) => {
                        let fate = work(workspace.sessions.clone(), id.clone()).await;
                        workspace.sessions.catalogue_changed();
                        fate
                    }
                    Ok(None) => Ok(Fate::NotFound),
                    Err(error) => Err(error.into()),
                };
                outcome.put(id, fate);
            }
            drop(claim);
            outcome
        })
        .await)
    }
}

impl Sessions {
    async fn shelve_one(&self, id: &SessionId, to: Shelf, conflicts: Conflicts) -> Result<Fate, ShelveError> {
        let place = self.on_disk(id, |project, id| io::Result::Ok(project.place(id))).await?;
        match (place, conflicts) {
            (Place::Nowhere, _) => return Ok(Fate::NotFound),
            (Place::On(shelf), _) if shelf == to => return Ok(Fate::Already),
            (Place::Both, Conflicts::Report) => return Err(ShelveError::Conflict(id.clone())),
            (Place::On(_), _) | (Place::Both, Conflicts::Resolve) => {}
        }
        self.put_away(id, Ending::Keep).await?;
        let _hold = self.hold(id).await?;
        self.on_disk(id, move |project, id| {
            let kept = match place {
                Place::Both => project.keep_newer(id)?,
                Place::Nowhere | Place::On(_) => to.other(),
            };
            if kept == to { Ok(()) } else { project.shift(id, kept) }
        })
        .await?;
        Ok(if place == Place::Both { Fate::Resolved } else { Fate::Done })
    }

    async fn delete_one(&self, id: &SessionId) -> Result<Fate, ShelveError> {
        if self.on_disk(id, |project, id| io::Result::Ok(project.place(id))).await? == Place::Nowhere {
            return Ok(Fate::NotFound);
        }
        self.put_away(id, Ending::Discard).await?;
        let _hold = self.hold(id).await?;
        let worktree = self.on_disk(id, |project, id| io::Result::Ok(project.worktree(id))).await?;
        self.on_disk(id, Project::remove).await?;
        if let Some(worktree) = worktree {
            self.clear_away(&worktree).await;
        }
        Ok(Fate::Done)
    }

    /// No other daemon works on the session meanwhile.
    async fn hold(&self, id: &SessionId) -> Result<Hold, ShelveError> {
        self.on_disk(id, Project::hold).await
    }

    async fn on_disk<T: Send + 'static, E: Into<ShelveError> + Send + 'static>(
        &self,
        id: &SessionId,
        work: impl FnOnce(&Project, &SessionId) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ShelveError> {
        let (project, id) = (self.project().clone(), id.clone());
        let worked = spawn_blocking(move || work(&project, &id)).await;
        worked.map_err(|error| ShelveError::Disk(io::Error::other(error)))?.map_err(Into::into)
    }
}

impl Outcome {
    fn put(&mut self, id: SessionId, fate: Result<Fate, ShelveError>) {
        match fate {
            Ok(Fate::Done) => self.done.push(id),
            Ok(Fate::Resolved) => {
                self.resolved.push(id.clone());
                self.done.push(id);
            }
            Ok(Fate::Already) => self.already.push(id),
            Ok(Fate::NotFound) => self.not_found.push(id),
            Err(error) => {
                if let ShelveError::Disk(error) = &error {
                    tracing::error!(%error, session = %id, "a session cannot be moved or removed");
                }
                self.errors.push((id, error));
            }
        }
    }
}

impl From<HoldError> for ShelveError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Elsewhere => Self::Held,
            HoldError::Disk(error) => Self::Disk(error),
        }
    }
}

/// A client that hangs up must not leave a batch half done.
async fn to_its_end(batch: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
    tokio::spawn(batch).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a batch of sessions broke off");
        Outcome::default()
    })
}
