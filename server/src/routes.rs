//! Where requests go.

pub mod auth;
pub mod capabilities;
pub mod health;
pub mod page;
pub mod session;
pub mod workspace;

use std::sync::Arc;

use axum::{Router, routing};

use crate::{App, admission::gate};

/// Every route of the daemon. Admission has happened before; the strict gate and the pattern for the log are laid around each route here.
pub fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/health", routing::get(health::show))
        .route("/capabilities", routing::get(capabilities::show))
        .route("/auth/exchange", routing::post(auth::exchange))
        .merge(session::routes())
        .merge(workspace::routes())
        .method_not_allowed_fallback(page::show)
        .route_layer(gate::layer(app))
        .fallback(page::show)
        .with_state(Arc::clone(app))
}
