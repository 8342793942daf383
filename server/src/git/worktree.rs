//! Working trees beside the repository's own, each on a branch of its own: for sessions that are to be kept apart.
//!
//! They lie in `.qwen/worktrees/<slug>` of the workspace, where git does not see them. Nothing is overwritten, and nothing is thrown
//! away that git itself would not throw away: a tree with work in it stays, and so does a branch with commits of its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::{Git, GitError, repository::Repository};

/// Where they lie, below the workspace's folder.
const SHELTER: [&str; 2] = [".qwen", "worktrees"];
/// Longest a tree may take to be written, or removed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A working tree that a session has for itself, as the wire and `meta.json` have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worktree {
    pub slug: Slug,
    pub path: PathBuf,
    pub branch: String,
}

/// What a working tree is called: 1 to [`Slug::MAX_BYTES`] letters, digits, dots, underscores and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSlug {
    #[error("`worktree.slug` must have 1 to {} letters, digits, dots, underscores and hyphens", Slug::MAX_BYTES)]
    Malformed,
    #[error("`worktree.slug` must not begin with \".\" or \"-\", end with \".\" or \".lock\", or contain \"..\"")]
    Misleading,
    /// Agents of the family name theirs so, and clear them away.
    #[error("`worktree.slug` must not begin with \"agent-\" or be \"pr-<number>\": such names are kept for others")]
    Reserved,
}

/// Why there is no working tree.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WorktreeError {
    #[error("The workspace is no git repository, so a session cannot have a working tree of its own")]
    NoRepository,
    #[error("The repository has no commit yet that a working tree could begin with")]
    NoCommit,
    #[error("There is a {0} already; choose another `worktree.slug`")]
    Taken(String),
    #[error("{0} leads out of the workspace")]
    Escapes(PathBuf),
    #[error("The working tree cannot be made: {0}")]
    Disk(#[from] Arc<io::Error>),
    #[error("The working tree cannot be made: {0}")]
    Git(#[from] Arc<GitError>),
}

/// What became of a working tree that is not needed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The tree and its branch.
    Whole,
    /// The tree. Its branch has commits that no other branch has.
    ButBranch,
    /// Nothing, in git's words.
    Kept(String),
}

impl Slug {
    pub const MAX_BYTES: usize = 64;

