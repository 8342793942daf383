//! What changes nothing.

use super::{
    answer::{FileAnswer, FileResult, blocking},
    query::Query,
    workspace::Workspace,
};
use crate::{
    client_id::ClientHeader,
    files::{
        BytesRead, BytesWish, FileRead, GlobWish, Globbed, Listing, ReadCursor, ReadWish, Refusal, Start, StatAnswer,
    },
};

const DEFAULT_BYTES: usize = 64 * 1024;
const DEFAULT_MATCHES: usize = 5_000;

pub(super) async fn text(workspace: Workspace, _: ClientHeader, query: Query) -> FileResult<FileRead> {
    let path = query.required("path")?.to_owned();
    let wish = ReadWish { start: start(&query)?, max_lines: query.limit()?, max_bytes: query.max_bytes()? };
    let read = move || {
        let files = workspace.open()?;
        files.read(&files.path(&path)?, wish)
    };
    blocking(read).await.map(FileAnswer::ok)
}

fn start(query: &Query) -> Result<Start, Refusal> {
    let cursor = query.get("cursor").map(ReadCursor::parse).transpose();
    let cursor = cursor.map_err(|error| Refusal::malformed(error.to_string()))?;
    match (query.line()?, cursor) {
        (Some(_), Some(_)) => Err(Refusal::malformed("`cursor` and `line` exclude each other")),
        (Some(line), None) => Ok(Start::Line(line)),
        (None, Some(cursor)) => Ok(Start::Cursor(cursor)),
        (None, None) => Ok(Start::Beginning),
    }
}

pub(super) async fn bytes(workspace: Workspace, _: ClientHeader, query: Query) -> FileResult<BytesRead> {
    let path = query.required("path")?.to_owned();
    let wish =
        BytesWish { offset: query.offset()?.unwrap_or(0), max_bytes: query.max_bytes()?.unwrap_or(DEFAULT_BYTES) };
    let read = move || {
        let files = workspace.open()?;
        files.bytes(&files.path(&path)?, wish)
    };
    blocking(read).await.map(FileAnswer::ok)
}

pub(super) async fn stat(workspace: Workspace, _: ClientHeader, query: Query) -> FileResult<StatAnswer> {
    let path = query.required("path")?.to_owned();
    let look = move || {
        let files = workspace.open()?;
        files.stat(&files.path(&path)?)
    };
    blocking(look).await.map(FileAnswer::ok)
}

pub(super) async fn list(workspace: Workspace, _: ClientHeader, query: Query) -> FileResult<Listing> {
    let path = query.required("path")?.to_owned();
    let include_ignored = query.flag("includeIgnored");
    let list = move || {
        let files = workspace.open()?;
        files.list(&files.path(&path)?, include_ignored)
    };
    blocking(list).await.map(FileAnswer::ok)
}

pub(super) async fn glob(workspace: Workspace, _: ClientHeader, query: Query) -> FileResult<Globbed> {
    let wish = GlobWish {
        pattern: query.required("pattern")?.to_owned(),
        cwd: query.get("cwd").map(str::to_owned),
        max_results: query.max_results()?.unwrap_or(DEFAULT_MATCHES),
        include_ignored: query.flag("includeIgnored"),
    };
    blocking(move || workspace.open()?.glob(wish)).await.map(FileAnswer::ok)
}
