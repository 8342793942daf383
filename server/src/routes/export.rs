//! `GET /session/:id/export`.

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};
use tokio::task::spawn_blocking;

use super::{path::NamedSession, query::Query, transcript, workspace::access::Visible};
use crate::{
    App, WireError, clock,
    export::{self, Format, Subject},
    store::Shelf,
    transcript_page::PageError,
};

/// The table of routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/session/{id}/export", get(active))
        .route("/workspaces/{workspace}/session/{session}/export", get(active))
        .route("/workspaces/{workspace}/session/{session}/archive/export", get(archived))
}

async fn active(_: Visible, named: NamedSession, query: Query) -> Result<Response, WireError> {
    export(Shelf::Active, named, &query).await
}

async fn archived(_: Visible, named: NamedSession, query: Query) -> Result<Response, WireError> {
    export(Shelf::Archive, named, &query).await
}

async fn export(shelf: Shelf, named: NamedSession, query: &Query) -> Result<Response, WireError> {
    let NamedSession { workspace, id } = named;
    let format = format(query.get("format"))?;
    let _share = workspace.sessions.locks().share(&id)?;
    let past = transcript::past(&workspace, shelf, &id).await?;
    let subject =
        Subject { session_id: id.clone(), cwd: workspace.cwd.display().to_string(), exported_at: clock::now() };
    let name = format!("qwen-code-export-{}.{}", dashed(&subject), format.extension());
    let rendered = spawn_blocking(move || {
        let transcript = past.snapshot().map_err(PageError::from)?.fold();
        Ok(export::render(&transcript, &subject, format))
    });
    let text = rendered.await.map_err(|_| WireError::internal())?;
    let text = text.map_err(|error: PageError| transcript::refused(&error, &id))?;
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(|_| WireError::internal())?),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, text).into_response())
}

fn format(name: Option<&str>) -> Result<Format, WireError> {
    let Some(name) = name else { return Ok(Format::Html) };
    Format::parse(name).ok_or_else(|| {
        WireError::bad_request("Invalid export format")
            .code("invalid_export_format")
            .with("format", name)
            .with("allowedFormats", Format::NAMES)
    })
}

/// The moment as a file can be called: `2026-01-31T08-05-09-042Z`.
fn dashed(subject: &Subject) -> String {
    subject.exported_at.to_iso().replace([':', '.'], "-")
}
