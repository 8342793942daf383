//! Where requests go.

mod acp;
mod archive;
pub mod auth;
pub mod capabilities;
mod daemon;
mod export;
pub mod file;
mod group;
pub mod health;
pub mod options;
pub mod page;
pub mod path;
mod query;
mod registrations;
pub mod session;
pub mod table;
mod transcript;
mod turn;
pub mod workspace;
mod workspaces;

use std::sync::Arc;

use axum::{Router, body::Body, routing};
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tower_service::Service;

use self::table::Table;
use crate::{App, admission::gate};

/// Routes in which a workspace says how it is, as far as there are such.
const STATUS_SECTIONS: [&str; 8] = ["mcp", "skills", "providers", "env", "preflight", "hooks", "extensions", "tools"];

/// Every route of the daemon. Admission has happened before; the strict gate is laid around each route here, where it has work to do.
pub fn router(app: &Arc<App>) -> Router {
    let routes = Router::new()
        .route("/health", routing::get(health::show))
        .route("/capabilities", routing::get(capabilities::show))
        .route("/auth/exchange", routing::post(auth::exchange))
        .merge(daemon::routes())
        .merge(session::routes())
        .merge(workspace::routes())
        .merge(workspaces::routes())
        .merge(registrations::routes())
        .merge(group::routes())
        .merge(archive::routes())
        .merge(export::routes())
        .merge(transcript::routes())
        .merge(turn::routes())
        .merge(file::routes())
        .method_not_allowed_fallback(page::show);
    let routes = if gate::is_closed(app) { routes.route_layer(gate::layer()) } else { routes };
    let routes = routes.fallback(page::show);
    let routes = match app.config.acp {
        Some(_) => {
            let others = routes.clone().with_state(Arc::clone(app));
            routes.merge(acp::routes(others))
        }
        None => routes,
    };
    routes.with_state(Arc::clone(app))
}

/// The names of the routes under `/workspace` in which a workspace says how it is.
#[must_use]
pub fn status_sections() -> Vec<&'static str> {
    let exists = |name: &&str| Table::get().has(&Method::GET, &format!("/workspace/{name}"));
    STATUS_SECTIONS.into_iter().filter(exists).collect()
}

/// Asks one of the primary workspace's routes, without a socket.
///
/// # Errors
/// What it said instead of an answer.
pub async fn ask(app: &Arc<App>, path: &str) -> Result<Value, String> {
    let request = Request::get(path).body(Body::empty()).map_err(|error| error.to_string())?;
    let Ok(answer) = workspace::routes().with_state::<()>(Arc::clone(app)).call(request).await;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let said: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    if head.status.is_success() {
        return Ok(said);
    }
    Err(said["error"].as_str().map_or_else(|| head.status.to_string(), str::to_owned))
}
