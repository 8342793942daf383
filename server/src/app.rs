//! What every handler can reach.

use std::time::Instant;

use bytes::Bytes;

use crate::{
    Config, admission::Admission, auth::Auth, files::Files, organization::Sidecar, sessions::Sessions,
    transcript_page::Key,
};

/// The daemon's shared state; handlers take it as `State<Arc<App>>`.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub auth: Auth,
    pub admission: Admission,
    pub sessions: Sessions,
    pub files: Files,
    pub organization: Sidecar,
    /// Seals the cursors of transcripts.
    pub cursor_key: Key,
    /// The answer of `GET /capabilities`.
    pub capabilities: Bytes,
    pub started_at: Instant,
}
