//! What archiving needs to know of the directory, and asks of it.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use roost_core::{
    SessionId,
    session::{Answer, CloseRefused, Command, DisplayName, Status},
};

use super::{Sessions, table::Restoring};
use crate::{
    archive::Locks,
    driver::LiveSession,
    store::{HoldError, Past, Place, Project, Shelf},
};

/// Which state of the list a client has seen: it has not changed as long as both are the same.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CatalogueVersion {
    pub generation: Box<str>,
    pub revision: u64,
}

impl Sessions {
    #[must_use]
    pub fn locks(&self) -> &Locks {
        self.0.wide.locks()
    }

    pub(crate) fn project(&self) -> &Project {
        &self.0.project
    }

    /// Says that sessions came, went, moved or were arranged differently.
    pub fn catalogue_changed(&self) {
        self.0.revision.fetch_add(1, Ordering::Relaxed);
    }

    #[must_use]
    pub fn catalogue_version(&self) -> CatalogueVersion {
        CatalogueVersion { generation: self.0.generation.clone(), revision: self.0.revision.load(Ordering::Relaxed) }
    }

    /// Every live session with how it stands, by name.
    #[must_use]
    pub fn live_states(&self) -> Vec<(SessionId, Status)> {
        let mut states: Vec<_> = self.all().iter().map(|live| (live.id.clone(), live.machine().status())).collect();
        states.sort_by(|(a, _), (b, _)| a.cmp(b));
        states
    }

    /// Where a session is on disk. Asks the disk.
    pub async fn place(&self, id: &SessionId) -> Place {
        let (project, id) = (self.0.project.clone(), id.clone());
        tokio::task::spawn_blocking(move || project.place(&id)).await.unwrap_or(Place::Nowhere)
    }

    /// Where the past of a session on this shelf is read from. Asks the disk.
    pub async fn past(&self, shelf: Shelf, id: &SessionId) -> Option<Past> {
        let (project, id) = (self.0.project.clone(), id.clone());
        tokio::task::spawn_blocking(move || project.past(shelf, &id)).await.ok().flatten()
    }

    /// Names a session on this shelf that is not live; whoever calls this has claimed it. False when only the agent has a record of it.
    /// Writes to the disk.
    ///
    /// # Errors
    /// Its record cannot be read, the disk refuses, or another daemon has the session open.
    pub async fn rename(&self, shelf: Shelf, id: &SessionId, name: DisplayName) -> Result<bool, HoldError> {
        let (project, id) = (self.0.project.clone(), id.clone());
        let renamed = tokio::task::spawn_blocking(move || project.rename(shelf, &id, name)).await;
        self.catalogue_changed();
        renamed.unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }

    /// Ends a session if it is live, and returns when nothing of it is in memory. Whoever calls this has claimed the session, so nobody
    /// loads it again.
    ///
    /// # Errors
    /// What was said last cannot be written; then it goes on. Nothing that is discarded has to be.
    pub(crate) async fn put_away(&self, id: &SessionId, ending: Ending) -> Result<(), CloseRefused> {
        while let Some(under_way) = self.under_way(id) {
            match under_way {
                UnderWay::Live(live) => {
                    // One that has just ended by itself answers nothing, and retires all the same.
                    if let Some(answered) = live.command(None, ending.command()).await
                        && let Answer::Close(Err(refused @ CloseRefused::Unrecorded)) = answered.answer
                    {
                        return Err(refused);
                    }
                    live.retired().await;
                }
                UnderWay::Restoring(restoring) => {
                    let _ = restoring.await;
                }
            }
        }
        self.table().died.retain(|died| died.session != *id);
        Ok(())
    }

    fn under_way(&self, id: &SessionId) -> Option<UnderWay> {
        let table = self.table();
        let restoring = table.restoring.get(id).map(|(_, restoring)| UnderWay::Restoring(restoring.clone()));
        restoring.or_else(|| table.live.get(id).map(|live| UnderWay::Live(Arc::clone(live))))
    }
}

/// What is to become of a live session's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// They are kept, so everything has to be in them.
    Keep,
    Discard,
}

impl Ending {
    fn command(self) -> Command {
        match self {
            Self::Keep => Command::Close,
            Self::Discard => Command::Discard,
        }
    }
}

enum UnderWay {
    Live(Arc<LiveSession>),
    Restoring(Restoring),
}
