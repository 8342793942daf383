//! A client takes part in a session: registered on it, and told what it is.

use std::sync::Arc;

use roost_core::{
    ClientId, SessionId,
    session::{Answer, Attached, Command},
};
use tokio::{runtime::Handle, sync::oneshot};

use super::Sessions;
use crate::{driver::LiveSession, git::Worktree};

/// A session with one more registration on it. The registration is taken back if this is dropped before the client is told of it (C8).
#[derive(Debug)]
pub struct Lend {
    pub live: Arc<LiveSession>,
    pub client_id: ClientId,
    pub has_active_prompt: bool,
    pub attachment: Attachment,
    /// Where the agent works for it, if not in the workspace's folder.
    pub worktree: Option<Worktree>,
    is_told: bool,
}

/// Whether the session was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    Made,
    Joined,
}

impl Lend {
    /// The client gets its answer now, and is to leave by itself.
    pub fn told(mut self) {
        self.is_told = true;
    }
}

impl Drop for Lend {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        // Without a runtime there are no sessions either.
        if let Ok(runtime) = Handle::try_current() {
            let (live, client) = (Arc::clone(&self.live), self.client_id.clone());
            runtime.spawn(async move { live.command(Some(client), Command::Detach).await });
        }
    }
}

impl Sessions {
    /// Registers a client (C6). None when the session has ended meanwhile.
    pub(super) async fn attach(
        &self,
        live: &Arc<LiveSession>,
        client: Option<ClientId>,
        attachment: Attachment,
    ) -> Option<Lend> {
        let (given, taken) = oneshot::channel();
        let (live, worktree) = (Arc::clone(live), self.worktree(&live.id));
        tokio::spawn(async move {
            let fresh = ClientId::from(format!("client_{}", uuid::Uuid::new_v4()));
            let answer = live.command(client, Command::Attach { fresh }).await.map(|answered| answered.answer);
            let lend = match answer {
                Some(Answer::Attach(Ok(Attached { client_id, has_active_prompt }))) => {
                    Some(Lend { live, client_id, has_active_prompt, attachment, worktree, is_told: false })
                }
                _ => None,
            };
            // Whoever has hung up meanwhile takes nothing, and it is dropped here.
            drop(given.send(lend));
        });
        taken.await.ok()?
    }

    /// Registers clients again who were on a session when its agent was lost, and tells whether it was.
    pub(super) async fn reattach(&self, live: &Arc<LiveSession>) {
        let died = {
            let mut table = self.table();
            let at = table.died.iter().position(|died| died.session == live.id);
            at.and_then(|at| table.died.remove(at))
        };
        for fresh in died.into_iter().flat_map(|died| died.clients) {
            live.command(None, Command::Attach { fresh }).await;
        }
    }

    /// Whether the session's agent was lost and nobody has brought it back.
    pub(super) fn has_died(&self, id: &SessionId) -> bool {
        self.table().died.iter().any(|died| died.session == *id)
    }
}
