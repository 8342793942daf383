//! `GET /workspace/git…`: what git says, read only. Errors have the shape of the file routes.

use std::path::PathBuf;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::access::Trusted;
use crate::{
    git::{Branches, CommitDetail, FileDiff, Git, GitError, LIMIT, Log, LogWish, MAX_LIMIT, Status, WorkingDiff},
    git_news::GitNews,
    routes::query::Query,
};

/// Longest range, search or path, in bytes.
const MAX_TEXT_BYTES: usize = 4_096;
/// Commits that may be skipped.
const MAX_SKIP: usize = 1_000_000;

/// An answer about the workspace at `workspace_cwd`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About<T> {
    v: u8,
    workspace_cwd: PathBuf,
    #[serde(flatten)]
    said: T,
}

/// `branch` is null outside of a repository.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Standing {
    InRepository(Status),
    Elsewhere { branch: Option<String> },
}

#[derive(Debug, Serialize)]
pub(super) struct OneFile {
    path: String,
    #[serde(flatten)]
    diff: FileDiff,
}

#[derive(Debug, Serialize)]
pub(super) struct OneCommit {
    available: bool,
    #[serde(flatten)]
    commit: Option<CommitDetail>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refused {
    Malformed(&'static str),
    Git(GitError),
}

pub(super) async fn status(Trusted(workspace): Trusted) -> Result<Json<About<Standing>>, Refused> {
    let said = match GitNews::ask(&workspace).await? {
        Some(status) => Standing::InRepository(status),
        None => Standing::Elsewhere { branch: None },
    };
    Ok(Json(About { v: 2, workspace_cwd: workspace.cwd.clone(), said }))
}

pub(super) async fn diff(Trusted(workspace): Trusted) -> Result<Json<About<WorkingDiff>>, Refused> {
    let said = Git::of(&workspace.cwd).diff().await?;
    Ok(Json(About { v: 1, workspace_cwd: workspace.cwd.clone(), said }))
}

pub(super) async fn file_diff(Trusted(workspace): Trusted, query: Query) -> Result<Json<About<OneFile>>, Refused> {
    let named = |name: &str| query.get(name).filter(|path| !path.is_empty() && path.len() <= MAX_TEXT_BYTES);
    let path = named("path").ok_or(Refused::Malformed("the query parameter `path` is required"))?.to_owned();
    let diff = Git::of(&workspace.cwd).file_diff(&path, named("oldPath")).await?;
    Ok(Json(About { v: 1, workspace_cwd: workspace.cwd.clone(), said: OneFile { path, diff } }))
}

pub(super) async fn log(Trusted(workspace): Trusted, query: Query) -> Result<Json<About<Log>>, Refused> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let text = |name: &str| match query.get(name).filter(|text| !text.is_empty()) {
        Some(text) if text.len() > MAX_TEXT_BYTES || text.contains('\0') => {
            Err(Refused::Malformed("a query parameter is too long, or has a NUL"))
        }
        text => Ok(text.map(str::to_owned)),
    };
    let wish = LogWish {
        limit: number("limit").unwrap_or(LIMIT).clamp(1, MAX_LIMIT),
        skip: number("skip").unwrap_or(0).min(MAX_SKIP),
        range: text("range")?,
        all: matches!(query.get("all"), Some("1" | "true")),
        search: text("search")?,
    };
    let said = Git::of(&workspace.cwd).log(&wish).await?;
    Ok(Json(About { v: 1, workspace_cwd: workspace.cwd.clone(), said }))
}

pub(super) async fn commit(Trusted(workspace): Trusted, query: Query) -> Result<Json<About<OneCommit>>, Refused> {
    let is_sha = |sha: &&str| (4..=64).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sha = query.get("sha").filter(is_sha);
    let sha = sha.ok_or(Refused::Malformed("the query parameter `sha` must be 4 to 64 hexadecimal digits"))?;
    let commit = Git::of(&workspace.cwd).commit(sha).await?;
    let said = OneCommit { available: commit.is_some(), commit };
    Ok(Json(About { v: 1, workspace_cwd: workspace.cwd.clone(), said }))
}

pub(super) async fn branches(Trusted(workspace): Trusted) -> Result<Json<About<Branches>>, Refused> {
    let said = Git::of(&workspace.cwd).branches().await?;
    Ok(Json(About { v: 1, workspace_cwd: workspace.cwd.clone(), said }))
}

impl From<GitError> for Refused {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, kind, error) = match self {
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, "parse_error", why.to_owned()),
            Self::Git(error) => {
                tracing::warn!(%error, "git does not answer");
                (StatusCode::SERVICE_UNAVAILABLE, "io_error", error.to_string())
            }
        };
        (status, Json(json!({"errorKind": kind, "error": error, "status": status.as_u16()}))).into_response()
    }
}
