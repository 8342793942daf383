//! Watching over an agent: one child process that speaks ACP on its stdio and serves any number of sessions.
//!
//! Bytes from the child are cut into lines, told apart by session and handed to that session's [`Mailbox`] in the order they
//! came, many at a time where many are ready. A reply travels the same way as the updates before it, so nobody sees a turn end
//! before its last word.

mod handshake;
mod host;
pub mod keeper;
mod line;
mod mailbox;
mod mark;
mod nursery;
pub mod pipes;
mod process;
mod reader;
mod stderr_tail;
mod switchboard;
mod writer;

use std::{io, path::Path, sync::Arc, time::Duration};

use roost_core::{
    acp::{RpcError, RpcId},
    session::{CallId, UpdateKind},
};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::{
    handshake::DRAIN_METHOD,
    mark::end_orphans,
    process::{Process, SECRET_VARIABLES},
};
pub use self::{
    handshake::{AgentInfo, HandshakeError},
    host::AgentHost,
    mailbox::Mailbox,
    process::Exit,
    switchboard::NewSession,
};
use self::{
    line::Line,
    mailbox::mailbox,
    stderr_tail::StderrTail,
    switchboard::{Awaiting, Switchboard},
    writer::Outbox,
};
use crate::config::AgentCommand;

/// What an agent has to say to one session.
#[derive(Debug)]
pub enum FromAgent {
    /// `session/update`
    Update {
        kind: UpdateKind,
        params: Box<RawValue>,
    },
    /// Any other notification.
    Notification {
        method: Box<str>,
        params: Box<RawValue>,
    },
    Request {
        rpc_id: RpcId,
        method: Box<str>,
        params: Box<RawValue>,
    },
    /// The reply to [`Child::call_for`].
    Reply {
        call: CallId,
        result: Result<Box<RawValue>, RpcError>,
    },
    /// The process is gone; nothing follows.
    Lost(Loss),
}

impl FromAgent {
    /// What it takes to keep it, about.
    fn bytes(&self) -> usize {
        let said = match self {
            Self::Update { params, .. } | Self::Notification { params, .. } | Self::Request { params, .. } => {
                params.get().len()
            }
            Self::Reply { result, .. } => result.as_ref().map_or(0, |result| result.get().len()),
            Self::Lost(loss) => loss.reason.len(),
        };
        size_of::<Self>() + said
    }
}

/// How an agent was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub exit: Exit,
    /// One sentence for people, with the end of what the agent wrote to stderr.
    pub reason: Box<str>,
}

/// Why an agent could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot start {program}: {source}")]
    Spawn { program: String, source: io::Error },
    #[error("{program} {source}")]
    Handshake { program: String, source: HandshakeError },
    #[error("the daemon is shutting down")]
    Closed,
}

/// Why a call has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    #[error(transparent)]
    Refused(RpcError),
    #[error("{}", .0.reason)]
    Lost(Loss),
    #[error("the agent opened a session and did not name it")]
    NoSession,
}

/// A running agent. Dropping the last handle ends it and everything it started.
#[derive(Debug)]
pub struct Child {
    info: AgentInfo,
    line: Line,
    end: mpsc::Sender<Duration>,
    lost: watch::Receiver<Option<Loss>>,
}

impl Child {
    /// Starts the agent in `cwd` and shakes hands with it.
    ///
    /// # Errors
    /// The program cannot be run, or is no ACP agent, or does not answer within `patience`. Nothing of it is left running then.
    pub async fn start(command: &AgentCommand, cwd: &Path, patience: Duration) -> Result<Arc<Self>, StartError> {
        let program = command.program.display().to_string();
        let spawned = Process::spawn(command, cwd).await;
        let (process, pipes) = spawned.map_err(|source| StartError::Spawn { program: program.clone(), source })?;

        let line = Line::new(Outbox::open(pipes.stdin));
        let stderr = StderrTail::follow(pipes.stderr);
        let reading = tokio::spawn(reader::read(pipes.stdout, line.clone()));
        let (end, ends) = mpsc::channel(1);
        let (report, lost) = watch::channel(None);
        let watcher = Watcher { process, reading, stderr, switchboard: Arc::clone(line.switchboard()), report };
        tokio::spawn(watcher.run(ends));

        let mut child = Self { info: AgentInfo::default(), line, end, lost };
        let handshake = tokio::time::timeout(patience, handshake::shake(&child)).await;
        match handshake.unwrap_or(Err(HandshakeError::Silent(patience))) {
            Ok(info) => child.info = info,
            Err(source) => return Err(StartError::Handshake { program, source }),
        }
        Ok(Arc::new(child))
    }

