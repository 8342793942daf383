//! `/session/:id/artifacts`: what a session has made or points at, as its clients declare it.

use std::{path::Path as FilePath, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use roost_core::{
    ClientId, SessionId,
    artifact::{Artifact, ArtifactWish, InvalidArtifact, Look, Place},
    session::{ArtifactChange, ArtifactRefused, Command, Session},
};
use serde::Serialize;

use super::{answer, command, live, refusal};
use crate::{
    App, WireError,
    body::JsonBody,
    client_id::ClientHeader,
    clock,
    driver::LiveSession,
    files::{Files, Refusal},
};

/// Largest file whose content is given, in bytes.
const MAX_CONTENT_BYTES: usize = 10 * 1024 * 1024;

/// What no browser does anything else with than show it.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("pdf", "application/pdf"),
];

/// A file of the workspace is nothing to run, whatever it is: it is saved, not opened.
const INERT: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; sandbox"),
    ("cache-control", "private, no-store"),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    v: u8,
    session_id: SessionId,
    artifacts: Vec<Artifact>,
    generated_at: String,
    limits: Limits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    max_artifacts: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    v: u8,
    session_id: SessionId,
    changes: Vec<ArtifactChange>,
}

/// The files are looked at now.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<Listed>, WireError> {
    let live = live(&app, &id)?;
    refusal::check_registered(&live, client.as_ref())?;
    let (artifacts, files, cwd) = (live.machine().artifacts(), app.files.clone(), Arc::clone(&live.cwd));
    let artifacts = blocking(move || as_they_are(artifacts, &files, &cwd)).await?;
    let limits = Limits { max_artifacts: Session::MAX_ARTIFACTS };
    let generated_at = clock::now().to_iso();
    Ok(Json(Listed { v: 1, session_id: SessionId::from(id), artifacts, generated_at, limits }))
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ClientHeader(client): ClientHeader,
    JsonBody(body): JsonBody,
) -> Result<Json<Changed>, WireError> {
    let client = declarer(client)?;
    let live = live(&app, &id)?;
    // Whoever is nobody here learns nothing about files.
    refusal::check_registered(&live, Some(&client))?;
    let wish = ArtifactWish::read(&body).map_err(|error| WireError::invalid_artifact(&error))?;
    let look = look(&app, &live, &wish.place).await?;
    change(&app, id, client, Command::AddArtifact { wish: Box::new(wish), look }).await
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path((id, artifact)): Path<(String, String)>,
    ClientHeader(client): ClientHeader,
) -> Result<Json<Changed>, WireError> {
    let client = declarer(client)?;
    change(&app, id, client, Command::RemoveArtifact { id: artifact.into() }).await
}

/// Nobody declares or removes an artifact in the name of nobody.
fn declarer(client: Option<ClientId>) -> Result<ClientId, WireError> {
    client.ok_or_else(|| {
        let said = "An artifact is declared and removed under the X-Qwen-Client-Id of a client of the session.";
        WireError::new(StatusCode::FORBIDDEN, said).code("client_id_required").with("errorKind", "client_id_required")
    })
}

async fn change(app: &App, id: String, client: ClientId, wish: Command) -> Result<Json<Changed>, WireError> {
    let answered = command(app, &id, Some(client), wish).await?;
    let changes = answer!(answered, ChangeArtifacts).map_err(|error| match error {
        ArtifactRefused::Refused(error) => refusal::refused(&error, &id),
        ArtifactRefused::Invalid(error) => WireError::invalid_artifact(&error),
        ArtifactRefused::NotTheirs { id: artifact } => WireError::new(
            StatusCode::FORBIDDEN,
            format!("Artifact \"{artifact}\" was declared by another client of the session, which alone may change it"),
        )
        .code("session_artifact_forbidden")
        .with("sessionId", &id)
        .with("artifactId", artifact),
    })?;
    Ok(Json(Changed { v: 1, session_id: SessionId::from(id), changes }))
}

