//! A client takes part in a session: registered on it, and told what it is.

use std::sync::Arc;

use roost_core::{
    ClientId, SessionId,
    session::{Answer, Attached, Command},
};

use super::Sessions;
use crate::driver::LiveSession;

/// A session with one more registration on it.
#[derive(Debug)]
pub struct Lend {
    pub live: Arc<LiveSession>,
    pub client_id: ClientId,
    pub has_active_prompt: bool,
    pub attachment: Attachment,
}

/// Whether the session was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    Made,
    Joined,
}

impl Sessions {
    /// Registers a client (C6). None when the session has ended meanwhile.
    pub(super) async fn attach(
        &self,
        live: &Arc<LiveSession>,
        client: Option<ClientId>,
        attachment: Attachment,
    ) -> Option<Lend> {
        let fresh = ClientId::from(format!("client_{}", uuid::Uuid::new_v4()));
        let answered = live.command(client, Command::Attach { fresh }).await?;
        match answered.answer {
            Answer::Attach(Ok(Attached { client_id, has_active_prompt })) => {
                Some(Lend { live: Arc::clone(live), client_id, has_active_prompt, attachment })
            }
            _ => None,
        }
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
