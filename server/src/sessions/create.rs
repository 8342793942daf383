//! `POST /session`: a new session, or a place on the shared one.

use std::{collections::BTreeSet, io, sync::Arc, time::Duration};

use futures_util::FutureExt;
use roost_core::{
    ClientId, SessionId,
    bus::Bus,
    session::{ApprovalMode, Command, Session},
};
use tokio::sync::oneshot;

use super::{
    Attachment, Draining, Lend, SessionLimit, Sessions,
    open::Opened,
    standing::Standing,
    table::{Creating, Table},
};
use crate::{
    child::{CallError, StartError},
    clock,
    driver::{Beginning, LiveSession, Source},
    git::{Slug, Worktree, WorktreeError},
    mcp_servers::{McpServers, UnfitMcpServer},
    settings::Scope,
    store::{self, HoldError, Meta},
};

/// A wish for a session.
#[derive(Clone, Debug, Default)]
pub struct CreateSession {
    /// `sessionScope: "thread"`: one of one's own; otherwise the shared one will do.
    pub own: bool,
    /// The name it shall have.
    pub session_id: Option<SessionId>,
    pub approval_mode: Option<ApprovalMode>,
    pub model_id: Option<Box<str>>,
    pub source: Source,
    /// What the client brings along. A session with any is one of its own.
    pub servers: McpServers,
    /// The working tree that is to be made for it. A session with one is one of its own (C1).
    pub worktree: Option<Slug>,
}

