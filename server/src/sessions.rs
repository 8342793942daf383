//! The directory of sessions: which are live, which are on their way, which lie on disk.
//!
//! Everything about *one* session is its driver's; here is only what concerns several: caps, the shared default session, one
//! restore at a time, the list. The table is locked for lookups, never across a wait; what takes time is a task of its own, so a
//! client that hangs up leaves nothing half done.

mod apart;
mod create;
mod daemon_wide;
mod lend;
mod open;
mod overview;
mod put_away;
mod restore;
mod revive;
mod standing;
mod table;

use std::{
    io,
    num::NonZeroUsize,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicU64},
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use roost_core::{ClientId, Millis, RequestId, bus::BusLimits, event::Draft, session::SessionConfig};
use tokio::sync::Notify;

use self::table::{Died, Table};
pub use self::{
    create::{CreateError, CreateSession},
    daemon_wide::DaemonWide,
    lend::{Attachment, Lend},
    overview::{Listed, Overview},
    put_away::{CatalogueVersion, Ending},
    restore::{Along, Details, Loaded, Restore, RestoreError},
    standing::{Activity, Draining, PreheatError, Preheated},
    table::{LimitScope, SessionLimit},
};
use crate::{
    Config,
    child::{AgentHost, Child},
    driver::LiveSession,
    settings::Settings,
    store::{Catalogue, Hold, Project, Shelf},
    vote_policy::{InvalidVotePolicy, VotePolicy},
};

/// How long an agent may take to shake hands. A starved machine is slow, not broken.
const AGENT_PATIENCE: Duration = Duration::from_secs(30);

/// Every session the daemon knows, live or on disk, and the agent behind the live ones.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<Directory>);

#[derive(Debug)]
struct Directory {
    cwd: PathBuf,
    settings: Settings,
    project: Project,
    catalogue: Catalogue,
    archived: Catalogue,
    wide: DaemonWide,
    /// Names this run's counting of changes to the list.
    generation: Box<str>,
    revision: AtomicU64,
    host: AgentHost,
    max_sessions: Option<NonZeroUsize>,
    replay_max_bytes: u64,
    restore_patience: Duration,
    state_patience: Duration,
    machine: SessionConfig,
    policy: VotePolicy,
    bus: BusLimits,
    table: Mutex<Table>,
    /// A session that was on its way has come, or never will.
    arrived: Notify,
}

