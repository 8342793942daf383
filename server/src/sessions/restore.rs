//! `POST /session/:id/load` and `/resume`: a session that is not live becomes so (rules R1–R7).
//!
//! Here is who gets it and who waits; how it comes to life stands in `revive`.

use std::{io, sync::Arc, time::Duration};

use futures_util::FutureExt;
use roost_core::{ClientId, SessionId, bus::Frame};

use super::{Attachment, Draining, Lend, SessionLimit, Sessions, standing::Standing, table::Restoring};
use crate::{
    child::{CallError, StartError},
    driver::{LiveSession, NoAgent, Source},
    mcp_servers::{McpServers, UnfitMcpServer},
    store::{Detail, Extent, History, HoldError, Journal, MAX_LIVE_JOURNAL_BYTES, MAX_LIVE_JOURNAL_EVENTS, fold},
};

/// Which way a session is brought back. They differ in what the answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Restore {
    Load,
    Resume,
}

/// What a client that brings a session back has to say about it.
#[derive(Clone, Debug, Default)]
pub struct Along {
    /// Servers of tools; none are those it had.
    pub servers: McpServers,
    /// What the session was made for, if nobody has said that yet.
    pub source: Source,
}

/// How much of a session's past is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Of turns that have ended.
    pub folded: Detail,
    /// Of the running turn.
    pub running: Detail,
}

