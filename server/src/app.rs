//! What every handler can reach.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use crate::{
    Config, acp::Acp, admission::Admission, auth::Auth, capabilities::Capabilities, device_flow::SignIns, files::Files,
    lag::Lag, metrics::Metrics, transcript_page::Key, workspaces::Workspaces,
};

/// The daemon's shared state; handlers take it as `State<Arc<App>>`.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub auth: Auth,
    pub admission: Admission,
    pub workspaces: Workspaces,
    /// Connections of editors.
    pub acp: Acp,
    pub files: Files,
    /// Users signing in at identity providers.
    pub sign_ins: SignIns,
    /// Seals the cursors of transcripts.
    pub cursor_key: Key,
    /// The answer of `GET /capabilities`.
    pub capabilities: Capabilities,
    pub metrics: Metrics,
    /// How late the daemon is with what is due.
    pub lag: Arc<Lag>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Names this run of the daemon.
    pub run_id: Box<str>,
    pub started_at: Instant,
}
