//! Where requests go.

mod acp;
mod archive;
pub mod auth;
pub mod capabilities;
mod export;
pub mod file;
mod group;
pub mod health;
pub mod page;
mod path;
mod query;
mod registrations;
pub mod session;
mod transcript;
mod turn;
pub mod workspace;
mod workspaces;

use std::sync::Arc;

use axum::{Router, routing};

use crate::{App, admission::gate};

/// Every route of the daemon. Admission has happened before; the strict gate is laid around each route here, where it has work to do.
pub fn router(app: &Arc<App>) -> Router {
    let routes = Router::new()
        .route("/health", routing::get(health::show))
        .route("/capabilities", routing::get(capabilities::show))
        .route("/auth/exchange", routing::post(auth::exchange))
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
    let routes = if gate::is_needed(app) { routes.route_layer(gate::layer(app)) } else { routes };
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
