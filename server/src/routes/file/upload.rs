//! `POST /file/upload`: a body of any kind, written as it comes.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{
    answer::{FileAnswer, FileError, FileResult, blocking},
    query::Query,
    workspace::Workspace,
};
use crate::{
    App, WireError,
    body::{self, MIN_BODY_BYTES_PER_SECOND},
    client_id::ClientHeader,
    files::{MAX_UPLOAD_BYTES, Refusal, Upload, Uploaded},
};

pub(super) async fn upload(
    State(app): State<Arc<App>>,
    workspace: Workspace,
    ClientHeader(client): ClientHeader,
    query: Query,
    request: Request,
) -> FileResult<Uploaded> {
    let allowance = app.config.timeouts.body_read;
    let (head, mut body) = request.into_parts();
    let uploaded = async {
        workspace.check_client(client.as_ref())?;
        let path = wanted(&head.headers, &query)?;
        let begin = move || {
            let files = workspace.open()?;
            files.upload(&files.path(&path)?)
        };
        let upload = receive(blocking(begin).await?, &mut body, allowance).await?;
        blocking(move || upload.finish()).await
    };
    match uploaded.await {
        Ok(uploaded) => Ok(FileAnswer { status: StatusCode::CREATED, body: uploaded }),
        Err(error) => {
            body::discard(body, allowance);
            Err(error)
        }
    }
}

/// The path, if the head promises what is taken here.
fn wanted(headers: &HeaderMap, query: &Query) -> Result<String, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/octet-stream") {
        return Err(Refusal::NotOctets);
    }
    let path = query.required("path")?;
    if path.ends_with('/') {
        return Err(Refusal::malformed("`path` must name a file"));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_UPLOAD_BYTES) {
        return Err(Refusal::UploadTooLarge);
    }
    Ok(path.to_owned())
}

/// Writes the body to disk at the pace at which any body must come.
async fn receive(mut upload: Upload, body: &mut Body, allowance: Duration) -> Result<Upload, FileError> {
    let started = Instant::now();
    let mut received = 0;
    loop {
        let earned = Duration::from_secs_f64(received as f64 / f64::from(MIN_BODY_BYTES_PER_SECOND));
        let frame = tokio::time::timeout_at(started + allowance + earned, body.frame()).await;
        let frame =
            frame.map_err(|_| WireError::new(StatusCode::REQUEST_TIMEOUT, "The request body arrived too slowly"))?;
        let Some(frame) = frame else { return Ok(upload) };
        let Ok(piece) = frame.map_err(|_| Refusal::malformed("The request body ended early"))?.into_data() else {
            continue;
        };
        received += piece.len();
        upload = blocking(move || upload.push(&piece).map(|()| upload)).await?;
    }
}
