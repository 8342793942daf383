//! Routes about what git says of a workspace.

use super::{
    refusals::GIT,
    row::{Row, get},
};

pub(super) const GIT_ROWS: &[Row] = &[
    get("/workspace/git", "Branch and changes")
        .plural()
        .trusted()
        .gives(
            "{ v: 2, workspaceCwd: string, branch: null }
             | {
                v: 2, workspaceCwd: string,
                branch: string, # the short id of a commit where HEAD is detached
                detached: bool, staged: int(0..), unstaged: int(0..), untracked: int(0..), conflicted: int(0..),
                hasUpstream: bool, ahead: int(0..), behind: int(0..), stashCount: int(0..),
                operation?: 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect', computedAt: ms,
             }",
        )
        .refuses(&[GIT]),
    get("/workspace/git/diff", "Which files changed")
        .plural()
        .trusted()
        .gives(
            "{
                v: 1, workspaceCwd: string,
                available: bool, # not outside of a repository, nor before its first commit
                filesCount: int(0..), linesAdded: int(0..), linesRemoved: int(0..),
                files: {
                    path: string, oldPath?: string, added: int(0..), removed: int(0..), isBinary: bool, isUntracked: bool,
                    isDeleted: bool, truncated: bool,
                }[],
                hiddenCount: int(0..), # files that are not named
            }",
        )
        .refuses(&[GIT]),
    get("/workspace/git/diff/file", "What changed in a file")
        .plural()
        .trusted()
        .query("path: string(1..4096), oldPath?: string(1..4096)")
        .gives(
            "{
                v: 1, workspaceCwd: string, path: string, available: bool,
                hunks: {
                    oldStart: int(0..), oldLines: int(0..), newStart: int(0..), newLines: int(0..),
                    lines: string[], # each begins with a space, a plus, a minus or a backslash
                }[],
                truncated?: true,
            }",
        )
        .refuses(&[GIT]),
    get("/workspace/git/log", "The last commits")
        .plural()
        .trusted()
        .query(
            "limit?: int(1..200) = 50, skip?: int(0..1000000) = 0,
             range?: string(..4096), # a revision or a range of them; HEAD where there is none
             all?: '1' | 'true', # every branch and tag
             search?: string(..4096) # in message, author or id",
        )
        .gives("{ v: 1, workspaceCwd: string, available: bool, entries: Commit[], hasMore: bool }")
        .refuses(&[GIT]),
    get("/workspace/git/log/commit", "One commit")
        .plural()
        .trusted()
        .query("sha: string(4..64)")
        .gives(
            "{ v: 1, workspaceCwd: string, available: false }
             | {
                v: 1, workspaceCwd: string, available: true, ...Commit, body: string,
                files: { path: string, added: int(0..), removed: int(0..), isBinary: bool }[], filesCount: int(0..),
                linesAdded: int(0..), linesRemoved: int(0..), hiddenCount: int(0..),
             }",
        )
        .refuses(&[GIT]),
    get("/workspace/git/branches", "The branches")
        .plural()
        .trusted()
        .gives(
            "{
                v: 1, workspaceCwd: string, available: bool, local: Branch[], remote: Branch[],
                tags: { name: string, date: int, subject: string }[], recent: string[], head: string, detached: bool,
            }",
        )
        .refuses(&[GIT]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    (
        "Commit",
        "{
            sha: string, shortSha: string, authorName: string, authorEmail: string,
            authorDate: int, # seconds since 1970
            subject: string, refs?: string, parents: string[],
        }",
    ),
    (
        "Branch",
        "{
            name: string, isHead: bool, upstream?: string, upstreamGone?: true, ahead: int(0..), behind: int(0..),
            pushTarget?: string, pushAhead?: int(0..), pushBehind?: int(0..), pushGone?: true,
            commitDate: int, # seconds since 1970
            commitSubject: string,
        }",
    ),
];