/// Why the directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use the session store at {path}")]
    Store { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Policy(#[from] InvalidVotePolicy),
}

impl Sessions {
    /// Takes up what an earlier run left: sessions that owe somebody an answer are restored in the background.
    ///
    /// # Errors
    /// The store cannot be used, or the settings name no policy for votes.
    pub fn open(config: &Config, cwd: &Path, wide: &DaemonWide) -> Result<Self, OpenError> {
        let project = Project::of(&config.home, cwd);
        project.prepare().map_err(|source| OpenError::Store { path: project.dir().to_owned(), source })?;
        let settings = Settings::open(&config.home, cwd, &config.system_settings_dir);
        let policy = VotePolicy::read(&settings.in_force())?;
        let sessions = Self(Arc::new(Directory {
            cwd: cwd.to_owned(),
            settings,
            catalogue: Catalogue::of(project.clone(), Shelf::Active),
            archived: Catalogue::of(project.clone(), Shelf::Archive),
            wide: wide.clone(),
            generation: uuid::Uuid::new_v4().to_string().into(),
            revision: AtomicU64::new(1),
            project,
            host: AgentHost::new(config.agent.clone(), cwd.to_owned(), AGENT_PATIENCE, config.timeouts.channel_idle),
            max_sessions: config.limits.max_sessions,
            replay_max_bytes: config.limits.compacted_replay_max_bytes.get(),
            restore_patience: Duration::from_millis(config.timeouts.session_restore.0),
            state_patience: config.timeouts.agent_state,
            machine: machine_config(config, policy),
            policy,
            bus: bus_limits(config),
            table: Mutex::default(),
            arrived: Notify::new(),
        }));
        wide.enrol(&sessions);
        tokio::spawn(sessions.clone().take_up());
        if let Some(Millis(interval)) = config.timeouts.session_reap_interval {
            tokio::spawn(reap(Arc::downgrade(&sessions.0), Duration::from_millis(interval)));
        }
        Ok(sessions)
    }

    /// Who decides what agents ask here.
    #[must_use]
    pub fn vote_policy(&self) -> VotePolicy {
        self.0.policy
    }

    /// A live session.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<LiveSession>> {
        let live = self.table().live.get(id).cloned()?;
        let is_closed = live.machine().is_closed();
        (!is_closed).then_some(live)
    }

    /// The live session that asked for this permission, or remembers having done so.
    #[must_use]
    pub fn asking(&self, request: &RequestId) -> Option<Arc<LiveSession>> {
        self.all().into_iter().find(|live| live.machine().knows_request(request))
    }

    /// Whether a client is registered on any live session.
    #[must_use]
    pub fn has_client(&self, client: &ClientId) -> bool {
        self.all().iter().any(|live| live.machine().is_registered(client))
    }

    /// Whether a session is live here, or just coming or going.
    #[must_use]
    pub fn is_present(&self, id: &str) -> bool {
        let table = self.table();
        table.live.contains_key(id) || table.restoring.contains_key(id)
    }

    /// Publishes the same event on every live session (B9).
    pub async fn announce(&self, draft: Draft) {
        join_all(self.all().iter().map(|live| live.announce(draft.clone()))).await;
    }

    /// The workspace's agent, if one is up; none is started.
    #[must_use]
    pub fn agent(&self) -> Option<Arc<Child>> {
        self.0.host.running()
    }

    pub(crate) fn all(&self) -> Vec<Arc<LiveSession>> {
        self.table().live.values().cloned().collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prompts that were accepted before a crash are settled or run, whether anybody asks for their session or not.
    async fn take_up(self) {
        let project = self.0.project.clone();
        let unfinished = tokio::task::spawn_blocking(move || project.unfinished()).await.unwrap_or_default();
        for id in unfinished {
            let Ok(_share) = self.locks().share(&id) else { continue };
            match self.bring_back(&id, None, &Along::default()).await {
                Ok(_) => {}
                // Its prompts are not interrupted: they run there.
                Err(RestoreError::Held(_)) => tracing::info!(session = %id, "another daemon has the session open"),
                Err(error) => tracing::error!(%error, session = %id, "cannot restore an interrupted session"),
            }
        }
    }

    /// Makes a session known, and forgotten again once it has retired. Until then its record is held.
    fn enter(&self, live: &Arc<LiveSession>, driver: impl Future<Output = ()> + Send + 'static, hold: Hold) {
        self.table().live.insert(live.id.clone(), Arc::clone(live));
        self.0.wide.tally().session_begun();
        self.catalogue_changed();
        let (sessions, live) = (self.clone(), Arc::clone(live));
        tokio::spawn(async move {
            if AssertUnwindSafe(driver).catch_unwind().await.is_err() {
                tracing::error!(session = %live.id, "the session's driver panicked; the session can be loaded again");
                live.stream.end();
            }
            drop(hold);
            let waits = live.machine().waits();
            sessions.leave(&live);
            sessions.0.wide.tally().session_ended(waits);
            live.bury();
            sessions.0.host.eased();
        });
    }

    fn leave(&self, live: &Arc<LiveSession>) {
        let mut table = self.table();
        if table.live.get(&live.id).is_some_and(|current| Arc::ptr_eq(current, live)) {
            table.live.remove(&live.id);
            self.catalogue_changed();
        }
        if table.shared.as_ref() == Some(&live.id) {
            table.shared = None;
        }
        let servers = table.servers.remove(&live.id).unwrap_or_default();
        table.worktrees.remove(&live.id);
        if live.has_died() {
            let clients = live.machine().client_ids().cloned().collect();
            table.has_died(Died { session: live.id.clone(), clients, servers });
        }
    }
}

/// Sends every live session to look at the clock, as long as the directory lives (X2).
async fn reap(directory: Weak<Directory>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(directory) = directory.upgrade() else { return };
        for live in Sessions(directory).all() {
            live.reap();
        }
    }
}

fn machine_config(config: &Config, policy: VotePolicy) -> SessionConfig {
    SessionConfig {
        policy: policy.policy,
        consensus_quorum: policy.quorum.map(NonZeroUsize::get),
        max_pending_prompts: config.limits.max_pending_prompts_per_session.map_or(0, NonZeroUsize::get),
        prompt_deadline: config.timeouts.prompt_deadline,
        permission_timeout: config.timeouts.permission_response,
        idle_timeout: config.timeouts.session_idle.unwrap_or_default(),
    }
}

fn bus_limits(config: &Config) -> BusLimits {
    let max_subscribers = config.limits.max_subscribers.get();
    BusLimits { max_subscribers, ..BusLimits::with_ring_of(config.limits.event_ring_size.get()) }
}
