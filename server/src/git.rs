//! What git says of a workspace, read only; and working trees for sessions that are to be kept apart.
//!
//! A repository came from somebody, and its own configuration can name programs: monitors, hooks, filters, pagers, diff and text
//! converters, transports. [`Git`] runs the `git` program so that none of them is started and nothing is fetched; where it only reads, no lock is
//! taken and no index is written.

mod branches;
mod commit;
mod diff;
mod hunk;
mod log;
mod numstat;
mod repository;
mod run;
mod status;
mod worktree;

use std::path::{Path, PathBuf};

pub use self::{
    branches::{Branch, Branches, Tag},
    commit::{Commit, CommitDetail},
    diff::{ChangedFile, WorkingDiff},
    hunk::{FileDiff, Hunk},
    log::{LIMIT, Log, LogWish, MAX_LIMIT},
    run::GitError,
    status::{Operation, Status},
    worktree::{InvalidSlug, Removed, Slug, Worktree, WorktreeError},
};
use self::{repository::Repository, run::Runner};

/// Git in one workspace.
#[derive(Clone, Debug)]
pub struct Git {
    cwd: PathBuf,
}

impl Git {
    /// In the folder `cwd`, which may lie anywhere in a repository, or in none.
    #[must_use]
    pub fn of(cwd: &Path) -> Self {
        Self { cwd: cwd.to_owned() }
    }

    /// Where the repository keeps what is git's own. None where there is none.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn folder(&self) -> Result<Option<PathBuf>, GitError> {
        Ok(self.repository().await?.map(|repository| repository.git_dir))
    }

    /// The repository. None where there is none that git is willing to read, or no git.
    async fn repository(&self) -> Result<Option<Repository>, GitError> {
        Repository::find(&Runner::new(&self.cwd)).await
    }
}
