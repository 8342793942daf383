//! How a session that lies on disk comes to life.
//!
//! The daemon's own record comes first: its history is there whether or not the agent is, and prompts wait until the agent has
//! opened the session too. A session that only the agent has a record of is loaded through the agent, which tells its history.

use std::{io, sync::Arc};

use roost_core::{
    SessionId,
    acp::{RpcError, code},
    bus::Bus,
    session::{AgentState, Input, LedgerEntry, Session},
};

use super::{
    RestoreError, Sessions,
    open::{Opened, Told},
};
use crate::{
    child::CallError,
    clock,
    driver::{Beginning, LiveSession, NoAgent, Source},
    settings::Scope,
    store::{HoldError, Meta, Place, Record, Shelf},
};

/// Agents that may be lost while they load a session, for reasons of their own or of another session's, before it is taken that the load
/// is what ends them.
const MAX_LOSSES: usize = 3;

impl Sessions {
    pub(super) async fn restore_from_disk(
        &self,
        id: &SessionId,
        source: Source,
    ) -> Result<Arc<LiveSession>, RestoreError> {
        match self.place(id).await {
            Place::On(Shelf::Active) => {}
            Place::On(Shelf::Archive) => return Err(RestoreError::Archived(id.clone())),
            Place::Both => return Err(RestoreError::Conflict(id.clone())),
            Place::Nowhere => return Err(RestoreError::Unknown(id.clone())),
        }
        let (project, name, limits) = (self.0.project.clone(), id.clone(), self.0.bus.clone());
        let settings = self.0.settings.clone();
        let Source { kind, id: of } = source.clone();
        let read = move || {
            let mut record = project.open(&name, limits)?;
            if let Some(record) = &mut record {
                record.attribute(kind.as_deref(), of.as_deref())?;
            }
            Ok((record, settings.trust().is_trusted()))
        };
        let read = tokio::task::spawn_blocking(read).await;
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error).into()));
        let (record, is_trusted) = read.map_err(|error| RestoreError::of_record(error, id))?;
        match record {
            Some(record) => Ok(self.revive(record, is_trusted)),
            None if self.0.project.has_agent_record(id) => self.load_from_agent(id, source).await,
            None => Err(RestoreError::Unknown(id.clone())),
        }
    }

    /// From the daemon's own record. The agent follows by itself.
    fn revive(&self, record: Record, is_trusted: bool) -> Arc<LiveSession> {
        let Record { meta, journal, hold, tail, ledger, open_prompts, .. } = record;
        // What the agent came with holds unless somebody chose otherwise since.
        let came_with = meta.agent_state.iter().flat_map(standing);
        let ledger: Vec<LedgerEntry> = came_with.chain(ledger).collect();
        let bus = Bus::restore(meta.epoch.clone(), tail);
        let config = self.0.machine.clone();
        let id = meta.session_id.clone();
        let (mut machine, mut effects) = Session::restore(clock::now(), id, config, meta.created_at, ledger);
        if !is_trusted {
            effects.extend(machine.handle(clock::now(), Input::HoldBack));
        }
        let (live, driver) = LiveSession::begin(Beginning {
            project: self.0.project.clone(),
            meta: meta.clone(),
            journal,
            open_prompts,
            bus,
            machine,
            effects,
            link: None,
            settings: self.0.settings.path(Scope::User),
            tally: self.0.wide.tally().clone(),
        });
        self.table().settle_in(&live.id, meta.worktree.as_ref());
        self.enter(&live, driver, hold);
        let (sessions, live_session) = (self.clone(), Arc::clone(&live));
        tokio::spawn(async move {
            let reopened = tokio::select! {
                reopened = sessions.reopen(&meta) => reopened,
                // Nobody wants it any more.
                () = live_session.retired() => return,
            };
            let (linked, forgot) = match reopened {
                Ok(Reopened { opened, forgot }) => (Ok(opened.link()), forgot),
                Err(no_agent) => (Err(no_agent), None),
            };
            live_session.link(linked, forgot).await;
        });
        live
    }

    /// Has the agent open a session the daemon remembers. One that knows nothing of it, or cannot open it, opens it afresh under a name
    /// of its own, and that is told: the daemon's record is intact whatever has become of the agent's. One that does not answer is
    /// not asked again.
    async fn reopen(&self, meta: &Meta) -> Result<Reopened, NoAgent> {
        let patience = self.0.restore_patience;
        tokio::time::timeout(patience, self.reopen_at_leisure(meta)).await.unwrap_or(Err(NoAgent::Slow(patience)))
    }

    async fn reopen_at_leisure(&self, meta: &Meta) -> Result<Reopened, NoAgent> {
        let folder = self.folder_of(meta).await?;
        let mut child = self.0.host.child().await?;
        let id = meta.session_id.clone();
        let servers = self.table().servers.get(&id).cloned().unwrap_or_default();
        let agent_id = meta.agent_session_id.as_deref().unwrap_or(id.as_str());
        let can_load = child.info().load_session || child.info().resume_session;
        let forgot = if can_load {
            let mut losses = 0;
            loop {
                let loading = Opened::load(Arc::clone(&child), &folder, &servers, id.clone(), agent_id, Told::Dropped);
                match loading.await {
                    Ok(opened) => return Ok(Reopened { opened, forgot: None }),
                    Err(CallError::Refused(error)) => break whole(&error),
                    Err(CallError::Lost(loss)) => {
                        child = self.0.host.child().await?;
                        losses += 1;
                        if losses == MAX_LOSSES {
                            break loss.reason.into();
                        }
                    }
                    Err(error @ CallError::NoSession) => break error.to_string(),
                }
            }
        } else {
            "this agent cannot load sessions".to_owned()
        };
        tracing::warn!(why = %forgot, session = %id, "the agent remembers nothing of the session");
        let opened = Opened::new_session(child, &folder, &servers, |_| id).await?;
        // Of a session in which nothing was said there is nothing to remember.
        let forgot = meta.title.is_some().then(|| forgot.into());
        Ok(Reopened { opened, forgot })
    }

    /// From the agent's record: another program had this session (R6).
    async fn load_from_agent(&self, id: &SessionId, source: Source) -> Result<Arc<LiveSession>, RestoreError> {
        let patience = self.0.restore_patience;
        let servers = self.table().servers.get(id).cloned().unwrap_or_default();
        let loading = async {
            let child = self.0.host.child().await?;
            let loaded = Opened::load(child, &self.0.cwd, &servers, id.clone(), id.as_str(), Told::Kept).await;
            loaded.map_err(|error| match error {
                CallError::Refused(refused) if refused.code == code::RESOURCE_NOT_FOUND => {
                    RestoreError::Unknown(id.clone())
                }
                CallError::Refused(_) | CallError::Lost(_) | CallError::NoSession => RestoreError::Agent(error),
            })
        };
        let opened = tokio::time::timeout(patience, loading).await.unwrap_or(Err(RestoreError::Slow(patience)))?;

        let meta = Meta {
            title: self.0.project.agent_title(id),
            source_type: source.kind,
            source_id: source.id,
            ..Meta::new(id.clone(), &self.0.cwd, clock::now())
        };
        let begun = self.begin_recorded(meta, opened, &servers).await;
        let live = begun.map_err(|error| RestoreError::of_record(error, id))?;
        live.settled().await;
        Ok(live)
    }
}

impl RestoreError {
    fn of_record(error: HoldError, id: &SessionId) -> Self {
        match error {
            HoldError::Elsewhere => Self::Held(id.clone()),
            error @ HoldError::Disk(_) => Self::Store(Arc::new(error)),
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

/// An error with what its data say beside it: the message alone is often "Internal error".
fn whole(error: &RpcError) -> String {
    let data = error.data.as_ref().and_then(|data| serde_json::from_str::<serde_json::Value>(data.get()).ok());
    match data.as_ref().and_then(|data| data["details"].as_str()) {
        Some(details) => format!("{}: {details}", error.message),
        None => error.message.clone(),
    }
}
