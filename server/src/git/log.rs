//! `GET /workspace/git/log`: commits, newest first.

use serde::Serialize;

use super::{Commit, Git, GitError};

/// Most commits of one answer.
pub const MAX_LIMIT: usize = 200;
/// Commits of one answer unless the request says otherwise.
pub const LIMIT: usize = 50;
/// Commits that are looked at in a search.
const MAX_SEARCHED: usize = 20_000;

/// Which commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogWish {
    /// From 1 to [`MAX_LIMIT`].
    pub limit: usize,
    pub skip: usize,
    /// A revision or a range of revisions; HEAD if absent.
    pub range: Option<String>,
    /// Every branch and tag, not HEAD alone.
    pub all: bool,
    /// Only commits whose message, author or id has this in it, in whatever case.
    pub search: Option<String>,
}

/// A page of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    /// False outside of a repository, before its first commit, and for a range that does not exist.
    pub available: bool,
    pub entries: Vec<Commit>,
    pub has_more: bool,
}

impl Git {
    /// A page of the log.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn log(&self, wish: &LogWish) -> Result<Log, GitError> {
        let Some(repository) = self.repository().await? else { return Ok(Log::default()) };
        let wanted = wish.skip.saturating_add(wish.limit).saturating_add(1);
        let (count, skip) = match wish.search {
            Some(_) => (MAX_SEARCHED, 0),
            None => (wish.limit + 1, wish.skip),
        };
        let (count, skip) = (format!("--max-count={count}"), format!("--skip={skip}"));
        let mut arguments = vec![count.as_str(), &skip];
        if wish.all {
            arguments.extend(["--branches", "--remotes", "--tags"]);
        }
        arguments.push("--end-of-options");
        arguments.push(wish.range.as_deref().unwrap_or("HEAD"));
        let commits = match repository.commits(&arguments).await {
            Err(GitError::Failed(_)) => return Ok(Log::default()),
            commits => commits?,
        };
        let mut entries: Vec<Commit> = match wish.search.as_deref() {
            None => commits,
            Some(search) => {
                let search = search.to_lowercase();
                let found = commits.into_iter().filter(|commit| has(commit, &search));
                found.take(wanted).skip(wish.skip).collect()
            }
        };
        let has_more = entries.len() > wish.limit;
        entries.truncate(wish.limit);
        Ok(Log { available: true, entries, has_more })
    }
}

fn has(commit: &Commit, search: &str) -> bool {
    let fields = [&commit.subject, &commit.body, &commit.author_name, &commit.author_email];
    commit.sha.starts_with(search) || fields.iter().any(|field| field.to_lowercase().contains(search))
}
