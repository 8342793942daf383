//! Which sessions are live, which are on their way, and how many there may be.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
};

use futures_util::future::{BoxFuture, Shared};
use roost_core::{ClientId, SessionId};

use super::{CreateError, Restore, RestoreError, standing::Standing};
use crate::{driver::LiveSession, git::Worktree, mcp_servers::McpServers};

/// Sessions remembered after their agent was lost, so that a prompt can revive them.
const MAX_DIED: usize = 1_024;

/// A creation somebody waits for.
pub(super) type Creating = Shared<BoxFuture<'static, Result<Arc<LiveSession>, CreateError>>>;
/// A restore somebody waits for.
pub(super) type Restoring = Shared<BoxFuture<'static, Result<Arc<LiveSession>, RestoreError>>>;

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) live: HashMap<SessionId, Arc<LiveSession>>,
    /// The session that everybody shares who does not ask for one of their own (C2).
    pub(super) shared: Option<SessionId>,
    /// The same, on its way (C3).
    pub(super) creating_shared: Option<Creating>,
    /// Sessions on their way that are not live yet.
    pub(super) creating: usize,
    /// With the way a client asked for; none when the daemon itself needs the session.
    pub(super) restoring: HashMap<SessionId, (Option<Restore>, Restoring)>,
    /// What clients brought along for sessions that are live or on their way.
    pub(super) servers: HashMap<SessionId, McpServers>,
    /// Where sessions that are live work apart from the workspace's folder.
    pub(super) worktrees: HashMap<SessionId, Worktree>,
    /// Lost with their agent, oldest first.
    pub(super) died: VecDeque<Died>,
    pub(super) standing: Standing,
}

#[derive(Debug)]
pub(super) struct Died {
    pub(super) session: SessionId,
    pub(super) clients: HashSet<ClientId>,
    pub(super) servers: McpServers,
}

/// All places are taken (C5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} sessions are live, which is the limit")]
pub struct SessionLimit {
    pub limit: usize,
    pub scope: LimitScope,
}

/// Whose places are all taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitScope {
    Workspace,
    /// All workspaces together.
    Total,
}

impl Table {
    /// Whether there is a place for one more session (C5). `in_total` is how many places the whole daemon has for this
    /// workspace, and its cap.
    pub(super) fn check_room(
        &self,
        max_sessions: Option<NonZeroUsize>,
        in_total: Option<(usize, NonZeroUsize)>,
    ) -> Result<(), SessionLimit> {
        let taken = self.taken();
        match (max_sessions.map(NonZeroUsize::get), in_total) {
            (Some(limit), _) if taken >= limit => Err(SessionLimit { limit, scope: LimitScope::Workspace }),
            (_, Some((places, cap))) if taken >= places => {
                Err(SessionLimit { limit: cap.get(), scope: LimitScope::Total })
            }
            _ => Ok(()),
        }
    }

    /// Keeps what a client brought along for a session, for the times its agent opens it again.
    pub(super) fn bring_along(&mut self, id: &SessionId, servers: &McpServers) {
        if !servers.is_empty() {
            self.servers.insert(id.clone(), servers.clone());
        }
    }

    /// Keeps where a session works, if not in the workspace's folder.
    pub(super) fn settle_in(&mut self, id: &SessionId, worktree: Option<&Worktree>) {
        if let Some(worktree) = worktree {
            self.worktrees.insert(id.clone(), worktree.clone());
        }
    }

    /// Remembers a session that was lost with its agent.
    pub(super) fn has_died(&mut self, died: Died) {
        if self.died.len() == MAX_DIED {
            self.died.pop_front();
        }
        self.died.push_back(died);
    }

    /// Places in use: sessions that are live or on their way.
    pub(super) fn taken(&self) -> usize {
        self.live.len() + self.creating + self.restoring.len()
    }
}
