//! `GET /workspace/git/branches`: branches here and elsewhere, tags, and where one has been lately.

use serde::Serialize;

use super::{Git, GitError, repository::Repository};

/// Of each kind, at most so many are named.
const MAX_REFS: usize = 1_000;
/// Branches one has been on lately.
const MAX_RECENT: usize = 10;
/// How far back that is looked for, in moves of HEAD.
const MAX_MOVES: &str = "--max-count=500";

const FORMAT: &str = "--format=%(refname)%00%(refname:short)%00%(HEAD)%00%(upstream:short)%00%(upstream:track,nobracket)%00\
                      %(push:short)%00%(push:track,nobracket)%00%(creatordate:unix)%00%(symref)%00%(contents:subject)";

/// What points at commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Branches {
    /// False outside of a repository.
    pub available: bool,
    /// The ones changed last come first.
    pub local: Vec<Branch>,
    pub remote: Vec<Branch>,
    pub tags: Vec<Tag>,
    /// Local branches one has been on before, the last one first.
    pub recent: Vec<String>,
    /// The branch; the short id of a commit where HEAD is detached.
    pub head: String,
    pub detached: bool,
}

/// A branch, and how it stands to the one it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    pub name: String,
    pub is_head: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// What it follows is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub upstream_gone: bool,
    pub ahead: u32,
    pub behind: u32,
    #[serde(flatten)]
    pub push: Option<Push>,
    /// Seconds since 1970.
    pub commit_date: i64,
    pub commit_subject: String,
}

/// Where a push would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    pub push_target: String,
    pub push_ahead: u32,
    pub push_behind: u32,
    /// It is not there yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub push_gone: bool,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    pub name: String,
    /// Seconds since 1970.
    pub date: i64,
    pub subject: String,
}

/// `ahead 1, behind 2` or `gone`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Track {
    ahead: u32,
    behind: u32,
    is_gone: bool,
}

impl Git {
    /// All branches and tags.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn branches(&self) -> Result<Branches, GitError> {
        let Some(repository) = self.repository().await? else { return Ok(Branches::default()) };
        let mut branches = Branches { available: true, ..Branches::default() };
        let mut taken = [0_usize; 3];
        let asked = ["for-each-ref", "--sort=-creatordate", FORMAT, "refs/heads", "refs/remotes", "refs/tags"];
        for line in repository.git.text(asked).await?.lines() {
            branches.take(line, &mut taken)?;
        }
        (branches.head, branches.detached) = repository.head().await?;
        branches.recent = repository.recent(&branches).await?;
        Ok(branches)
    }
}

impl Branches {
    fn take(&mut self, line: &str, taken: &mut [usize; 3]) -> Result<(), GitError> {
        let fields: Vec<&str> = line.split('\0').collect();
        let [name, short, head, upstream, track, push, push_track, date, symref, subject] = fields[..] else {
            return Err(GitError::Malformed("a ref"));
        };
        let date = date.parse().unwrap_or(0);
        let mut has_room = |kind: usize| {
            taken[kind] += 1;
            taken[kind] <= MAX_REFS
        };
        let branch = || Branch {
            name: short.to_owned(),
            is_head: head == "*",
            upstream: (!upstream.is_empty()).then(|| upstream.to_owned()),
            upstream_gone: Track::parse(track).is_gone,
            ahead: Track::parse(track).ahead,
            behind: Track::parse(track).behind,
            push: (!push.is_empty()).then(|| Push::to(push, Track::parse(push_track))),
            commit_date: date,
            commit_subject: subject.to_owned(),
        };
        if name.starts_with("refs/heads/") && has_room(0) {
            self.local.push(branch());
        } else if name.starts_with("refs/remotes/") && symref.is_empty() && has_room(1) {
            self.remote.push(branch());
        } else if name.starts_with("refs/tags/") && has_room(2) {
            self.tags.push(Tag { name: short.to_owned(), date, subject: subject.to_owned() });
        }
        Ok(())
    }
}

impl Push {
    fn to(target: &str, track: Track) -> Self {
        Self {
            push_target: target.to_owned(),
            push_ahead: track.ahead,
            push_behind: track.behind,
            push_gone: track.is_gone,
        }
    }
}

impl Track {
    fn parse(text: &str) -> Self {
        let count = |word: &str| {
            let counts = text.split(", ").find_map(|part| part.strip_prefix(word)?.trim().parse().ok());
            counts.unwrap_or(0)
        };
        Self { ahead: count("ahead"), behind: count("behind"), is_gone: text == "gone" }
    }
}

impl Repository {
    /// The branch, or the short id of a commit and that HEAD is detached. A branch without commits has a name all the same.
    async fn head(&self) -> Result<(String, bool), GitError> {
        match self.git.text(["symbolic-ref", "--quiet", "--short", "HEAD"]).await {
            Ok(name) => Ok((name.trim().to_owned(), false)),
            Err(GitError::Failed(_)) => {
                let sha = self.git.text(["rev-parse", "--short", "HEAD"]).await?;
                Ok((sha.trim().to_owned(), true))
            }
            Err(error) => Err(error),
        }
    }

    async fn recent(&self, branches: &Branches) -> Result<Vec<String>, GitError> {
        let moves = self.git.text(["log", "--walk-reflogs", MAX_MOVES, "--format=%gs", "HEAD", "--"]).await;
        let moves = match moves {
            Ok(moves) => moves,
            // There is nothing to walk before the first commit.
            Err(GitError::Failed(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut recent: Vec<String> = Vec::new();
        for moved in moves.lines() {
            let Some((from, to)) = moved.strip_prefix("checkout: moving from ").and_then(|way| way.split_once(" to "))
            else {
                continue;
            };
            for name in [to, from] {
                let is_new = name != branches.head && !recent.iter().any(|known| known == name);
                if is_new && branches.local.iter().any(|branch| branch.name == name) {
                    recent.push(name.to_owned());
                }
            }
        }
        recent.truncate(MAX_RECENT);
        Ok(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_branch_stands_is_read_from_gits_words() {
        let track = |ahead, behind, is_gone| Track { ahead, behind, is_gone };
        for (text, expected) in [
            ("", track(0, 0, false)),
            ("ahead 3", track(3, 0, false)),
            ("behind 2", track(0, 2, false)),
            ("ahead 1, behind 12", track(1, 12, false)),
            ("gone", track(0, 0, true)),
        ] {
            assert_eq!(Track::parse(text), expected, "{text}");
        }
    }
}
