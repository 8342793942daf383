//! What one run of the daemon was asked to do. Made by `cli`, or by hand in a test; nothing else reads flags or the environment.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use roost_core::{Millis, home::SYSTEM_DIR, rate_limit::RateLimits};

use crate::{
    acp, admission::OriginPattern, auth::Secret, body::MAX_BODY_BYTES, daemon_log::LogFile,
    device_flow::IdentityProvider, page::Page, workspaces::workspace_id,
};

/// How the daemon listens, whom it admits, which agent it runs and how much of everything it allows.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen: an IP address or a name that resolves to one.
    pub hostname: String,
    /// The TCP port; 0 lets the system choose.
    pub port: u16,
    pub token: TokenSource,
    /// `/health` needs a bearer too.
    pub require_auth: bool,
    /// Without a token, strict routes are open to whoever reaches a loopback bind.
    pub trust_loopback: bool,
    /// Clients may run command lines in the folders of their sessions.
    pub enable_session_shell: bool,
    /// Origins of other sites that may call; empty denies every request that carries a foreign `Origin`.
    pub allow_origins: Vec<OriginPattern>,
    /// Host names beyond the bind's own under which the daemon answers: `name` (any port) or `name:port`, lower case.
    pub allow_hosts: Vec<String>,
    /// Serve HTTPS with these files; `None` serves HTTP.
    pub tls: Option<TlsFiles>,
    /// How many requests a client may send; `None` is unlimited.
    pub rate_limits: Option<RateLimits>,
    /// Where users can sign in by device flow.
    pub identity_providers: Vec<IdentityProvider>,
    /// Model servers on this machine and in private networks may be installed over the wire.
    pub allow_private_auth_base_url: bool,

    /// The ACP endpoint; `None` serves none.
    pub acp: Option<acp::Policy>,

    /// The folder sessions work in: absolute, canonical, a directory, and UTF-8, since it travels as JSON.
    pub workspace: PathBuf,
    /// Folders beside it that have sessions, too, under the same conditions: none twice.
    pub further_workspaces: Vec<PathBuf>,
    /// `QWEN_HOME`: where settings, session records and the daemon's own state live.
    pub home: PathBuf,
    /// Where the administrator's `settings.json` and `system-defaults.json` are.
    pub system_settings_dir: PathBuf,
    pub agent: AgentCommand,
    /// The web page that is served.
    pub page: Page,
    /// Where the log goes beside stderr; whoever starts the process opens it.
    pub log: Option<LogFile>,
    pub limits: Limits,
    pub timeouts: Timeouts,
}

/// How much is allowed at a time. `None` is unlimited.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Frames a session's ring keeps for replay.
    pub event_ring_size: NonZeroUsize,
    /// Workspaces, the ones given at start and the ones registered later together.
    pub max_workspaces: NonZeroUsize,
    /// Live sessions of each workspace.
    pub max_sessions: Option<NonZeroUsize>,
    /// Live sessions of all workspaces together.
    pub max_total_sessions: TotalSessions,
    /// Prompts of one session, running and queued together.
    pub max_pending_prompts_per_session: Option<NonZeroUsize>,
    /// Event streams of one session.
    pub max_subscribers: NonZeroUsize,
    /// TCP connections at a time.
    pub max_connections: Option<NonZeroUsize>,
    /// Size of a JSON request body, in bytes.
    pub max_body_bytes: usize,
    /// Size of the folded history a load answers with, in bytes.
    pub compacted_replay_max_bytes: NonZeroU64,
}

/// How many sessions may be live in all workspaces together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotalSessions {
    /// As many as the workspaces given at start may have between them.
    AsWorkspaces,
    /// `None` is unlimited.
    AtMost(Option<NonZeroUsize>),
}

