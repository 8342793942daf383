//! The directory of sessions.

use roost_core::Millis;

use crate::Config;

/// Every session the daemon knows, live or on disk, and the agent children behind the live ones.
#[derive(Debug)]
pub struct Sessions {}

/// Why the directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use the session store at {path}: {source}")]
    Store { path: std::path::PathBuf, source: std::io::Error },
}

/// Counts for `GET /health?deep=1`.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    pub sessions: usize,
    pub pending_permissions: usize,
    pub active_prompts: usize,
    /// Open event streams.
    pub connected_clients: usize,
    /// Whether an agent child is up.
    pub channel_alive: bool,
    pub last_activity_at: Option<Millis>,
}

impl Sessions {
    /// Reads what an earlier run left.
    pub fn open(_config: &Config) -> Result<Self, OpenError> {
        Ok(Self {})
    }

    pub fn overview(&self) -> Overview {
        Overview::default()
    }

    /// Graceful shutdown: turns are told to end, streams end, children are gone. Returns when all of it is done.
    pub async fn close(&self) {}
}
