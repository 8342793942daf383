//! Workspaces that go while the daemon runs.
//!
//! First no new session is let in, then the sessions are closed, then the agent is ended, then the workspace is gone. Files on disk
//! stay.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use serde::Serialize;

use super::{Origin, Workspace, Workspaces};
use crate::sessions;

/// What runs in a workspace, in the words of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    pub sessions: usize,
    pub active_prompts: usize,
    pub pending_session_starts: usize,
    pub acp_connections: usize,
    pub memory_tasks: usize,
    /// Always 0: Roost has no channel workers.
    pub channel_workers: usize,
    pub voice_sessions: usize,
}

/// A workspace to remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Remove it even if something runs in it, which is ended then.
    pub force: bool,
    /// Connections of editors that work in it.
    pub acp_connections: usize,
}

/// A workspace that is gone.
#[derive(Clone, Debug)]
pub struct Removed {
    pub id: String,
    pub cwd: PathBuf,
    /// It would have been opened again at the next start.
    pub was_kept: bool,
    /// What was ended for it.
    pub activity: Activity,
}

/// Why a workspace stays.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    #[error("the primary workspace cannot be removed")]
    Primary,
    #[error("the workspace is given at start and cannot be removed while the daemon runs")]
    Given,
    #[error("the workspace is being removed already")]
    InProgress,
    #[error("the workspace is in use")]
    Busy(Activity),
    #[error("the registrations cannot be saved: {0}")]
    Store(io::Error),
    #[error("the removal stopped unexpectedly")]
    Broken,
}

impl Workspaces {
    /// Removes a workspace. Completes even if the caller disconnects.
    ///
    /// # Errors
    /// See [`RemoveError`]; the workspace is as it was then.
    pub async fn remove(&self, workspace: Arc<Workspace>, wish: Removal) -> Result<Removed, RemoveError> {
        match workspace.origin {
            Origin::Primary => return Err(RemoveError::Primary),
            Origin::Given => return Err(RemoveError::Given),
            Origin::Registered => {}
        }
        let is_connected = wish.acp_connections > 0;
        let drained = if is_connected && !wish.force {
            Ok(workspace.sessions.activity())
        } else {
            workspace.sessions.drain(wish.force)
        };
        let activity = drained.map_err(|_| RemoveError::InProgress)?;
        let is_busy = is_connected || !activity.is_none();
        let activity = Activity { acp_connections: wish.acp_connections, ..activity.into() };
        if is_busy && !wish.force {
            return Err(RemoveError::Busy(activity));
        }
        let workspaces = self.clone();
        let removing = tokio::spawn(async move { workspaces.empty(&workspace, activity).await });
        removing.await.unwrap_or(Err(RemoveError::Broken))
    }

    async fn empty(&self, workspace: &Arc<Workspace>, activity: Activity) -> Result<Removed, RemoveError> {
        let cwd = workspace.cwd.clone();
        let was_kept = {
            let _changing = self.0.changing.lock().await;
            self.0.registrations.change(move |kept| kept.forget(&cwd)).await.map_err(|error| {
                workspace.sessions.reopen_for_sessions();
                RemoveError::Store(error)
            })?
        };
        workspace.sessions.close("workspace_removed").await;
        let mut all = self.0.all.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, workspace));
        Ok(Removed { id: workspace.id.clone(), cwd: workspace.cwd.clone(), was_kept, activity })
    }
}

impl From<sessions::Activity> for Activity {
    fn from(activity: sessions::Activity) -> Self {
        let sessions::Activity { sessions, active_prompts, pending_starts } = activity;
        Self { sessions, active_prompts, pending_session_starts: pending_starts, ..Self::default() }
    }
}