    /// # Errors
    /// It would be no safe name of a folder and a branch, or is kept for others.
    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=Self::MAX_BYTES).contains(&text.len()) || !text.bytes().all(is_plain) {
            return Err(InvalidSlug::Malformed);
        }
        if text.starts_with(['.', '-']) || text.ends_with('.') || text.ends_with(".lock") || text.contains("..") {
            return Err(InvalidSlug::Misleading);
        }
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if text.starts_with("agent-") || text.strip_prefix("pr-").is_some_and(is_number) {
            return Err(InvalidSlug::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// One that nobody has.
    #[must_use]
    pub fn fresh() -> Self {
        let name = uuid::Uuid::new_v4().simple().to_string();
        Self(format!("session-{}", &name[..12]))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidSlug;

    fn try_from(text: String) -> Result<Self, InvalidSlug> {
        Self::parse(&text)
    }
}

impl Git {
    /// A new working tree, on a new branch that begins with the commit that is checked out.
    ///
    /// # Errors
    /// See [`WorktreeError`]; nothing is left behind then.
    pub async fn add_worktree(&self, slug: Slug) -> Result<Worktree, WorktreeError> {
        let repository = self.repository().await.map_err(Arc::new)?.ok_or(WorktreeError::NoRepository)?;
        if !repository.has_head().await.map_err(Arc::new)? {
            return Err(WorktreeError::NoCommit);
        }
        let branch = format!("worktree-{}", slug.as_str());
        let path = self.shelter().await?.join(slug.as_str());
        // Whoever makes the empty folder has the name, so that of two who ask for it at once one has all and the other touches nothing.
        fs::create_dir(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => WorktreeError::Taken(format!("working tree {}", path.display())),
            _ => WorktreeError::Disk(Arc::new(error)),
        })?;
        let claim = Claim(&path);
        if repository.has_branch(&branch).await.map_err(Arc::new)? {
            return Err(WorktreeError::Taken(format!("branch {branch}")));
        }
        // Fails where somebody else has just made it.
        repository.git.run(["branch", "--quiet", "--no-track", &branch, "HEAD"]).await.map_err(Arc::new)?;
        let arguments = ["worktree", "add", "--quiet"].map(AsRef::as_ref);
        let names = [path.as_os_str(), branch.as_ref()];
        let added = repository.git.run_within(PATIENCE, arguments.into_iter().chain(names)).await;
        if let Err(error) = added {
            // Half a tree has no work in it.
            let arguments = ["worktree", "remove", "--force"].map(AsRef::as_ref);
            let _ = repository.git.run_within(PATIENCE, arguments.into_iter().chain([path.as_os_str()])).await;
            let _ = repository.git.run(["branch", "--quiet", "-D", &branch]).await;
            return Err(Arc::new(error).into());
        }
        drop(claim);
        Ok(Worktree { slug, path, branch })
    }

    /// Makes sure that a working tree is there. One that somebody took away is written again, from its branch.
    ///
    /// # Errors
    /// The branch has gone, too, or git cannot write the tree.
    pub async fn bring_worktree_back(&self, worktree: &Worktree) -> Result<(), WorktreeError> {
        if worktree.path.is_dir() {
            return Ok(());
        }
        let repository = self.repository().await.map_err(Arc::new)?.ok_or(WorktreeError::NoRepository)?;
        self.shelter().await?;
        repository.git.run(["worktree", "prune"]).await.map_err(Arc::new)?;
        let arguments = ["worktree", "add", "--quiet"].map(AsRef::as_ref);
        let names = [worktree.path.as_os_str(), worktree.branch.as_ref()];
        let added = repository.git.run_within(PATIENCE, arguments.into_iter().chain(names)).await;
        added.map(drop).map_err(|error| Arc::new(error).into())
    }

    /// Takes a working tree away, unless there is work in it that is nowhere else; the same of its branch.
    ///
    /// # Errors
    /// Git cannot be asked.
    pub async fn remove_worktree(&self, worktree: &Worktree) -> Result<Removed, GitError> {
        let Some(repository) = self.repository().await? else {
            return Ok(Removed::Kept("the workspace is no git repository any more".to_owned()));
        };
        let arguments = ["worktree", "remove"].map(AsRef::as_ref);
        let removed = if worktree.path.is_dir() {
            repository.git.run_within(PATIENCE, arguments.into_iter().chain([worktree.path.as_os_str()])).await
        } else {
            repository.git.run(["worktree", "prune"]).await
        };
        match removed {
            Ok(_) => {}
            Err(GitError::Failed(why)) => return Ok(Removed::Kept(why)),
            Err(error) => return Err(error),
        }
        match repository.git.run(["branch", "--quiet", "-d", &worktree.branch]).await {
            Ok(_) => Ok(Removed::Whole),
            Err(GitError::Failed(_)) => Ok(Removed::ButBranch),
            Err(error) => Err(error),
        }
    }

    /// The folder of all working trees, made where it is missing.
    async fn shelter(&self) -> Result<PathBuf, WorktreeError> {
        let cwd = self.cwd.clone();
        let made = spawn_blocking(move || make_shelter(&cwd)).await;
        made.unwrap_or_else(|error| Err(WorktreeError::Disk(Arc::new(io::Error::other(error)))))
    }
}

/// The folder of a working tree to be. Without a tree in it, it is taken away again.
struct Claim<'a>(&'a Path);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // It fails where there is a tree.
        let _ = fs::remove_dir(self.0);
    }
}

fn make_shelter(cwd: &Path) -> Result<PathBuf, WorktreeError> {
    let disk = |error: io::Error| WorktreeError::Disk(Arc::new(error));
    let mut folder = cwd.to_owned();
    for name in SHELTER {
        folder.push(name);
        // A link that came with the repository could lead anywhere.
        if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_symlink()) {
            return Err(WorktreeError::Escapes(folder));
        }
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(disk(error)),
            _ => {}
        }
    }
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n").map_err(disk)?;
    }
    Ok(folder)
}

impl Repository {
    async fn has_branch(&self, branch: &str) -> Result<bool, GitError> {
        match self.git.run(["show-ref", "--verify", "--quiet", &format!("refs/heads/{branch}")]).await {
            Ok(_) => Ok(true),
            Err(GitError::Failed(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_safe_name_of_a_folder_and_a_branch() {
        for good in ["a", "my-task", "v1.2_x", &"x".repeat(64), "pr-x", "agent"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for (wrong, why) in [
            ("", InvalidSlug::Malformed),
            ("a/b", InvalidSlug::Malformed),
            ("a b", InvalidSlug::Malformed),
            ("é", InvalidSlug::Malformed),
            (&"x".repeat(65), InvalidSlug::Malformed),
            ("..", InvalidSlug::Misleading),
            ("-x", InvalidSlug::Misleading),
            (".x", InvalidSlug::Misleading),
            ("x.", InvalidSlug::Misleading),
            ("x.lock", InvalidSlug::Misleading),
            ("a..b", InvalidSlug::Misleading),
            ("agent-1", InvalidSlug::Reserved),
            ("pr-12", InvalidSlug::Reserved),
        ] {
            assert_eq!(Slug::parse(wrong), Err(why), "{wrong}");
        }
        let fresh = Slug::fresh();
        assert_eq!(Slug::parse(fresh.as_str()), Ok(fresh));
    }
}
