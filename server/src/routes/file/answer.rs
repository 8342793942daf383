//! The envelope of the file routes: other than everywhere else, an error is `{errorKind, error, hint?, status}`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::{WireError, files::Refusal};

/// What a file route answers with.
pub(super) type FileResult<T> = Result<FileAnswer<T>, FileError>;

/// Contents of a workspace: never cached, never taken for anything but JSON.
#[derive(Debug)]
pub(super) struct FileAnswer<T> {
    pub(super) status: StatusCode,
    pub(super) body: T,
}

/// A file route's no.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Refused before the file was of interest, in the words of every other route.
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("Internal error")]
    Panicked,
}

impl<T> FileAnswer<T> {
    pub(super) fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body }
    }
}

impl<T: serde::Serialize> IntoResponse for FileAnswer<T> {
    fn into_response(self) -> Response {
        private((self.status, Json(self.body)).into_response())
    }
}

impl IntoResponse for FileError {
    fn into_response(self) -> Response {
        let (status, body) = match &self {
            Self::Refused(refusal) => {
                let status = refusal.status();
                let mut body =
                    json!({ "errorKind": refusal.kind(), "error": refusal.to_string(), "status": status.as_u16() });
                if let Some(hint) = refusal.hint() {
                    body["hint"] = hint.into();
                }
                if let Some(max_bytes) = refusal.max_bytes() {
                    body["maxBytes"] = max_bytes.into();
                }
                (status, body)
            }
            Self::Wire(error) => (error.status(), error.body()),
            Self::Panicked => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                (status, json!({ "errorKind": "internal_error", "error": self.to_string(), "status": status.as_u16() }))
            }
        };
        private((status, Json(body)).into_response())
    }
}

fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Runs a file operation where it may block. It runs to its end even if the client hangs up.
pub(super) async fn blocking<T: Send + 'static>(
    operation: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, FileError> {
    match tokio::task::spawn_blocking(operation).await {
        Ok(done) => done.map_err(FileError::Refused),
        Err(error) => {
            tracing::error!(%error, "a file operation panicked");
            Err(FileError::Panicked)
        }
    }
}
