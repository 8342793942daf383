//! `POST /session/:id/load` and `/resume`: a session that is not live becomes so (state-machines.md §2, R1–R7).
//!
//! The daemon's own record comes first: its history is there whether or not the agent is, and prompts wait until the agent has
//! opened the session too. A session that only the agent has a record of is loaded through the agent, which tells its history.

use std::{io, sync::Arc, time::Duration};

use futures_util::FutureExt;
use roost_core::{
    ClientId, SessionId,
    acp::code,
    bus::{Bus, Frame},
    session::{AgentState, LedgerEntry, Session},
};

use super::{
    Attachment, Draining, Lend, Restoring, SessionLimit, Sessions, Standing,
    open::{Opened, Told},
};
use crate::{
    child::{CallError, StartError},
    clock,
    driver::{Beginning, LiveSession, NoAgent},
    store::{Extent, History, MAX_JOURNAL_BYTES, MAX_JOURNAL_EVENTS, Meta, Place, Record, Shelf, fold},
};

/// A load waits so long for the agent, for the sake of fresh models and modes; what the agent said last will do after that.
const STATE_PATIENCE: Duration = Duration::from_millis(1_500);

/// Which way a session is brought back. They differ in what the answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Restore {
    Load,
    Resume,
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
    #[error("the agent did not load the session in {} ms", .0.as_millis())]
    Slow(Duration),
    #[error("the session's record cannot be read: {0}")]
    Store(Arc<io::Error>),
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
    /// The session, live, and the client registered on it.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub async fn restore(&self, id: &SessionId, how: Restore, client: Option<ClientId>) -> Result<Lend, RestoreError> {
        loop {
            let (live, attachment) = self.bring_back(id, Some(how)).await?;
            tokio::time::timeout(STATE_PATIENCE, live.settled()).await.ok();
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
        self.bring_back(&id, None).await.ok().map(|(live, _)| live)
    }

    /// What a load answers: finished turns folded, the running one as it is. Of the folded part, the newest `page` records, or all that
    /// fits. Reads the whole journal.
    ///
    /// # Errors
    /// The journal cannot be read, or the session has ended.
    pub async fn history(&self, live: &Arc<LiveSession>, page: Option<usize>) -> io::Result<Loaded> {
        let sample = live.sample().await.ok_or(io::ErrorKind::NotFound)?;
        let unwritten: Vec<Frame> = if live.is_recording_degraded() {
            live.stream.bus().frames_after(0).cloned().collect()
        } else {
            Vec::new()
        };
        let (path, extent) = (live.journal().to_owned(), Extent { max_bytes: self.0.replay_max_bytes, page });
        let folded = tokio::task::spawn_blocking(move || {
            let mut text = std::fs::read(path)?;
            for frame in unwritten {
                text.extend_from_slice(&frame.json());
                text.push(b'\n');
            }
            let history = fold(&text, sample.folded_until, sample.last_event_id, extent);
            Ok(history.capped(MAX_JOURNAL_EVENTS, MAX_JOURNAL_BYTES))
        });
        let history = folded.await.unwrap_or_else(|error| Err(io::Error::other(error)))?;
        Ok(Loaded { history, last_event_id: sample.last_event_id })
    }

    pub(super) async fn bring_back(
        &self,
        id: &SessionId,
        how: Option<Restore>,
    ) -> Result<(Arc<LiveSession>, Attachment), RestoreError> {
        loop {
            match self.way_back(id, how)? {
                Way::Join(live) => return Ok((live, Attachment::Joined)),
                Way::Wait(restoring) => return Ok((restoring.await?, Attachment::Joined)),
                Way::Make(restoring) => return Ok((restoring.await?, Attachment::Made)),
                Way::Later(ending) => ending.retired().await,
            }
        }
    }

    fn way_back(&self, id: &SessionId, how: Option<Restore>) -> Result<Way, RestoreError> {
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
        let restoring = self.start_restoring(id.clone());
        table.restoring.insert(id.clone(), (how, restoring.clone()));
        Ok(Way::Make(restoring))
    }

    fn start_restoring(&self, id: SessionId) -> Restoring {
        let sessions = self.clone();
        let restoring = tokio::spawn(async move {
            let restored = sessions.restore_from_disk(&id).await;
            sessions.table().restoring.remove(&id);
            sessions.0.arrived.notify_waiters();
            if let Ok(live) = &restored {
                sessions.reattach(live).await;
            }
            restored
        });
        restoring.map(|restored| restored.unwrap_or(Err(RestoreError::Closing))).boxed().shared()
    }

    async fn restore_from_disk(&self, id: &SessionId) -> Result<Arc<LiveSession>, RestoreError> {
        match self.place(id).await {
            Place::On(Shelf::Active) => {}
            Place::On(Shelf::Archive) => return Err(RestoreError::Archived(id.clone())),
            Place::Both => return Err(RestoreError::Conflict(id.clone())),
            Place::Nowhere => return Err(RestoreError::Unknown(id.clone())),
        }
        let (project, name, ring_size) = (self.0.project.clone(), id.clone(), self.0.bus.ring_size);
        let record = tokio::task::spawn_blocking(move || project.open(&name, ring_size)).await;
        let record = record.unwrap_or_else(|error| Err(io::Error::other(error)));
        match record.map_err(|error| RestoreError::Store(Arc::new(error)))? {
            Some(record) => Ok(self.revive(record)),
            None if self.0.project.has_agent_record(id) => self.load_from_agent(id).await,
            None => Err(RestoreError::Unknown(id.clone())),
        }
    }

    /// From the daemon's own record. The agent follows by itself.
    fn revive(&self, record: Record) -> Arc<LiveSession> {
        let Record { meta, journal, frames, next_id, ledger, open_prompts, .. } = record;
        // What the agent came with holds unless somebody chose otherwise since.
        let came_with = meta.agent_state.iter().flat_map(standing);
        let ledger: Vec<LedgerEntry> = came_with.chain(ledger).collect();
        let bus = Bus::restore(meta.epoch.clone(), self.0.bus.clone(), frames, next_id);
        let config = self.0.machine.clone();
        let id = meta.session_id.clone();
        let (machine, effects) = Session::restore(clock::now(), id, config, meta.created_at, ledger);
        let (live, driver) = LiveSession::begin(Beginning {
            project: self.0.project.clone(),
            meta: meta.clone(),
            journal,
            open_prompts,
            bus,
            limits: self.0.bus.clone(),
            machine,
            effects,
            link: None,
            settings: self.0.settings.clone(),
            tally: self.0.wide.tally().clone(),
        });
        self.enter(&live, driver);
        let (sessions, live_session) = (self.clone(), Arc::clone(&live));
        tokio::spawn(async move {
            let (linked, forgot) = match sessions.reopen(&meta).await {
                Ok(Reopened { opened, forgot }) => (Ok(opened.link()), forgot),
                Err(no_agent) => (Err(no_agent), None),
            };
            live_session.link(linked, forgot).await;
        });
        live
    }

    /// Has the agent open a session the daemon remembers. One that knows nothing of it opens it afresh, under a name of its own, and
    /// that is told; one that knows it and cannot open it does not serve it, so that nothing goes on without what was said before.
    async fn reopen(&self, meta: &Meta) -> Result<Reopened, NoAgent> {
        let patience = self.0.restore_patience;
        tokio::time::timeout(patience, self.reopen_at_leisure(meta)).await.unwrap_or(Err(NoAgent::Slow(patience)))
    }

    async fn reopen_at_leisure(&self, meta: &Meta) -> Result<Reopened, NoAgent> {
        let child = self.0.host.child().await?;
        let id = meta.session_id.clone();
        let agent_id = meta.agent_session_id.as_deref().unwrap_or(id.as_str());
        let can_load = child.info().load_session || child.info().resume_session;
        let forgot = if can_load {
            match Opened::load(Arc::clone(&child), &self.0.cwd, id.clone(), agent_id, Told::Dropped).await {
                Ok(opened) => return Ok(Reopened { opened, forgot: None }),
                Err(CallError::Refused(error)) if error.code == code::RESOURCE_NOT_FOUND => error.message,
                Err(error) => return Err(error.into()),
            }
        } else {
            "this agent cannot load sessions".to_owned()
        };
        tracing::warn!(why = %forgot, session = %id, "the agent remembers nothing of the session");
        let opened = Opened::new_session(child, &self.0.cwd, |_| id).await?;
        // Of a session in which nothing was said there is nothing to remember.
        let forgot = meta.title.is_some().then(|| forgot.into());
        Ok(Reopened { opened, forgot })
    }

    /// From the agent's record: another program had this session (R6).
    async fn load_from_agent(&self, id: &SessionId) -> Result<Arc<LiveSession>, RestoreError> {
        let patience = self.0.restore_patience;
        let loading = async {
            let child = self.0.host.child().await?;
            let loaded = Opened::load(child, &self.0.cwd, id.clone(), id.as_str(), Told::Kept).await;
            loaded.map_err(|error| match error {
                CallError::Refused(refused) if refused.code == code::RESOURCE_NOT_FOUND => {
                    RestoreError::Unknown(id.clone())
                }
                CallError::Refused(_) | CallError::Lost(_) | CallError::NoSession => RestoreError::Agent(error),
            })
        };
        let opened = tokio::time::timeout(patience, loading).await.unwrap_or(Err(RestoreError::Slow(patience)))?;

        let meta = Meta { title: self.0.project.agent_title(id), ..Meta::new(id.clone(), &self.0.cwd, clock::now()) };
        let (project, recorded) = (self.0.project.clone(), meta.clone());
        let journal = tokio::task::spawn_blocking(move || project.create(&recorded)).await;
        let journal = journal.unwrap_or_else(|error| Err(io::Error::other(error)));
        let journal = journal.map_err(|error| RestoreError::Store(Arc::new(error)))?;
        let machine = Session::new(meta.created_at, id.clone(), self.0.machine.clone());
        let (live, driver) = LiveSession::begin(Beginning {
            project: self.0.project.clone(),
            bus: Bus::new(meta.epoch.clone(), self.0.bus.clone()),
            meta,
            journal,
            open_prompts: Default::default(),
            limits: self.0.bus.clone(),
            machine,
            effects: Vec::new(),
            link: Some(opened.link()),
            settings: self.0.settings.clone(),
            tally: self.0.wide.tally().clone(),
        });
        self.enter(&live, driver);
        live.settled().await;
        Ok(live)
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

/// The mode a session was opened in: its agent may come back in another.
fn standing(state: &AgentState) -> Option<LedgerEntry> {
    Some(LedgerEntry::ModeChanged { mode: state.current_mode_id()?.into() })
}

/// A session the agent has opened again.
struct Reopened {
    opened: Opened,
    /// Why the agent knows nothing of it.
    forgot: Option<Box<str>>,
}

/// The past of a session, and the cursor at which its stream goes on.
#[derive(Debug)]
pub struct Loaded {
    pub history: History,
    pub last_event_id: u64,
}
