//! `POST /file/write` and `POST /file/edit`.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    answer::{FileAnswer, FileResult, blocking},
    workspace::Workspace,
};
use crate::{
    WireError,
    body::JsonBody,
    client_id::ClientHeader,
    files::{EditWish, Edited, Hash, LineEnding, Mode, Refusal, WriteWish, Written},
};

pub(super) async fn write(
    workspace: Workspace,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> FileResult<Written> {
    workspace.check_client(client.as_ref())?;
    let path = named(&body, "path")?;
    let wish = WriteWish {
        content: text(&body, "content")?,
        mode: mode(&body)?,
        bom: bom(&body)?,
        encoding: body.contains_key("encoding").then(|| named(&body, "encoding")).transpose()?,
        line_ending: line_ending(&body)?,
    };
    let write = move || {
        let files = workspace.open()?;
        files.write(&files.path(&path)?, &wish)
    };
    let written = blocking(write).await?;
    let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(FileAnswer { status, body: written })
}

pub(super) async fn edit(
    workspace: Workspace,
    client: Result<ClientHeader, WireError>,
    JsonBody(body): JsonBody,
) -> FileResult<Edited> {
    let path = named(&body, "path")?;
    let wish =
        EditWish { old_text: text(&body, "oldText")?, new_text: text(&body, "newText")?, expected: hash(&body)? };
    if wish.old_text.is_empty() {
        return Err(Refusal::malformed("`oldText` must be a non-empty string").into());
    }
    // Unlike everywhere else, what is asked is looked at before who asks.
    workspace.check_client(client?.0.as_ref())?;
    let edit = move || {
        let files = workspace.open()?;
        files.edit(&files.path(&path)?, &wish)
    };
    blocking(edit).await.map(FileAnswer::ok)
}

fn mode(body: &Map<String, Value>) -> Result<Mode, Refusal> {
    match body.get("mode").and_then(Value::as_str) {
        // A hash is of no use to it, but a malformed one is a mistake.
        Some("create") if body.contains_key("expectedHash") => hash(body).map(|_| Mode::Create),
        Some("create") => Ok(Mode::Create),
        Some("replace") => hash(body).map(|expected| Mode::Replace { expected }),
        Some(_) | None => Err(Refusal::malformed("`mode` must be \"create\" or \"replace\"")),
    }
}

fn hash(body: &Map<String, Value>) -> Result<Hash, Refusal> {
    let hash = body.get("expectedHash").and_then(Value::as_str).and_then(|text| text.parse().ok());
    hash.ok_or_else(|| Refusal::malformed("`expectedHash` must match sha256:<64 lowercase hex chars>"))
}

fn bom(body: &Map<String, Value>) -> Result<Option<bool>, Refusal> {
    let bom = body.get("bom").map(|bom| bom.as_bool().ok_or_else(|| Refusal::malformed("`bom` must be a boolean")));
    bom.transpose()
}

fn line_ending(body: &Map<String, Value>) -> Result<Option<LineEnding>, Refusal> {
    match body.get("lineEnding").map(Value::as_str) {
        None => Ok(None),
        Some(Some("lf")) => Ok(Some(LineEnding::Lf)),
        Some(Some("crlf")) => Ok(Some(LineEnding::Crlf)),
        Some(_) => Err(Refusal::malformed("`lineEnding` must be \"lf\" or \"crlf\"")),
    }
}

fn text(body: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let text = body.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Refusal::malformed(format!("`{name}` must be a string")))
}

fn named(body: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let text = text(body, name).ok().filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::malformed(format!("`{name}` must be a non-empty string")))
}
