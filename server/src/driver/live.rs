//! A live session, as everyone but its driver sees it: the machine to look at, the inbox to write to, the stream to read.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use roost_core::{
    ClientId, Millis, SessionId,
    event::Draft,
    session::{AgentState, Command, Input, Session, ShellNews, Ticket},
};
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{mpsc, oneshot, watch};

use super::{AgentLink, Answered, EventStream, NoAgent, Order, Sample, ShellLine, Told};

/// A live session, as everyone but its driver sees it.
#[derive(Debug)]
pub struct LiveSession {
    pub id: SessionId,
    /// The folder of its workspace.
    pub cwd: Arc<Path>,
    pub created_at: Millis,
    pub source: Source,
    pub stream: Arc<EventStream>,
    pub(super) machine: Mutex<Session>,
    pub(super) inbox: mpsc::Sender<Order>,
    pub(super) journal: PathBuf,
    /// Why there never was an agent.
    pub(super) no_agent: OnceLock<NoAgent>,
    pub(super) recording_degraded: AtomicBool,
    /// The agent was lost, and the session with it.
    pub(super) died: AtomicBool,
    /// What the agent said of itself in an earlier life of the daemon.
    pub(super) remembered_state: Option<Arc<AgentState>>,
    /// What [`LiveSession::agent_state_json`] wrote last, and of what.
    pub(super) state_json: Mutex<Option<(Arc<AgentState>, Arc<RawValue>)>>,
    pub(super) phase: watch::Sender<Phase>,
}

/// What a session was made for, in its maker's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub kind: Option<String>,
    pub id: Option<String>,
}

/// How far a live session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The agent does not know the session yet; prompts wait.
    Opening,
    Ready,
    /// Nothing more will come of it.
    Retired,
}

impl LiveSession {
    /// The machine, to look at it for a moment.
    pub fn machine(&self) -> MutexGuard<'_, Session> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a command and waits for its answer. None when the session retired meanwhile.
    pub async fn command(&self, client: Option<ClientId>, command: Command) -> Option<Answered> {
        self.command_and_tell(client, command).await.map(|(answered, _)| answered)
    }

    /// Gives a command that the session may as well do without, and waits for its answer no longer than this: an agent that does not answer
    /// holds nobody up. What comes of it is told on the stream.
    pub async fn wish(&self, client: Option<ClientId>, command: Command, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.command(client, command)).await;
    }

    /// As [`LiveSession::command`], for whoever has nothing more to ask of the session and says when the answer has left: until then the
    /// session does nothing else.
    pub async fn command_and_tell(
        &self,
        client: Option<ClientId>,
        command: Command,
    ) -> Option<(Answered, Option<Told>)> {
        let (answered, answer) = oneshot::channel();
        self.inbox.send(Order::Command { client, command, answered }).await.ok()?;
        Some(answer.await.ok()?.on_disk().await)
    }

    /// Publishes something that happened around the session. Nobody hears it on one that has ended.
    pub async fn announce(&self, draft: Draft) {
        let _ = self.inbox.send(Order::Input(Input::Announce(draft))).await;
    }

    /// Has the session see whether anybody still needs it (X2).
    pub fn reap(&self) {
        // Where there is no room, there is somebody.
        let _ = self.inbox.try_send(Order::Input(Input::Reap));
    }

    /// Ends the session for the daemon's own reasons. One that has ended is none the worse for it.
    pub async fn kill(&self, reason: &str) {
        let _ = self.inbox.send(Order::Input(Input::Kill { reason: reason.into() })).await;
    }

    /// Runs a command line and waits for its end. It is stopped when whoever waits does not any more. None when the session retired
    /// meanwhile.
    pub async fn run_shell(&self, client: Option<ClientId>, line: ShellLine) -> Option<Answered> {
        let (answered, answer) = oneshot::channel();
        // Dropped with this future.
        let (_staying, gone) = oneshot::channel();
        self.inbox.send(Order::Shell { client, line, answered, gone }).await.ok()?;
        let (answered, _) = answer.await.ok()?.on_disk().await;
        Some(answered)
    }

    /// Passes on what a command line says.
    pub(super) async fn shell_news(&self, ticket: Ticket, news: ShellNews) {
        let _ = self.inbox.send(Order::Input(Input::Shell { ticket, news })).await;
    }

    /// Tells what came of opening the session with the agent; `forgot` is why it was opened afresh, where it had to be.
    pub async fn link(&self, linked: Result<(AgentLink, AgentState), NoAgent>, forgot: Option<Box<str>>) {
        let order = match linked {
            Ok((link, state)) => Order::Link(link, Box::new(state), forgot),
            Err(no_agent) => Order::NoLink(no_agent),
        };
        // A session that ended meanwhile needs no agent.
        let _ = self.inbox.send(order).await;
    }

    /// A place up to which the journal can be read. None when the session has retired.
    pub async fn sample(&self) -> Option<Sample> {
        let (sampled, sample) = oneshot::channel();
        self.inbox.send(Order::Sample(sampled)).await.ok()?;
        sample.await.ok()
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Returns once the agent has opened the session, or it never will.
    pub async fn settled(&self) -> Phase {
        self.reach(|phase| *phase != Phase::Opening).await
    }

    /// Returns once the session has retired.
    pub async fn retired(&self) {
        self.reach(|phase| *phase == Phase::Retired).await;
    }

    async fn reach(&self, is_there: impl FnMut(&Phase) -> bool) -> Phase {
        let mut phase = self.phase.subscribe();
        let reached = phase.wait_for(is_there).await.map(|phase| *phase);
        reached.unwrap_or(Phase::Retired)
    }

    /// Where the session's events lie.
    #[must_use]
    pub fn journal(&self) -> &std::path::Path {
        &self.journal
    }

    /// Says that the session is gone from every table, so that it can come back.
    pub fn bury(&self) {
        self.phase.send_replace(Phase::Retired);
    }

    /// Whether the session ended because its agent was lost.
    #[must_use]
    pub fn has_died(&self) -> bool {
        self.died.load(Ordering::Relaxed)
    }

    /// Why the session never had an agent in this life of the daemon.
    #[must_use]
    pub fn no_agent(&self) -> Option<&NoAgent> {
        self.no_agent.get()
    }

    #[must_use]
    pub fn is_recording_degraded(&self) -> bool {
        self.recording_degraded.load(Ordering::Relaxed)
    }

    /// What the agent says of its models and modes; while it is not there, what it said last.
    #[must_use]
    pub fn agent_state(&self) -> Arc<AgentState> {
        let state = self.machine().agent_state().cloned();
        state.or_else(|| self.remembered_state.clone()).unwrap_or_default()
    }

    /// The same as JSON, which is written once for each state: many read it, and it rarely changes.
    #[must_use]
    pub fn agent_state_json(&self) -> Arc<RawValue> {
        let state = self.agent_state();
        let mut written = self.state_json.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, json)) = &*written
            && Arc::ptr_eq(of, &state)
        {
            return Arc::clone(json);
        }
        let json: Arc<RawValue> = to_raw_value(&state).expect("it was read from JSON, and keys are strings").into();
        *written = Some((state, Arc::clone(&json)));
        json
    }
}