/// Why there is no session.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateError {
    #[error(transparent)]
    Limit(#[from] SessionLimit),
    #[error("session {0} exists already")]
    IdTaken(SessionId),
    #[error(transparent)]
    Start(#[from] Arc<StartError>),
    #[error(transparent)]
    Agent(#[from] CallError),
    #[error(transparent)]
    Servers(#[from] UnfitMcpServer),
    #[error("the agent did not open a session in {} ms", .0.as_millis())]
    Slow(Duration),
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    #[error("the session cannot be recorded: {0}")]
    Store(Arc<HoldError>),
    #[error(transparent)]
    Draining(#[from] Draining),
    #[error("the daemon is shutting down")]
    Closing,
}

enum Way {
    Join(Arc<LiveSession>),
    Wait(Creating),
    Make(Creating),
}

impl Sessions {
    /// A session for a client, and the client registered on it.
    ///
    /// # Errors
    /// See [`CreateError`]; nothing is left behind then.
    pub async fn create(&self, wish: CreateSession, client: Option<ClientId>) -> Result<Lend, CreateError> {
        // Dropped with this future, when the client hangs up before it has its answer.
        let (_waiting, gone) = oneshot::channel();
        let mut gone = Some(gone);
        loop {
            let (live, attachment) = match self.way(&wish, &mut gone)? {
                Way::Join(live) => (live, Attachment::Joined),
                Way::Wait(creating) => (creating.await?, Attachment::Joined),
                Way::Make(creating) => (creating.await?, Attachment::Made),
            };
            if let Some(lend) = self.attach(&live, client.clone(), attachment).await {
                if lend.attachment == Attachment::Joined {
                    self.agree_on_model(&lend, &wish).await;
                }
                return Ok(lend);
            }
            // It was closed between the look and the registration: look again.
            live.retired().await;
        }
    }

    fn way(&self, wish: &CreateSession, gone: &mut Option<oneshot::Receiver<()>>) -> Result<Way, CreateError> {
        let turn = self.0.wide.turn();
        let in_total = turn.places_for(self);
        let mut table = self.table();
        match table.standing {
            Standing::Open => {}
            Standing::Draining => return Err(Draining::of(self).into()),
            Standing::Closed => return Err(CreateError::Closing),
        }
        let is_shared = !wish.own && wish.session_id.is_none() && wish.servers.is_empty() && wish.worktree.is_none();
        if is_shared {
            let shared = table.shared.as_ref().and_then(|id| table.live.get(id));
            if let Some(live) = shared.filter(|live| !live.machine().is_closed()) {
                return Ok(Way::Join(Arc::clone(live)));
            }
            if let Some(creating) = &table.creating_shared {
                return Ok(Way::Wait(creating.clone()));
            }
        }
        table.check_room(self.0.max_sessions, in_total)?;
        table.creating += 1;
        let (sessions, wish, gone) = (self.clone(), wish.clone(), gone.take());
        let making = tokio::spawn(async move {
            let made = sessions.make(&wish).await;
            sessions.table().is_made(is_shared, made.as_ref().ok());
            sessions.0.arrived.notify_waiters();
            if let (Ok(live), Some(gone)) = (&made, gone) {
                unless_wanted(live, gone).await;
            }
            made
        });
        let creating = making.map(|made| made.unwrap_or(Err(CreateError::Closing))).boxed().shared();
        if is_shared {
            table.creating_shared = Some(creating.clone());
        }
        Ok(Way::Make(creating))
    }

    pub(super) async fn make_in(
        &self,
        wish: &CreateSession,
        worktree: Option<&Worktree>,
    ) -> Result<Arc<LiveSession>, CreateError> {
        // Held until the session is there for everybody to see.
        let _claim = match &wish.session_id {
            Some(id) => {
                let claim = self.0.wide.claim(id).filter(|_| !self.is_taken(id));
                Some(claim.ok_or_else(|| CreateError::IdTaken(id.clone()))?)
            }
            None => None,
        };
        let child = self.0.host.child().await?;
        wish.servers.check(child.info())?;
        let folder = worktree.map_or(&self.0.cwd, |worktree| &worktree.path);
        let opening = Opened::new_session(child, folder, &wish.servers, |agent_id| match &wish.session_id {
            Some(id) => id.clone(),
            None => self.name_for(agent_id),
        });
        let patience = self.0.restore_patience;
        let opened = tokio::time::timeout(patience, opening).await.map_err(|_| CreateError::Slow(patience))??;

        let mut meta = Meta::new(opened.id.clone(), &self.0.cwd, clock::now());
        (meta.source_type, meta.source_id) = (wish.source.kind.clone(), wish.source.id.clone());
        (meta.agent_session_id, meta.agent_state) = (opened.renamed().map(str::to_owned), Some(opened.state.clone()));
        meta.worktree = worktree.cloned();
        let begun = self.begin_recorded(meta, opened, &wish.servers).await;
        let live = begun.map_err(|error| CreateError::Store(Arc::new(error)))?;
        live.settled().await;
        self.prepare(&live, wish).await;
        Ok(live)
    }

    /// Begins a session of which there is no record yet, and its record.
    pub(super) async fn begin_recorded(
        &self,
        meta: Meta,
        opened: Opened,
        servers: &McpServers,
    ) -> Result<Arc<LiveSession>, HoldError> {
        let (project, recorded) = (self.0.project.clone(), meta.clone());
        let created = tokio::task::spawn_blocking(move || project.create(&recorded)).await;
        let created = created.unwrap_or_else(|error| Err(io::Error::other(error).into()));
        let (journal, hold) = created?;
        {
            let mut table = self.table();
            table.bring_along(&meta.session_id, servers);
            table.settle_in(&meta.session_id, meta.worktree.as_ref());
        }
        let (live, driver) = LiveSession::begin(Beginning {
            project: self.0.project.clone(),
            bus: Bus::new(meta.epoch.clone(), self.0.bus.clone()),
            machine: Session::new(meta.created_at, meta.session_id.clone(), self.0.machine.clone()),
            meta,
            journal,
            open_prompts: BTreeSet::new(),
            effects: Vec::new(),
            link: Some(opened.link()),
            settings: self.0.settings.path(Scope::User),
            tally: self.0.wide.tally().clone(),
        });
        self.enter(&live, driver, hold);
        Ok(live)
    }

    /// Model and mode as wished. The session is good without them (C7), and says so on its stream.
    async fn prepare(&self, live: &LiveSession, wish: &CreateSession) {
        let patience = self.0.restore_patience;
        if let Some(mode) = wish.approval_mode {
            live.wish(None, Command::SetApprovalMode { mode, persist: false }, patience).await;
        }
        if let Some(model_id) = wish.model_id.clone() {
            live.wish(None, Command::SetModel { model_id }, patience).await;
        }
    }

    /// Who joins may wish for a model, too; the session is the same without it (C7).
    async fn agree_on_model(&self, lend: &Lend, wish: &CreateSession) {
        let Some(model_id) = wish.model_id.clone() else { return };
        if lend.live.agent_state().current_model_id() != Some(&*model_id) {
            let client = Some(lend.client_id.clone());
            lend.live.wish(client, Command::SetModel { model_id }, self.0.restore_patience).await;
        }
    }

    /// The agent's own name for a session, unless a directory cannot be called that or is already. The agent may have begun its
    /// record under that name; that is this session's.
    fn name_for(&self, agent_id: &str) -> SessionId {
        let id = SessionId::from(agent_id);
        let is_good = store::is_path_safe(agent_id) && !self.0.project.has_own_record(&id);
        if is_good { id } else { SessionId::from(uuid::Uuid::new_v4().to_string()) }
    }

    /// A session's name is its own in every workspace.
    fn is_taken(&self, id: &SessionId) -> bool {
        let holds = |one: &Self| one.is_present(id.as_str()) || one.0.project.has_session(id);
        holds(self) || self.0.wide.others(self).iter().any(holds)
    }
}

impl Table {
    /// A creation has come to its end.
    fn is_made(&mut self, is_shared: bool, live: Option<&Arc<LiveSession>>) {
        self.creating -= 1;
        if is_shared {
            self.creating_shared = None;
            self.shared = live.map(|live| live.id.clone());
        }
    }
}

/// C8: a session whose creator hung up, and that nobody else has joined, is not kept.
async fn unless_wanted(live: &LiveSession, mut gone: oneshot::Receiver<()>) {
    let has_left = matches!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    if has_left && live.machine().status().attach_count == 0 {
        live.kill("creator_disconnected").await;
    }
}
