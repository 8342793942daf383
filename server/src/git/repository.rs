//! The repository a workspace lies in.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use super::{GitError, run::Runner};

/// Programs that a repository's own configuration can name by driver, and what git is told instead.
const DRIVERS: &[(&str, &[(&str, &str)])] = &[
    ("filter.", &[(".clean", ""), (".smudge", ""), (".process", ""), (".required", "false")]),
    ("diff.", &[(".command", ""), (".textconv", "")]),
    ("merge.", &[(".driver", "")]),
];

/// A repository that may be read, and git for it.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) git: Runner,
    /// The working tree's root.
    pub(super) root: PathBuf,
    pub(super) git_dir: PathBuf,
}

impl Repository {
    /// None where there is none, where it is bare, where git refuses to read it because it is somebody else's, or where its
    /// configuration claims a working tree that is not its own.
    pub(super) async fn find(git: &Runner) -> Result<Option<Self>, GitError> {
        let asked = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir"];
        let told = match git.run(asked).await {
            Ok(told) => told.bytes,
            Err(GitError::Failed(_) | GitError::Start(_)) => return Ok(None),
            Err(error @ (GitError::Slow(_) | GitError::Malformed(_))) => return Err(error),
        };
        let mut lines = told.split(|byte| *byte == b'\n').map(|line| PathBuf::from(OsStr::from_bytes(line)));
        let (Some(root), Some(git_dir)) = (lines.next(), lines.next()) else {
            return Err(GitError::Malformed("rev-parse"));
        };
        // `core.worktree` could name any folder of this machine.
        if !git.cwd().starts_with(&root) || !root.join(".git").exists() {
            return Ok(None);
        }
        let mut git = git.clone();
        disarm(&mut git).await?;
        Ok(Some(Self { git, root, git_dir }))
    }

    /// The workspace's place in the repository, with a slash at its end; empty for the root.
    pub(super) fn prefix(&self) -> OsString {
        let inner = self.git.cwd().strip_prefix(&self.root).unwrap_or(Path::new(""));
        let mut prefix = inner.as_os_str().to_owned();
        if !prefix.is_empty() {
            prefix.push("/");
        }
        prefix
    }

    /// Whether there is a commit yet.
    pub(super) async fn has_head(&self) -> Result<bool, GitError> {
        match self.git.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await {
            Ok(_) => Ok(true),
            Err(GitError::Failed(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Takes away the programs the repository's own configuration names. The user's stay: they are the user's.
async fn disarm(git: &mut Runner) -> Result<(), GitError> {
    let listed = git.run(["config", "--list", "--show-scope", "--name-only", "-z", "--includes"]).await?;
    let mut fields = listed.bytes.split(|byte| *byte == 0);
    let mut guards = Vec::new();
    while let (Some(scope), Some(key)) = (fields.next(), fields.next()) {
        if !matches!(scope, b"local" | b"worktree") {
            continue;
        }
        for (section, programs) in DRIVERS {
            let is_of = |(ending, _): &&(&str, &str)| key.ends_with(ending.as_bytes());
            let Some((ending, _)) = programs.iter().find(is_of).filter(|_| key.starts_with(section.as_bytes())) else {
                continue;
            };
            let driver = &key[..key.len() - ending.len()];
            guards.extend(programs.iter().map(|(ending, value)| {
                let mut key = driver.to_vec();
                key.extend_from_slice(ending.as_bytes());
                (OsString::from_vec(key), *value)
            }));
        }
    }
    for (key, value) in guards {
        git.guard(key, value);
    }
    Ok(())
}
