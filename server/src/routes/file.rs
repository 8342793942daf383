//! Files: `/file`, `/stat`, `/list`, `/glob` of the primary workspace, and the same under `/workspaces/:workspace`.

mod answer;
mod query;
mod read;
mod upload;
mod workspace;
mod write;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::App;

/// The table of routes.
pub fn routes() -> Router<Arc<App>> {
    table("").merge(table("/workspaces/{workspace}"))
}

fn table(workspace: &str) -> Router<Arc<App>> {
    let at = |path: &str| format!("{workspace}{path}");
    Router::new()
        .route(&at("/file"), get(read::text))
        .route(&at("/file/bytes"), get(read::bytes))
        .route(&at("/stat"), get(read::stat))
        .route(&at("/list"), get(read::list))
        .route(&at("/glob"), get(read::glob))
        .route(&at("/file/write"), post(write::write))
        .route(&at("/file/edit"), post(write::edit))
        .route(&at("/file/upload"), post(upload::upload))
}
