//! What a directory shows of itself: counts and the list.

use std::sync::Arc;

use roost_core::{Millis, session::Status};
use tokio::task::JoinError;

use super::Sessions;
use crate::store::{Shelf, Summary};

/// Counts for `GET /health?deep=1`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overview {
    pub sessions: usize,
    pub pending_permissions: usize,
    pub active_prompts: usize,
    /// Running and queued.
    pub pending_prompts: usize,
    pub queued_prompts: usize,
    /// Agent children that are up.
    pub agents: usize,
    /// Open event streams.
    pub connected_clients: usize,
    /// Whether an agent child is up.
    pub channel_alive: bool,
    pub last_activity_at: Option<Millis>,
}

impl Overview {
    /// This and another, taken together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            sessions: self.sessions + other.sessions,
            pending_permissions: self.pending_permissions + other.pending_permissions,
            active_prompts: self.active_prompts + other.active_prompts,
            pending_prompts: self.pending_prompts + other.pending_prompts,
            queued_prompts: self.queued_prompts + other.queued_prompts,
            agents: self.agents + other.agents,
            connected_clients: self.connected_clients + other.connected_clients,
            channel_alive: self.channel_alive || other.channel_alive,
            last_activity_at: self.last_activity_at.max(other.last_activity_at),
        }
    }
}

/// One session of the list, with what is known of it while it lives.
#[derive(Debug)]
pub struct Listed {
    pub summary: Summary,
    pub live: Option<Status>,
}

impl Sessions {
    /// Every session on a shelf of the workspace, the most recently active first.
    ///
    /// # Errors
    /// The list could not be made.
    pub async fn list(&self, shelf: Shelf) -> Result<Vec<Listed>, JoinError> {
        let directory = Arc::clone(&self.0);
        let listed = tokio::task::spawn_blocking(move || match shelf {
            Shelf::Active => directory.catalogue.list(),
            Shelf::Archive => directory.archived.list(),
        })
        .await?;
        let with_status = |summary: Summary| {
            let live = self.get(summary.session_id.as_str()).map(|live| live.machine().status());
            Listed { summary, live }
        };
        Ok(listed.into_iter().map(with_status).collect())
    }

    /// What the daemon is doing.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let states: Vec<Status> = self.all().iter().map(|live| live.machine().status()).collect();
        let seen = states.iter().map(|status| status.last_seen_at.unwrap_or_default().max(status.updated_at));
        Overview {
            sessions: states.len(),
            pending_permissions: states.iter().map(|status| status.pending_interactions.len()).sum(),
            active_prompts: states.iter().filter(|status| status.has_active_prompt).count(),
            pending_prompts: states.iter().map(|status| status.pending_prompt_count).sum(),
            queued_prompts: states.iter().map(|status| status.queued_prompt_count).sum(),
            agents: usize::from(self.0.host.is_alive()),
            connected_clients: self.0.wide.open_streams().count(),
            channel_alive: self.0.host.is_alive(),
            last_activity_at: seen.max(),
        }
    }
}
