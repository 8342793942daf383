//! `GET /workspace/git`: the branch, and how much is changed.

use serde::Serialize;

use super::{Git, GitError, repository::Repository};
use crate::clock;

/// The working tree in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Its name; the short id of a commit where HEAD is detached.
    pub branch: String,
    pub detached: bool,
    /// Entries of the index that differ from HEAD.
    pub staged: u32,
    /// Files that differ from the index.
    pub unstaged: u32,
    /// Files and folders git does not know.
    pub untracked: u32,
    /// Unmerged files.
    pub conflicted: u32,
    pub has_upstream: bool,
    pub ahead: u32,
    pub behind: u32,
    pub stash_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Milliseconds since 1970.
    pub computed_at: u64,
}

impl Status {
    /// Whether the two differ at most in their times.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { computed_at: self.computed_at, ..other.clone() }
    }
}

/// What is under way in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    Merge,
    Rebase,
    CherryPick,
    Revert,
    Bisect,
}

/// Files in the git folder that tell of an operation.
const TRACES: &[(&str, Operation)] = &[
    ("rebase-merge", Operation::Rebase),
    ("rebase-apply", Operation::Rebase),
    ("MERGE_HEAD", Operation::Merge),
    ("CHERRY_PICK_HEAD", Operation::CherryPick),
    ("REVERT_HEAD", Operation::Revert),
    ("BISECT_LOG", Operation::Bisect),
];

impl Git {
    /// Counts what is changed beneath the workspace. None outside of a repository.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn status(&self) -> Result<Option<Status>, GitError> {
        let Some(repository) = self.repository().await? else { return Ok(None) };
        let asked = [
            "status",
            "--porcelain=v2",
            "--branch",
            "--show-stash",
            "-z",
            "--untracked-files=normal",
            "--ignore-submodules=dirty",
            "--",
            ".",
        ];
        let told = repository.git.text(asked).await?;
        let mut status = parse(&told);
        status.operation = operation(&repository);
        status.computed_at = clock::now().0;
        Ok(Some(status))
    }
}

fn parse(text: &str) -> Status {
    let mut status = Status::default();
    let mut commit = "";
    let mut entries = text.split('\0');
    while let Some(entry) = entries.next() {
        let (kind, rest) = entry.split_once(' ').unwrap_or((entry, ""));
        match kind {
            "#" => match rest.split_once(' ').unwrap_or((rest, "")) {
                ("branch.oid", oid) => commit = oid,
                ("branch.head", "(detached)") => status.detached = true,
                ("branch.head", name) => name.clone_into(&mut status.branch),
                ("branch.upstream", _) => status.has_upstream = true,
                ("branch.ab", counts) => {
                    let mut counts = counts.split(' ').map(|count| count[1.min(count.len())..].parse().unwrap_or(0));
                    status.ahead = counts.next().unwrap_or(0);
                    status.behind = counts.next().unwrap_or(0);
                }
                ("stash", count) => status.stash_count = count.parse().unwrap_or(0),
                _ => {}
            },
            "1" | "2" => {
                let mut sides = rest.chars();
                status.staged += u32::from(sides.next().is_some_and(|side| side != '.'));
                status.unstaged += u32::from(sides.next().is_some_and(|side| side != '.'));
                if kind == "2" {
                    // The name before.
                    entries.next();
                }
            }
            "u" => status.conflicted += 1,
            "?" => status.untracked += 1,
            _ => {}
        }
    }
    if status.detached {
        status.branch = commit.chars().take(7).collect();
    }
    status
}

fn operation(repository: &Repository) -> Option<Operation> {
    let trace = TRACES.iter().find(|(name, _)| repository.git_dir.join(name).exists());
    trace.map(|(_, operation)| *operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_by_kind_and_names_are_not_mistaken_for_entries() {
        let text = "# branch.oid 0123456789abcdef\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +2 -3\0# stash 4\0\
                    1 M. N... 1 1 1 a b ? odd\x002 R. N... 1 1 1 a b R100 new\0? old\0u UU N... 1 1 1 1 a b c f\0? x\0";
        let status = parse(text);
        let expected = Status {
            branch: "main".to_owned(),
            staged: 2,
            untracked: 1,
            conflicted: 1,
            has_upstream: true,
            ahead: 2,
            behind: 3,
            stash_count: 4,
            ..Status::default()
        };
        assert_eq!(status, expected);
    }

    #[test]
    fn a_detached_head_is_named_by_its_commit() {
        let status = parse("# branch.oid 0123456789abcdef\0# branch.head (detached)\0");
        assert_eq!((status.branch.as_str(), status.detached), ("0123456", true));
    }
}
