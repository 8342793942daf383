//! The workspaces of the daemon: folders that sessions work in, each with an agent, sessions and an order of its own.
//!
//! The first is the primary one, meant by requests that name none.

mod register;
mod registrations;
mod remove;
mod workspace;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use futures_util::future::join_all;
use roost_core::{
    RequestId,
    session::{DisplayName, Waits},
};

use self::registrations::Registrations;
pub use self::{
    register::{Register, RegisterError, Registered, RenameError},
    registrations::Registration,
    remove::{Activity, Removal, RemoveError, Removed},
    workspace::{Origin, Workspace, workspace_id},
};
use crate::{
    Config,
    archive::Locks,
    driver::LiveSession,
    events::OpenStreams,
    sessions::{DaemonWide, OpenError, Overview},
    store::Place,
    tally::Tally,
};

/// Every workspace the daemon serves. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Workspaces(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    wide: DaemonWide,
    registrations: Registrations,
    /// One change of the list at a time.
    changing: tokio::sync::Mutex<()>,
    primary: Arc<Workspace>,
    /// The primary one first, the others as they came.
    all: RwLock<Vec<Arc<Workspace>>>,
}

/// Two workspaces have a session of the same id on disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("several workspaces have a session with this id")]
pub struct AmbiguousOwner {
    pub workspace_ids: Vec<String>,
}

impl Workspaces {
    /// Opens every workspace the configuration names, and what was registered to stay.
    ///
    /// # Errors
    /// The store of one that the configuration names cannot be used.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let wide = DaemonWide::new(config);
        let registrations = Registrations::of(&config.state_dir(), &config.workspace);
        let kept = registrations.read().unwrap_or_else(|error| {
            tracing::error!(%error, "the registered workspaces cannot be read; none is opened");
            Default::default()
        });
        let open = |cwd: &Path, origin, name: Option<DisplayName>| {
            Workspace::open(config, cwd, &wide, origin, name).map(Arc::new)
        };
        let primary = open(&config.workspace, Origin::Primary, kept.name(&config.workspace))?;
        let mut all = vec![Arc::clone(&primary)];
        for cwd in &config.further_workspaces {
            all.push(open(cwd, Origin::Given, kept.name(cwd))?);
        }
        for Registration { cwd, display_name } in kept.entries {
            match register::check(&cwd, &all, config.limits.max_workspaces) {
                Ok(()) => match open(&cwd, Origin::Registered, display_name) {
                    Ok(workspace) => all.push(workspace),
                    Err(error) => tracing::error!(%error, cwd = %cwd.display(), "cannot open a registered workspace"),
                },
                Err(error) => tracing::warn!(%error, cwd = %cwd.display(), "a registered workspace is left out"),
            }
        }
        let changing = tokio::sync::Mutex::default();
        Ok(Self(Arc::new(Registry { wide, registrations, changing, primary, all: RwLock::new(all) })))
    }

    #[must_use]
    pub fn primary(&self) -> &Arc<Workspace> {
        &self.0.primary
    }

    #[must_use]
    pub fn is_primary(&self, workspace: &Workspace) -> bool {
        workspace.id == self.0.primary.id
    }

    /// The primary one first, the others as they came.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Workspace>> {
        self.0.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.0.all.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether the folder `cwd` is a workspace now.
    #[must_use]
    pub fn serves(&self, cwd: &Path) -> bool {
        self.all().iter().any(|workspace| workspace.cwd == cwd)
    }

    /// The workspace a selector names: its id, else its path however it is reached.
    #[must_use]
    pub fn select(&self, selector: &str) -> Option<Arc<Workspace>> {
        let all = self.all();
        if let Some(named) = all.iter().find(|workspace| workspace.id == selector) {
            return Some(Arc::clone(named));
        }
        let path = Path::new(selector);
        let path = path.is_absolute().then(|| path.canonicalize().ok())??;
        all.into_iter().find(|workspace| workspace.cwd == path)
    }

    /// A live session of any workspace.
    #[must_use]
    pub fn live(&self, session: &str) -> Option<Arc<LiveSession>> {
        self.all().iter().find_map(|workspace| workspace.sessions.get(session))
    }

    /// The session as a prompt finds it: live, or brought back because it was lost with its agent.
    pub async fn get_or_revive(&self, session: &str) -> Option<Arc<LiveSession>> {
        for workspace in self.all() {
            if let Some(live) = workspace.sessions.get_or_revive(session).await {
                return Some(live);
            }
        }
        None
    }

    /// The workspace of a session: where it is live, or else where it is stored. Asks the disk only if there is a choice.
    ///
    /// # Errors
    /// More than one has it on disk, and none of them lives.
    pub async fn owner(&self, session: &str) -> Result<Option<Arc<Workspace>>, AmbiguousOwner> {
        let all = self.all();
        if let [only] = all.as_slice() {
            return Ok(Some(Arc::clone(only)));
        }
        if let Some(owner) = all.iter().find(|workspace| workspace.sessions.is_present(session)) {
            return Ok(Some(Arc::clone(owner)));
        }
        let id = session.into();
        let places = join_all(all.iter().map(|workspace| workspace.sessions.place(&id))).await;
        let mut owners = all.iter().zip(places).filter(|(_, place)| *place != Place::Nowhere).map(|(owner, _)| owner);
        let owner = owners.next();
        let others: Vec<String> = owners.map(|workspace| workspace.id.clone()).collect();
        match owner {
            Some(owner) if !others.is_empty() => {
                Err(AmbiguousOwner { workspace_ids: std::iter::once(owner.id.clone()).chain(others).collect() })
            }
            owner => Ok(owner.cloned()),
        }
    }

    /// The live session that asked for this permission, or remembers having done so.
    #[must_use]
    pub fn asking(&self, request: &RequestId) -> Option<Arc<LiveSession>> {
        self.all().iter().find_map(|workspace| workspace.sessions.asking(request))
    }

    /// Who works on which session, in all workspaces: a session's id is its own everywhere.
    #[must_use]
    pub fn locks(&self) -> &Locks {
        self.0.wide.locks()
    }

    #[must_use]
    pub fn open_streams(&self) -> &OpenStreams {
        self.0.wide.open_streams()
    }

    /// What has happened in all workspaces, counted.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        self.0.wide.tally()
    }

    /// How long prompts have waited for their turn, those of sessions that are over included.
    #[must_use]
    pub fn waits(&self) -> Waits {
        let live = self.all().into_iter().flat_map(|workspace| workspace.sessions.all());
        live.map(|live| live.machine().waits()).fold(self.tally().waits(), Waits::with)
    }

    /// What the daemon is doing, all workspaces together.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let all = self.all();
        let parts = all.iter().map(|workspace| workspace.sessions.overview());
        let sum = parts.fold(Overview::default(), Overview::with);
        Overview { connected_clients: self.open_streams().count(), ..sum }
    }

    /// Graceful shutdown of every workspace.
    pub async fn close(&self) {
        join_all(self.all().iter().map(|workspace| workspace.sessions.close("daemon_shutdown"))).await;
    }
}
