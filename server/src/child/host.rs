//! One agent for a workspace, started when it is first needed and again when it was lost, ended when nobody needs it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{sync::Notify, time::Instant};

use super::{Child, StartError};
use crate::config::AgentCommand;

type Started = Result<Arc<Child>, Arc<StartError>>;

/// An agent that was started ahead of its first session waits for it at least so long.
const PREHEATED: Duration = Duration::from_secs(60);
/// What an agent nobody needs any more, or that is stuck, gets to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// How often to look whether an agent is idle, at least and at most: there is no call for its last user to say goodbye.
const LOOK: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// Keeps the agent of one workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AgentHost(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    command: AgentCommand,
    cwd: PathBuf,
    patience: Duration,
    /// An agent nobody uses is ended after this.
    idle: Duration,
    /// A user of the agent has released it.
    eased: Arc<Notify>,
    place: Mutex<Place>,
}

#[derive(Debug)]
struct Place {
    seat: Seat,
    /// The agent is kept until this moment whether it is used or not.
    kept_until: Instant,
}

#[derive(Debug)]
enum Seat {
    Empty,
    /// Everybody who needs the agent meanwhile waits for the same one, or gets the same error.
    Starting(Shared<BoxFuture<'static, Started>>),
    Taken(Arc<Child>),
    /// The daemon stops, or the workspace goes.
    Closed,
}

impl AgentHost {
    /// Nothing is started yet. An agent that has not answered within `patience` counts as none; one that nobody uses for `idle` is
    /// ended.
    #[must_use]
    pub fn new(command: AgentCommand, cwd: PathBuf, patience: Duration, idle: Duration) -> Self {
        let place = Mutex::new(Place { seat: Seat::Empty, kept_until: Instant::now() });
        Self(Arc::new(Inner { command, cwd, patience, idle, eased: Arc::default(), place }))
    }

    /// The agent; started if none is alive. It is in use as long as the handle is kept.
    ///
    /// # Errors
    /// It does not start. The next caller tries again.
    pub async fn child(&self) -> Started {
        let starting = {
            let mut place = self.place();
            place.kept_until = place.kept_until.max(Instant::now() + self.0.idle);
            match &place.seat {
                Seat::Taken(child) if child.is_alive() => return Ok(Arc::clone(child)),
                Seat::Starting(starting) => starting.clone(),
                Seat::Closed => return Err(Arc::new(StartError::Closed)),
                Seat::Empty | Seat::Taken(_) => {
                    let starting = self.start();
                    place.seat = Seat::Starting(starting.clone());
                    starting
                }
            }
        };
        let started = starting.clone().await;
        let mut place = self.place();
        if matches!(&place.seat, Seat::Starting(current) if current.ptr_eq(&starting)) {
            place.seat = match &started {
                Ok(child) => {
                    tokio::spawn(end_when_idle(Arc::downgrade(&self.0), Arc::downgrade(child)));
                    Seat::Taken(Arc::clone(child))
                }
                Err(_) => Seat::Empty,
            };
        }
        started
    }

    /// Starts the agent ahead of its first use, and has it wait a while.
    ///
    /// # Errors
    /// As [`Self::child`].
    pub async fn preheat(&self) -> Result<(), Arc<StartError>> {
        let started = self.child().await.map(drop);
        let mut place = self.place();
        place.kept_until = place.kept_until.max(Instant::now() + PREHEATED);
        started
    }

    /// To be called when a user of the agent is gone.
    pub fn eased(&self) {
        self.0.eased.notify_waiters();
    }

    /// The agent, if one is up; none is started.
    #[must_use]
    pub fn running(&self) -> Option<Arc<Child>> {
        match &self.place().seat {
            Seat::Taken(child) if child.is_alive() => Some(Arc::clone(child)),
            Seat::Taken(_) | Seat::Empty | Seat::Starting(_) | Seat::Closed => None,
        }
    }

    /// Whether an agent is up.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.running().is_some()
    }

    /// Ends the agent whatever it is doing, and all it started. Whoever needs one next starts another.
    pub async fn end_running(&self) {
        let running = {
            let mut place = self.place();
            match std::mem::replace(&mut place.seat, Seat::Empty) {
                Seat::Taken(child) => Some(child),
                seat @ (Seat::Empty | Seat::Starting(_) | Seat::Closed) => {
                    place.seat = seat;
                    None
                }
            }
        };
        if let Some(child) = running {
            child.end(GRACE).await;
        }
    }

    /// Ends the agent, and lets none be started again.
    pub async fn close(&self, grace: Duration) {
        let seat = std::mem::replace(&mut self.place().seat, Seat::Closed);
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
        let (command, cwd, patience) = (self.0.command.clone(), self.0.cwd.clone(), self.0.patience);
        let starting = tokio::spawn(async move { Child::start(&command, &cwd, patience).await.map_err(Arc::new) });
        starting.map(|joined| joined.unwrap_or_else(|_| Err(Arc::new(StartError::Closed)))).boxed().shared()
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the agent from its seat if nobody but the seat holds it and its time is up; else says when to look again.
    fn take_idle(&self, child: &Weak<Child>) -> Look {
        let mut place = self.place();
        let Seat::Taken(seated) = &place.seat else { return Look::Nobody };
        if !std::ptr::eq(Arc::as_ptr(seated), child.as_ptr()) {
            return Look::Nobody;
        }
        let now = Instant::now();
        if Arc::strong_count(seated) > 1 {
            place.kept_until = place.kept_until.max(now + self.0.idle);
            return Look::Again;
        }
        if place.kept_until > now {
            return Look::Until(place.kept_until);
        }
        match std::mem::replace(&mut place.seat, Seat::Empty) {
            Seat::Taken(idle) => Look::Idle(idle),
            Seat::Empty | Seat::Starting(_) | Seat::Closed => Look::Nobody,
        }
    }
}

enum Look {
    /// Another agent has its place, or none.
    Nobody,
    /// It is in use.
    Again,
    Until(Instant),
    Idle(Arc<Child>),
}

/// Sees one agent to the moment nobody needs it. In use is who holds a handle, whatever for.
async fn end_when_idle(host: Weak<Inner>, child: Weak<Child>) {
    loop {
        let Some(host) = host.upgrade().map(AgentHost) else { return };
        let (shortest, longest) = LOOK;
        let pause = host.0.idle.clamp(shortest, longest);
        let goodbyes = Arc::clone(&host.0.eased);
        let eased = goodbyes.notified();
        let next = match host.take_idle(&child) {
            Look::Nobody => return,
            Look::Idle(idle) => {
                tracing::info!(workspace = %host.0.cwd.display(), "nobody needs the agent; ending it");
                return idle.end(GRACE).await;
            }
            Look::Again => Instant::now() + pause,
            Look::Until(moment) => moment,
        };
        drop(host);
        tokio::select! {
            () = eased => {}
            () = tokio::time::sleep_until(next) => {}
        }
    }
}