/// The content of a file that an artifact points at, to be saved.
pub(super) async fn content(
    State(app): State<Arc<App>>,
    Path((id, artifact)): Path<(String, String)>,
    ClientHeader(client): ClientHeader,
) -> Result<Response, WireError> {
    let live = live(&app, &id)?;
    refusal::check_registered(&live, client.as_ref())?;
    let place = live.machine().artifact(&artifact).map(|artifact| artifact.place.clone());
    let place = place.ok_or_else(|| unavailable("The session has no such artifact."))?;
    let path =
        place.workspace_path().ok_or_else(|| unavailable("The artifact is no file of the workspace."))?.to_owned();
    let (files, cwd, asked) = (app.files.clone(), Arc::clone(&live.cwd), path.clone());
    let read = move || {
        let files = files.of(&cwd)?;
        files.whole(&files.path(&asked)?, MAX_CONTENT_BYTES)
    };
    let bytes = blocking(read).await?.map_err(|refused| unreadable(&refused))?;
    Ok(inert(&path, bytes))
}

fn inert(path: &str, bytes: Vec<u8>) -> Response {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut headers = HeaderMap::new();
    for &(header, value) in INERT {
        headers.insert(HeaderName::from_static(header), HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name, &bytes)));
    headers.extend(HeaderValue::try_from(disposition(name)).ok().map(|saved| (header::CONTENT_DISPOSITION, saved)));
    (headers, bytes).into_response()
}

fn media_type(name: &str, bytes: &[u8]) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let known = MEDIA_TYPES.iter().find(|(ending, _)| **ending == extension);
    let other =
        if std::str::from_utf8(bytes).is_ok() { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    known.map_or(other, |(_, media_type)| media_type)
}

/// The file's own name, in the form that takes any letter.
fn disposition(name: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename*=UTF-8''{encoded}")
}

fn unavailable(why: &str) -> WireError {
    WireError::new(StatusCode::NOT_FOUND, "artifact_snapshot_unavailable").with("message", why)
}

fn unreadable(refused: &Refusal) -> WireError {
    match refused {
        Refusal::TooLarge { .. } => WireError::new(StatusCode::PAYLOAD_TOO_LARGE, "artifact_too_large")
            .with("message", format!("{refused}. GET /file/bytes gives it piece by piece.")),
        _ => unavailable(&format!("The artifact's file cannot be read: {refused}")),
    }
}

/// How the file of a new artifact looks.
async fn look(app: &App, live: &LiveSession, place: &Place) -> Result<Look, WireError> {
    let Some(path) = place.workspace_path().map(str::to_owned) else { return Ok(Look::None) };
    let (files, cwd) = (app.files.clone(), Arc::clone(&live.cwd));
    let look = move || {
        let files = files.of(&cwd)?;
        files.look(&files.path(&path)?, |_| true)
    };
    blocking(look).await?.map_err(|refused: Refusal| {
        let said = format!("workspacePath must lead to a file in the workspace: {refused}");
        WireError::invalid_artifact(&InvalidArtifact::of("workspacePath", said))
    })
}

/// A file that cannot be looked at is as good as missing.
fn as_they_are(mut artifacts: Vec<Artifact>, files: &Files, cwd: &FilePath) -> Vec<Artifact> {
    let files = files.of(cwd);
    for artifact in &mut artifacts {
        let Some(path) = artifact.place.workspace_path() else { continue };
        let looked = files.as_ref().ok().and_then(|files| {
            let path = files.path(path).ok()?;
            files.look(&path, |seen| artifact.is_told_by_bytes(seen)).ok()
        });
        let look = looked.unwrap_or(Look::Missing);
        artifact.compare(&look);
    }
    artifacts
}

async fn blocking<T: Send + 'static>(operation: impl FnOnce() -> T + Send + 'static) -> Result<T, WireError> {
    tokio::task::spawn_blocking(operation).await.map_err(|error| {
        tracing::error!(%error, "looking at an artifact's file panicked");
        WireError::internal()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_run_is_given_as_plain_text() {
        for name in ["page.html", "image.svg", "script.js", "feed.xml", "style.css", "plain", "a.xhtml"] {
            assert_eq!(media_type(name, b"<script>"), "text/plain; charset=utf-8", "{name}");
        }
        assert_eq!(media_type("tool", &[0xff, 0xfe]), "application/octet-stream");
        assert_eq!(media_type("a.PNG", &[0xff]), "image/png");
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        assert_eq!(disposition("a\"; b\r\nä.txt"), "attachment; filename*=UTF-8''a%22%3B%20b%0D%0A%C3%A4%2Etxt");
    }
}
