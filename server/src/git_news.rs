//! Changes of a workspace's repository, told to its sessions: `git_branch_changed`, `git_status_changed`.
//!
//! It starts when a client first asks for the status. From then on git's own folder is watched; edits that git does not know of yet are
//! told when a client asks again.

use std::{
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use roost_core::EventType;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{Mutex, mpsc};

use crate::{
    git::{Git, GitError, Status},
    settings::Settings,
    trust::Trust,
    workspaces::Workspace,
};

/// Git writes several files for one command; they are looked at when it is through.
const SETTLING: Duration = Duration::from_millis(300);

/// What the sessions of one workspace know.
#[derive(Debug, Default)]
pub struct GitNews(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// `None` until somebody has asked; `Some(None)` outside of a repository.
    status: Option<Option<Status>>,
    watcher: Option<RecommendedWatcher>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusChanged<'a> {
    v: u8,
    workspace_cwd: &'a Path,
    #[serde(flatten)]
    status: &'a Status,
}

impl GitNews {
    /// The status of the working tree. Sessions are told of what is new in it, now and later. None outside of a repository.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn ask(workspace: &Arc<Workspace>) -> Result<Option<Status>, GitError> {
        let git = Git::of(&workspace.cwd);
        let mut known = workspace.git.0.lock().await;
        let status = git.status().await?;
        if known.watcher.is_none()
            && let Some(folder) = git.folder().await?
        {
            known.watcher = watch(workspace, &folder);
        }
        known.tell(workspace, status.clone()).await;
        Ok(status)
    }

    /// The same again, for a folder that is still trusted and sessions that are there to hear it.
    async fn look(workspace: &Arc<Workspace>) {
        let is_trusted = workspace.settings.run(Settings::trust).await.is_ok_and(Trust::is_trusted);
        if !is_trusted || workspace.sessions.all().is_empty() {
            return;
        }
        if let Err(error) = Self::ask(workspace).await {
            tracing::warn!(%error, workspace = %workspace.cwd.display(), "git does not answer");
        }
    }
}

impl Known {
    async fn tell(&mut self, workspace: &Workspace, status: Option<Status>) {
        let before = self.status.replace(status.clone());
        let branch = |status: &Option<Status>| status.as_ref().map(|status| status.branch.clone());
        if let Some(before) = &before
            && branch(before) != branch(&status)
        {
            let data = json!({"workspaceCwd": workspace.cwd, "branch": branch(&status)});
            workspace.announce(EventType::GitBranchChanged, &data, None).await;
        }
        let Some(status) = status else { return };
        let is_known = before.flatten().is_some_and(|before| before.says_the_same(&status));
        if !is_known {
            let data = StatusChanged { v: 2, workspace_cwd: &workspace.cwd, status: &status };
            workspace.announce(EventType::GitStatusChanged, &data, None).await;
        }
    }
}

/// Looks again whenever something in the repository's folder has changed, for as long as the watcher is kept.
fn watch(workspace: &Arc<Workspace>, folder: &Path) -> Option<RecommendedWatcher> {
    let (sender, changes) = mpsc::channel(1);
    let heard = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_change(&event)) {
            // One waiting notice is enough for all that follow.
            let _ = sender.try_send(());
        }
    };
    let watching = notify::recommended_watcher(heard)
        .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher));
    match watching {
        Ok(watcher) => {
            tokio::spawn(follow(Arc::downgrade(workspace), changes));
            Some(watcher)
        }
        Err(error) => {
            tracing::warn!(%error, "a repository is not watched; changes in it are told when somebody asks");
            None
        }
    }
}

async fn follow(workspace: Weak<Workspace>, mut changes: mpsc::Receiver<()>) {
    while changes.recv().await.is_some() {
        tokio::time::sleep(SETTLING).await;
        // A notice that came while git was still writing is about the same command.
        let _ = changes.try_recv();
        let Some(workspace) = workspace.upgrade() else { return };
        GitNews::look(&workspace).await;
    }
}

/// Reading is not a change, and neither is a lock file, which git renames when it is done.
fn is_change(event: &Event) -> bool {
    let is_lock = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "lock");
    let is_write = event.kind.is_create() || event.kind.is_modify() || event.kind.is_remove();
    is_write && !event.paths.iter().all(is_lock)
}
