//! One agent for a workspace, started when it is first needed and again when it was lost.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use super::{Child, StartError};
use crate::config::AgentCommand;

type Started = Result<Arc<Child>, Arc<StartError>>;

/// Keeps the agent of one workspace.
#[derive(Debug)]
pub struct AgentHost {
    command: AgentCommand,
    cwd: PathBuf,
    patience: Duration,
    seat: Mutex<Seat>,
}

#[derive(Debug)]
enum Seat {
    Empty,
    /// Everybody who needs the agent meanwhile waits for the same one, or gets the same error.
    Starting(Shared<BoxFuture<'static, Started>>),
    Taken(Arc<Child>),
    /// The daemon stops.
    Closed,
}

impl AgentHost {
    /// Nothing is started yet. An agent that has not answered within `patience` counts as none.
    #[must_use]
    pub fn new(command: AgentCommand, cwd: PathBuf, patience: Duration) -> Self {
        Self { command, cwd, patience, seat: Mutex::new(Seat::Empty) }
    }

    /// The agent; started if none is alive.
    ///
    /// # Errors
    /// It does not start. The next caller tries again.
    pub async fn child(&self) -> Started {
        let starting = {
            let mut seat = self.seat();
            match &*seat {
                Seat::Taken(child) if child.is_alive() => return Ok(Arc::clone(child)),
                Seat::Starting(starting) => starting.clone(),
                Seat::Closed => return Err(Arc::new(StartError::Closed)),
                Seat::Empty | Seat::Taken(_) => {
                    let starting = self.start();
                    *seat = Seat::Starting(starting.clone());
                    starting
                }
            }
        };
        let started = starting.clone().await;
        let mut seat = self.seat();
        if matches!(&*seat, Seat::Starting(current) if current.ptr_eq(&starting)) {
            *seat = started.as_ref().map_or(Seat::Empty, |child| Seat::Taken(Arc::clone(child)));
        }
        started
    }

    /// Whether an agent is up.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(&*self.seat(), Seat::Taken(child) if child.is_alive())
    }

    /// Ends the agent, and lets none be started again.
    pub async fn close(&self, grace: Duration) {
        let seat = std::mem::replace(&mut *self.seat(), Seat::Closed);
        match seat {
            Seat::Taken(child) => child.end(grace).await,
            Seat::Starting(starting) => {
                if let Ok(child) = starting.await {
                    child.end(grace).await;
                }
            }
            Seat::Empty | Seat::Closed => {}
        }
    }

    /// A task of its own: whoever asked first may hang up, the others still wait.
    fn start(&self) -> Shared<BoxFuture<'static, Started>> {
        let (command, cwd, patience) = (self.command.clone(), self.cwd.clone(), self.patience);
        let starting = tokio::spawn(async move { Child::start(&command, &cwd, patience).await.map_err(Arc::new) });
        starting.map(|joined| joined.unwrap_or_else(|_| Err(Arc::new(StartError::Closed)))).boxed().shared()
    }

    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
