//! `GET /workspace/git/log/commit`: one commit, and the files it changed.

use serde::Serialize;

use super::{Git, GitError, numstat, repository::Repository};

/// Files that are named; the others are counted.
const MAX_FILES: usize = 500;

/// The fields of [`Commit`] and the message's body, for `--format` with `-z`.
const FORMAT: &str = "--format=%H%x00%h%x00%an%x00%ae%x00%at%x00%s%x00%D%x00%P%x00%b";
/// How many there are.
pub(super) const FIELDS: usize = 9;

/// A commit of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Commit {
    pub sha: String,
    pub short_sha: String,
    pub author_name: String,
    pub author_email: String,
    /// Seconds since 1970.
    pub author_date: i64,
    pub subject: String,
    /// What points here, as `HEAD -> main, tag: v1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refs: String,
    pub parents: Vec<String>,
    #[serde(skip)]
    pub body: String,
}

/// A commit with what it changed; a merge is compared with its first parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitDetail {
    #[serde(flatten)]
    pub commit: Commit,
    pub body: String,
    pub files: Vec<CommitFile>,
    pub files_count: usize,
    pub lines_added: u64,
    pub lines_removed: u64,
    /// Files that are not named.
    pub hidden_count: usize,
}

/// A file that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitFile {
    pub path: String,
    pub added: u64,
    pub removed: u64,
    pub is_binary: bool,
}

impl Git {
    /// The commit `sha`: 4 to 64 hexadecimal digits, as the route has checked. `None` if there is no such commit.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn commit(&self, sha: &str) -> Result<Option<CommitDetail>, GitError> {
        let Some(repository) = self.repository().await? else { return Ok(None) };
        let named = format!("{sha}^{{commit}}");
        let Ok(full) = repository.git.text(["rev-parse", "--verify", "--quiet", &named]).await else { return Ok(None) };
        let full = full.trim();
        let Some(commit) = repository.commits(&["--max-count=1", full]).await?.into_iter().next() else {
            return Ok(None);
        };
        let fixed = ["diff-tree", "--root", "-r", "--find-renames", "--numstat", "-z", "--no-commit-id"];
        let rest = ["--no-ext-diff", "--no-textconv", "--diff-merges=first-parent", full];
        let counted = repository.git.run(fixed.iter().chain(&rest)).await?;
        let counted = numstat::parse(&counted.bytes)?;
        let files = counted.into_iter().map(|file| CommitFile {
            is_binary: file.lines.is_none(),
            added: file.lines.map_or(0, |(added, _)| added),
            removed: file.lines.map_or(0, |(_, removed)| removed),
            path: file.path,
        });
        let mut files: Vec<CommitFile> = files.collect();
        let files_count = files.len();
        let (lines_added, lines_removed) =
            files.iter().fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed));
        files.truncate(MAX_FILES);
        let hidden_count = files_count - files.len();
        let body = commit.body.trim().to_owned();
        Ok(Some(CommitDetail { commit, body, files, files_count, lines_added, lines_removed, hidden_count }))
    }
}

impl Repository {
    /// The commits `git log` finds with these arguments, which may end with a revision.
    pub(super) async fn commits(&self, arguments: &[&str]) -> Result<Vec<Commit>, GitError> {
        let fixed = ["log", "-z", FORMAT, "--no-color", "--no-show-signature", "--no-notes", "--decorate=short"];
        let output = self.git.text(fixed.iter().chain(arguments).chain(&["--"])).await?;
        parse(&output)
    }
}

fn parse(text: &str) -> Result<Vec<Commit>, GitError> {
    let text = text.strip_suffix('\0').unwrap_or(text);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let fields: Vec<&str> = text.split('\0').collect();
    let commits = fields.chunks(FIELDS).map(|fields| match fields {
        [sha, short_sha, author_name, author_email, date, subject, refs, parents, body] => Ok(Commit {
            sha: (*sha).to_owned(),
            short_sha: (*short_sha).to_owned(),
            author_name: (*author_name).to_owned(),
            author_email: (*author_email).to_owned(),
            author_date: date.parse().map_err(|_| GitError::Malformed("a commit's date"))?,
            subject: (*subject).to_owned(),
            refs: (*refs).to_owned(),
            parents: parents.split_whitespace().map(str::to_owned).collect(),
            body: (*body).to_owned(),
        }),
        _ => Err(GitError::Malformed("a commit")),
    });
    commits.collect()
}