/// Why a session is not brought back.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("no session with id {0}")]
    Unknown(SessionId),
    #[error("session {0} is archived")]
    Archived(SessionId),
    #[error("session {0} has two copies")]
    Conflict(SessionId),
    #[error("the session is being restored in another way")]
    InProgress { active: Restore },
    #[error(transparent)]
    Limit(#[from] SessionLimit),
    #[error(transparent)]
    Start(#[from] Arc<StartError>),
    #[error(transparent)]
    Agent(#[from] CallError),
    #[error(transparent)]
    Servers(#[from] UnfitMcpServer),
    #[error("the agent did not load the session in {} ms", .0.as_millis())]
    Slow(Duration),
    #[error("another daemon has session {0} open")]
    Held(SessionId),
    #[error("the session's record cannot be read: {0}")]
    Store(Arc<HoldError>),
    #[error(transparent)]
    Draining(#[from] Draining),
    #[error("the daemon is shutting down")]
    Closing,
}

enum Way {
    Join(Arc<LiveSession>),
    Wait(Restoring),
    Make(Restoring),
    /// It is just ending, and has to be gone before it can come back.
    Later(Arc<LiveSession>),
}

impl Sessions {
    /// The session, live, and the client registered on it. One that is live already has the servers it has.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub async fn restore(
        &self,
        id: &SessionId,
        how: Restore,
        client: Option<ClientId>,
        along: &Along,
    ) -> Result<Lend, RestoreError> {
        if along.servers.are_demanding() {
            along.servers.check(self.0.host.child().await?.info())?;
        }
        loop {
            let (live, attachment) = self.bring_back(id, Some(how), along).await?;
            tokio::time::timeout(self.0.state_patience, live.settled()).await.ok();
            if let Some(no_agent) = live.no_agent() {
                return Err(no_agent.clone().into());
            }
            if let Some(lend) = self.attach(&live, client.clone(), attachment).await {
                return Ok(lend);
            }
            live.retired().await;
        }
    }

    /// The session as a prompt finds it: live, or brought back because it was lost with its agent.
    pub async fn get_or_revive(&self, id: &str) -> Option<Arc<LiveSession>> {
        if let Some(live) = self.get(id) {
            return Some(live);
        }
        let id = SessionId::from(id);
        // One that is just ending has to be gone before it can come back.
        let ending = self.table().live.get(&id).cloned();
        if let Some(ending) = ending {
            ending.retired().await;
        }
        if !self.has_died(&id) {
            return self.get(id.as_str());
        }
        self.bring_back(&id, None, &Along::default()).await.ok().map(|(live, _)| live)
    }

    /// What a load answers: finished turns folded, the running one as it is, each in the detail that is wanted. Of the folded part, the
    /// newest `page` records, or all that fits. Reads the whole journal.
    ///
    /// # Errors
    /// The journal cannot be read, or the session has ended.
    pub async fn history(&self, live: &Arc<LiveSession>, page: Option<usize>, details: Details) -> io::Result<Loaded> {
        let sample = live.sample().await.ok_or(io::ErrorKind::NotFound)?;
        let unwritten: Vec<Frame> = if live.is_recording_degraded() {
            live.stream.bus().frames_after(0).cloned().collect()
        } else {
            Vec::new()
        };
        let extent = Extent { max_bytes: self.0.replay_max_bytes, page, past_ends: false };
        let path = live.journal().to_owned();
        let folded = tokio::task::spawn_blocking(move || {
            let mut text = Journal::read(&path)?;
            for frame in unwritten {
                text.extend_from_slice(&frame.json());
                text.push(b'\n');
            }
            let mut history = fold(&text, sample.folded_until, sample.last_event_id, extent);
            history.compacted_replay = details.folded.of(history.compacted_replay);
            history.live_journal = details.running.of(history.live_journal);
            Ok(history.capped(MAX_LIVE_JOURNAL_EVENTS, MAX_LIVE_JOURNAL_BYTES))
        });
        let history = folded.await.unwrap_or_else(|error| Err(io::Error::other(error)))?;
        Ok(Loaded { history, last_event_id: sample.last_event_id })
    }

    pub(super) async fn bring_back(
        &self,
        id: &SessionId,
        how: Option<Restore>,
        along: &Along,
    ) -> Result<(Arc<LiveSession>, Attachment), RestoreError> {
        loop {
            match self.way_back(id, how, along)? {
                Way::Join(live) => return Ok((live, Attachment::Joined)),
                Way::Wait(restoring) => return Ok((restoring.await?, Attachment::Joined)),
                Way::Make(restoring) => return Ok((restoring.await?, Attachment::Made)),
                Way::Later(ending) => ending.retired().await,
            }
        }
    }

    fn way_back(&self, id: &SessionId, how: Option<Restore>, along: &Along) -> Result<Way, RestoreError> {
        let turn = self.0.wide.turn();
        let in_total = turn.places_for(self);
        let mut table = self.table();
        if let Some(live) = table.live.get(id) {
            let is_closed = live.machine().is_closed();
            return Ok(if is_closed { Way::Later(Arc::clone(live)) } else { Way::Join(Arc::clone(live)) });
        }
        match table.standing {
            Standing::Open => {}
            Standing::Draining => return Err(Draining::of(self).into()),
            Standing::Closed => return Err(RestoreError::Closing),
        }
        match table.restoring.get(id) {
            Some((Some(active), _)) if how.is_some_and(|how| how != *active) => {
                return Err(RestoreError::InProgress { active: *active });
            }
            Some((_, restoring)) => return Ok(Way::Wait(restoring.clone())),
            None => table.check_room(self.0.max_sessions, in_total)?,
        }
        let had = table.died.iter().find(|died| died.session == *id).map(|died| died.servers.clone());
        let servers = had.filter(|_| along.servers.is_empty()).unwrap_or_else(|| along.servers.clone());
        table.bring_along(id, &servers);
        let restoring = self.start_restoring(id.clone(), along.source.clone());
        table.restoring.insert(id.clone(), (how, restoring.clone()));
        Ok(Way::Make(restoring))
    }

    fn start_restoring(&self, id: SessionId, source: Source) -> Restoring {
        let sessions = self.clone();
        let restoring = tokio::spawn(async move {
            let restored = sessions.restore_from_disk(&id, source).await;
            {
                let mut table = sessions.table();
                table.restoring.remove(&id);
                if restored.is_err() {
                    table.servers.remove(&id);
                }
            }
            sessions.0.arrived.notify_waiters();
            if let Ok(live) = &restored {
                sessions.reattach(live).await;
            }
            restored
        });
        restoring.map(|restored| restored.unwrap_or(Err(RestoreError::Closing))).boxed().shared()
    }
}

impl From<NoAgent> for RestoreError {
    fn from(no_agent: NoAgent) -> Self {
        match no_agent {
            NoAgent::Start(error) => Self::Start(error),
            NoAgent::Call(error) => Self::Agent(error),
            NoAgent::Slow(patience) => Self::Slow(patience),
        }
    }
}

/// The past of a session, and the cursor at which its stream goes on.
#[derive(Debug)]
pub struct Loaded {
    pub history: History,
    pub last_event_id: u64,
}
