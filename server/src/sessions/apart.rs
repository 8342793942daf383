//! Sessions that are kept apart: each works in a working tree of its own, on a branch of its own, instead of the workspace's folder.
//!
//! The tree belongs to the session as long as there is a record of it, whether it is live, sleeps or is archived. It goes when the session
//! is deleted, unless there is work in it that is nowhere else.

use std::{path::PathBuf, sync::Arc};

use roost_core::{
    SessionId,
    acp::{RpcError, code},
};

use super::{CreateError, CreateSession, Sessions};
use crate::{
    child::CallError,
    driver::LiveSession,
    git::{Git, Removed, Worktree, WorktreeError},
    store::Meta,
};

impl Sessions {
    /// The working tree of a live session that has one.
    #[must_use]
    pub fn worktree(&self, id: &SessionId) -> Option<Worktree> {
        self.table().worktrees.get(id).cloned()
    }

    /// A session as wished, in a working tree of its own if that is wished. Where there is no session there is no tree either.
    pub(super) async fn make(&self, wish: &CreateSession) -> Result<Arc<LiveSession>, CreateError> {
        let Some(slug) = wish.worktree.clone() else { return self.make_in(wish, None).await };
        let worktree = Git::of(&self.0.cwd).add_worktree(slug).await?;
        let made = self.make_in(wish, Some(&worktree)).await;
        if made.is_err() {
            self.clear_away(&worktree).await;
        }
        made
    }

    /// The folder that the agent works in for a session.
    pub(super) async fn folder_of(&self, meta: &Meta) -> Result<PathBuf, CallError> {
        let Some(worktree) = &meta.worktree else { return Ok(self.0.cwd.clone()) };
        match Git::of(&self.0.cwd).bring_worktree_back(worktree).await {
            Ok(()) => Ok(worktree.path.clone()),
            // It is not begun in the workspace's folder instead: it was to be kept apart from that.
            Err(error) => Err(CallError::Refused(RpcError::new(code::INTERNAL_ERROR, lost(worktree, &error)))),
        }
    }

    /// Takes the working tree of a session away that is no more, as far as nothing is lost with it.
    pub(crate) async fn clear_away(&self, worktree: &Worktree) {
        let (path, branch) = (worktree.path.display(), &worktree.branch);
        match Git::of(&self.0.cwd).remove_worktree(worktree).await {
            Ok(Removed::Whole) => {}
            Ok(Removed::ButBranch) => tracing::info!(branch, "a branch has commits of its own and stays"),
            Ok(Removed::Kept(why)) => tracing::info!(%path, branch, why, "a working tree stays"),
            Err(error) => tracing::warn!(%error, %path, branch, "a working tree cannot be taken away"),
        }
    }
}

fn lost(worktree: &Worktree, error: &WorktreeError) -> String {
    let (path, branch) = (worktree.path.display(), &worktree.branch);
    format!("The session's working tree {path} is gone, and cannot be made again from its branch {branch}: {error}")
}
