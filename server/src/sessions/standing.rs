//! Whether sessions may come, and how all of them go: shutdown, and the removal of a workspace.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use roost_core::session::Status;

use super::{Sessions, table::Table};
use crate::{child::StartError, driver::LiveSession};

/// What an agent gets to end by itself.
const AGENT_GRACE: Duration = Duration::from_secs(2);
/// What sessions that were on their way get to come to nothing, once they have no agent.
const ARRIVAL_GRACE: Duration = Duration::from_secs(5);

/// Whether sessions may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    #[default]
    Open,
    /// The workspace is being removed.
    Draining,
    /// The daemon stops, or the workspace is gone.
    Closed,
}

/// What keeps a workspace busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    pub sessions: usize,
    pub active_prompts: usize,
    /// Sessions that are being made or brought back.
    pub pending_starts: usize,
}

/// No session can come: the workspace is being removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the workspace {} is being removed", workspace_cwd.display())]
pub struct Draining {
    pub workspace_cwd: PathBuf,
}

/// What became of starting an agent ahead of its use.
#[derive(Clone, Debug)]
pub struct Preheated {
    pub outcome: Result<(), PreheatError>,
    pub took: Duration,
}

/// Why there is no agent yet.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PreheatError {
    #[error("the agent has not started within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error(transparent)]
    Start(#[from] Arc<StartError>),
}

impl Activity {
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

impl Draining {
    pub(super) fn of(sessions: &Sessions) -> Self {
        Self { workspace_cwd: sessions.0.cwd.clone() }
    }
}

impl Sessions {
    /// What is going on.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.table().activity()
    }

    /// Lets no session come from now on, if nothing goes on or `regardless`. Tells what goes on.
    ///
    /// # Errors
    /// Somebody drains already.
    pub(crate) fn drain(&self, regardless: bool) -> Result<Activity, Draining> {
        let mut table = self.table();
        if table.standing != Standing::Open {
            return Err(Draining::of(self));
        }
        let activity = table.activity();
        if regardless || activity.is_none() {
            table.standing = Standing::Draining;
        }
        Ok(activity)
    }

    /// Takes [`Self::drain`] back.
    pub(crate) fn reopen_for_sessions(&self) {
        let mut table = self.table();
        if table.standing == Standing::Draining {
            table.standing = Standing::Open;
        }
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.table().standing != Standing::Open
    }

    /// Ends everything in order: prompts get their terminal, streams end, records are on disk, the agent and all it started is gone.
    pub async fn close(&self, reason: &str) {
        self.table().standing = Standing::Closed;
        end_all(self.all(), reason).await;
        self.0.host.close(AGENT_GRACE).await;
        // What was on its way when this began has no agent now, and comes to nothing.
        let rest = async {
            loop {
                let arrived = self.0.arrived.notified();
                let (live, pending) = {
                    let table = self.table();
                    (table.live.values().cloned().collect::<Vec<_>>(), table.activity().pending_starts)
                };
                if live.is_empty() && pending == 0 {
                    return;
                }
                if live.is_empty() {
                    arrived.await;
                }
                end_all(live, reason).await;
            }
        };
        if tokio::time::timeout(ARRIVAL_GRACE, rest).await.is_err() {
            tracing::warn!(workspace = %self.0.cwd.display(), "a session did not end in time");
        }
    }

    /// Whether an agent is up.
    #[must_use]
    pub fn has_agent(&self) -> bool {
        self.0.host.is_alive()
    }

    /// Starts the agent ahead of its first session. It goes on starting when the patience has run out.
    pub async fn preheat(&self, patience: Duration) -> Preheated {
        let started = Instant::now();
        let outcome = match tokio::time::timeout(patience, self.0.host.preheat()).await {
            Ok(outcome) => outcome.map_err(PreheatError::from),
            Err(_) => Err(PreheatError::Timeout(patience)),
        };
        Preheated { outcome, took: started.elapsed() }
    }
}

impl Sessions {
    /// Ends the agent whatever it is doing and starts another. Sessions that it served are lost with it, and come back with their next
    /// prompt or load. One that is just starting is waited for and kept.
    pub async fn restart_agent(&self, patience: Duration) -> Preheated {
        self.0.host.end_running().await;
        self.preheat(patience).await
    }
}

impl Table {
    fn activity(&self) -> Activity {
        let is_active = |status: &Status| status.has_active_prompt;
        let statuses = self.live.values().map(|live| live.machine().status());
        Activity {
            sessions: self.live.len(),
            active_prompts: statuses.filter(is_active).count(),
            pending_starts: self.creating + self.restoring.len(),
        }
    }
}

async fn end_all(live: Vec<Arc<LiveSession>>, reason: &str) {
    join_all(live.iter().map(|session| async {
        session.kill(reason).await;
        session.retired().await;
    }))
    .await;
}