/// How long things may take. `None` is unlimited.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// From the first prompt byte accepted to its terminal event.
    pub prompt_deadline: Option<Millis>,
    /// A permission request without a vote is cancelled after this.
    pub permission_response: Option<Millis>,
    /// A session without prompt, stream or heartbeat is closed after this (X2).
    pub session_idle: Option<Millis>,
    /// Time between two checks for such sessions.
    pub session_reap_interval: Option<Millis>,
    /// How long an agent may take to restore a session.
    pub session_restore: Millis,
    /// How long a load waits for the agent to have opened the session too, for the sake of fresh models and modes; after that what
    /// the agent said last is told, and what became of it later.
    pub agent_state: Duration,
    /// How long an agent may take to answer a question about a session.
    pub agent_answer: Duration,
    /// How long a client's command line may run.
    pub session_shell: Duration,
    /// An agent that no session and nobody else uses for this long is ended; zero is at once.
    pub channel_idle: Duration,
    /// A response whose reader takes no byte for this long is cut off.
    pub writer_idle: Option<Duration>,
    /// For a request's head; also how long a kept-alive connection may stay silent.
    pub header_read: Duration,
    /// Base allowance for a request's body, see `body`.
    pub body_read: Duration,
    /// What a graceful shutdown grants to requests and turns that are under way.
    pub shutdown_grace: Duration,
}

/// Where the daemon's bearer token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// `--token` or `QWEN_SERVER_TOKEN`. It is never handed on to a child process.
    Given(Secret),
    /// Kept in `QWEN_HOME/roost/token`, generated when missing.
    Kept,
    /// `--no-auth`.
    Off,
}

/// Certificate chain and private key, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// The program that speaks ACP on its stdio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCommand {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// What to call it: `built-in`, or the command as the user wrote it.
    pub name: String,
}

impl Config {
    /// The defaults of every flag, for one workspace and one home.
    pub fn new(workspace: PathBuf, home: PathBuf, agent: AgentCommand) -> Self {
        Self {
            hostname: "127.0.0.1".to_owned(),
            port: 4170,
            token: TokenSource::Kept,
            require_auth: false,
            trust_loopback: false,
            enable_session_shell: false,
            allow_origins: Vec::new(),
            allow_hosts: Vec::new(),
            tls: None,
            rate_limits: None,
            identity_providers: Vec::new(),
            allow_private_auth_base_url: false,
            acp: Some(acp::Policy::default()),
            workspace,
            further_workspaces: Vec::new(),
            home,
            system_settings_dir: PathBuf::from(SYSTEM_DIR),
            agent,
            page: Page::embedded(),
            log: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Live sessions of all workspaces together: as asked, else what the workspaces given at start may have (C5).
    #[must_use]
    pub fn max_total_sessions(&self) -> Option<NonZeroUsize> {
        match self.limits.max_total_sessions {
            TotalSessions::AsWorkspaces => {
                let workspaces = NonZeroUsize::MIN.saturating_add(self.further_workspaces.len());
                self.limits.max_sessions.map(|each| each.saturating_mul(workspaces))
            }
            TotalSessions::AtMost(max) => max,
        }
    }

    /// The primary workspace's name on the wire.
    #[must_use]
    pub fn workspace_id(&self) -> String {
        workspace_id(&self.workspace)
    }

    /// The daemon's own state, apart from the sessions': token and device credentials.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.home.join("roost")
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            event_ring_size: const { NonZeroUsize::new(8_000).unwrap() },
            max_workspaces: const { NonZeroUsize::new(256).unwrap() },
            max_sessions: NonZeroUsize::new(32),
            max_total_sessions: TotalSessions::AsWorkspaces,
            max_pending_prompts_per_session: NonZeroUsize::new(5),
            max_subscribers: const { NonZeroUsize::new(1_024).unwrap() },
            max_connections: None,
            max_body_bytes: MAX_BODY_BYTES,
            compacted_replay_max_bytes: const { NonZeroU64::new(4 * 1024 * 1024).unwrap() },
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            prompt_deadline: None,
            permission_response: None,
            session_idle: Some(Millis(30 * 60 * 1_000)),
            session_reap_interval: Some(Millis(60 * 1_000)),
            session_restore: Millis(60 * 1_000),
            agent_state: Duration::from_millis(1_500),
            agent_answer: Duration::from_secs(30),
            session_shell: Duration::from_secs(120),
            channel_idle: Duration::from_secs(60),
            writer_idle: Some(Duration::from_secs(60)),
            header_read: Duration::from_secs(10),
            body_read: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}