    /// What the agent said of itself.
    #[must_use]
    pub fn info(&self) -> &AgentInfo {
        &self.info
    }

    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.lost.borrow().is_none()
    }

    /// Returns once the agent is gone.
    pub async fn lost(&self) -> Loss {
        let mut lost = self.lost.clone();
        match lost.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(loss)) => loss.clone(),
            Ok(None) | Err(_) => Loss::unknown(),
        }
    }

    /// Calls and waits for the result. Every update the agent sent to a session before it lies in that session's mailbox.
    ///
    /// # Errors
    /// The agent refuses, or is lost before it answers.
    pub async fn call(&self, method: &str, params: &RawValue) -> Result<Box<RawValue>, CallError> {
        let (answered, answer) = oneshot::channel();
        self.line.call(method, params, Awaiting::Caller(answered));
        answer.await.unwrap_or_else(|_| Err(CallError::Lost(Loss::unknown())))
    }

    /// `session/new`: calls and waits, and sets up the mailbox of the session that the result names before anything more is read.
    ///
    /// # Errors
    /// As [`Child::call`], or the result names no session.
    pub async fn open(&self, method: &str, params: &RawValue) -> Result<NewSession, CallError> {
        let (answered, answer) = oneshot::channel();
        self.line.call(method, params, Awaiting::Opener(answered));
        answer.await.unwrap_or_else(|_| Err(CallError::Lost(Loss::unknown())))
    }

    /// Sets up the mailbox of a session that is about to be loaded by [`Child::load`]. Whoever had one under that name hears nothing more.
    #[must_use]
    pub fn adopt(&self, session: &str) -> Mailbox {
        let (sender, mut mailbox) = mailbox();
        mailbox.stand(self.line.clone(), session);
        self.line.switchboard().connect(session, sender);
        mailbox
    }

    /// `session/load` or `session/resume` of a session that has its mailbox: as [`Child::call`]. Where nobody waits for the result any more
    /// when it comes, the agent is told that the session is over.
    ///
    /// # Errors
    /// As [`Child::call`].
    pub async fn load(&self, session: &str, method: &str, params: &RawValue) -> Result<Box<RawValue>, CallError> {
        let (answered, answer) = oneshot::channel();
        self.line.call(method, params, Awaiting::Loader(answered, session.into()));
        answer.await.unwrap_or_else(|_| Err(CallError::Lost(Loss::unknown())))
    }

    /// Calls on behalf of a session; the reply arrives in its mailbox under `call`.
    pub fn call_for(&self, session: &str, call: CallId, method: &str, params: &RawValue) {
        self.line.call(method, params, Awaiting::Session(session.into(), call));
    }

    /// Tells the agent something. Best effort.
    pub fn notify(&self, method: &str, params: &RawValue) {
        self.line.notify(method, params);
    }

    /// Answers a request of the agent's.
    pub fn answer(&self, id: RpcId, answer: Result<&RawValue, RpcError>) {
        self.line.answer(id, answer);
    }

    /// Ends the agent and its whole process group: asked first, after `grace` made to. Returns when it is gone.
    pub async fn end(&self, grace: Duration) {
        // Full means that somebody asked before, closed that it is gone.
        let _ = self.end.try_send(grace);
        self.lost().await;
    }
}

impl Loss {
    /// A loss without a process that could tell how it ended.
    #[must_use]
    pub fn because(reason: &str) -> Self {
        Self { exit: Exit::default(), reason: reason.into() }
    }

    fn unknown() -> Self {
        Self::because("the agent is gone")
    }
}

/// Sees a process to its end.
struct Watcher {
    process: Process,
    reading: tokio::task::JoinHandle<()>,
    stderr: StderrTail,
    switchboard: Arc<Switchboard>,
    report: watch::Sender<Option<Loss>>,
}

impl Watcher {
    /// What a process may still take to end once it has closed its stdout or its handles are gone.
    const GRACE: Duration = Duration::from_secs(2);
    /// What is left in the pipe of a process that has ended is read for so long: a grandchild may hold it open for ever.
    const LAST_WORDS: Duration = Duration::from_millis(500);

    async fn run(mut self, mut ends: mpsc::Receiver<Duration>) {
        let grace = tokio::select! {
            _ = self.process.ended() => Self::GRACE,
            grace = ends.recv() => grace.unwrap_or(Self::GRACE),
            _ = &mut self.reading => Self::GRACE,
        };
        let exit = self.process.end(grace).await;
        if !self.reading.is_finished() && tokio::time::timeout(Self::LAST_WORDS, &mut self.reading).await.is_err() {
            self.reading.abort();
        }
        let loss = Loss { reason: self.reason(&exit).into(), exit };
        tracing::info!(reason = %loss.reason, "the agent is gone");
        self.switchboard.close(&loss).await;
        self.report.send_replace(Some(loss));
    }

    fn reason(&self, exit: &Exit) -> String {
        let how = match (&exit.signal, exit.code) {
            (Some(signal), _) => format!("the agent was ended by {signal}"),
            (None, Some(code)) => format!("the agent exited with status {code}"),
            (None, None) => "the agent is gone".to_owned(),
        };
        match self.stderr.last_line() {
            Some(line) => format!("{how}: {line}"),
            None => how,
        }
    }
}
