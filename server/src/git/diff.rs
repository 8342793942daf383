//! `GET /workspace/git/diff`: what the working tree has that HEAD has not.

use std::{collections::BTreeSet, ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

use serde::Serialize;

use super::{Git, GitError, numstat, repository::Repository};
use crate::files::{Files, WorkspaceFiles};

/// Files that are named; the others are counted.
const MAX_FILES: usize = 500;
/// How much of a file that git does not know is read to count its lines, in bytes.
const MAX_COUNTED_BYTES: usize = 1024 * 1024;

/// All changed files beneath the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkingDiff {
    /// False outside of a repository, and before its first commit.
    pub available: bool,
    pub files_count: usize,
    pub lines_added: u64,
    pub lines_removed: u64,
    /// What git knows comes first.
    pub files: Vec<ChangedFile>,
    /// Files that are not named.
    pub hidden_count: usize,
}

/// One changed file. Its path is relative to the repository's root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFile {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    pub added: u64,
    pub removed: u64,
    pub is_binary: bool,
    pub is_untracked: bool,
    pub is_deleted: bool,
    /// It was too large to be counted to its end.
    pub truncated: bool,
}

impl Git {
    /// Names what is changed.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn diff(&self) -> Result<WorkingDiff, GitError> {
        let Some(repository) = self.repository().await? else { return Ok(WorkingDiff::default()) };
        if !repository.has_head().await? {
            return Ok(WorkingDiff::default());
        }
        let counted = repository.compare(["--numstat", "-z"], &[OsStr::new(".")]).await?;
        let deleted = repository.compare(["--name-only", "-z", "--diff-filter=D"], &[OsStr::new(".")]).await?;
        let deleted: BTreeSet<String> = names(&deleted).collect();
        let unknown = repository.untracked(OsStr::new(".")).await?;
        let prefix = repository.prefix();
        let counting = tokio::task::spawn_blocking(move || count_unknown(&repository, &unknown, prefix.as_bytes()));
        let unknown = counting.await.unwrap_or_default();

        let is_unknown: BTreeSet<&str> = unknown.iter().map(|file| file.path.as_str()).collect();
        let known = numstat::parse(&counted)?.into_iter().filter(|file| !is_unknown.contains(file.path.as_str()));
        let known = known.map(|file| ChangedFile {
            is_deleted: deleted.contains(&file.path),
            is_binary: file.lines.is_none(),
            added: file.lines.map_or(0, |(added, _)| added),
            removed: file.lines.map_or(0, |(_, removed)| removed),
            path: file.path,
            old_path: file.old_path,
            is_untracked: false,
            truncated: false,
        });
        let mut files: Vec<ChangedFile> = known.collect();
        files.extend(unknown);
        let files_count = files.len();
        let (lines_added, lines_removed) =
            files.iter().fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed));
        files.truncate(MAX_FILES);
        let hidden_count = files_count - files.len();
        Ok(WorkingDiff { available: true, files_count, lines_added, lines_removed, files, hidden_count })
    }
}

impl Repository {
    /// `git diff HEAD` of these paths, relative to the workspace, in the given form.
    pub(super) async fn compare<const N: usize>(&self, form: [&str; N], paths: &[&OsStr]) -> Result<Vec<u8>, GitError> {
        let fixed = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--find-renames"];
        let rest = ["--ignore-submodules=dirty", "--submodule=short", "HEAD", "--"];
        let arguments = fixed.iter().chain(&form).chain(&rest).map(OsStr::new).chain(paths.iter().copied());
        Ok(self.git.run(arguments).await?.bytes)
    }

    /// Files that git does not know and is not told to ignore, as the workspace calls them.
    pub(super) async fn untracked(&self, path: &OsStr) -> Result<Vec<u8>, GitError> {
        let asked = ["ls-files", "--others", "--exclude-standard", "-z", "--"];
        Ok(self.git.run(asked.iter().map(OsStr::new).chain([path])).await?.bytes)
    }
}

pub(super) fn names(bytes: &[u8]) -> impl Iterator<Item = String> {
    let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned())
}

fn count_unknown(repository: &Repository, names: &[u8], prefix: &[u8]) -> Vec<ChangedFile> {
    let Ok(files) = Files::default().of(repository.git.cwd()) else { return Vec::new() };
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let described = names.enumerate().map(|(index, name)| {
        let path = String::from_utf8_lossy(&[prefix, name].concat()).into_owned();
        // Beyond what is named nobody sees the counts.
        let text = if index < MAX_FILES { read(&files, name) } else { None };
        let text = text.unwrap_or_default();
        let is_binary = text.contains(&0);
        ChangedFile {
            path,
            old_path: None,
            added: if is_binary { 0 } else { lines(&text) },
            removed: 0,
            is_binary,
            is_untracked: true,
            is_deleted: false,
            truncated: text.len() == MAX_COUNTED_BYTES,
        }
    });
    described.collect()
}

fn read(files: &WorkspaceFiles, name: &[u8]) -> Option<Vec<u8>> {
    let path = files.path(Path::new(OsStr::from_bytes(name)).to_str()?).ok()?;
    files.load(&path, MAX_COUNTED_BYTES).ok()?
}

fn lines(text: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', text).count() as u64;
    ends + u64::from(text.last().is_some_and(|byte| *byte != b'\n'))
}
