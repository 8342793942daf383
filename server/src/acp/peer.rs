//! One connection: what it has, and what it offers.

mod life;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::response::Response;
use roost_core::{
    SessionId,
    acp_bridge::{Patience, Presence, Questions, Scope, VendorMethod},
};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use super::{Acp, Call, ConnectionStatus, Door, Seat, binding::Binding, outbox::Outbox};
use crate::{
    App, capabilities, clock,
    driver::LiveSession,
    routes::table::{Table, Taken},
    workspaces::Workspace,
};

/// The version of the protocol that is spoken.
const PROTOCOL_VERSION: u32 = 1;
/// Calls that wait while one is performed.
const LANE: usize = 64;
/// How much of a connection's id is shown: knowing all of it is being it.
const PREFIX_CHARS: usize = 8;

/// One connection.
pub struct Peer {
    pub id: Box<str>,
    pub(super) app: Arc<App>,
    pub(super) door: Door,
    pub(super) scope: Scope,
    pub(super) workspace: Arc<Workspace>,
    pub(super) transport: Transport,
    methods: Vec<&'static VendorMethod>,
    outbox: Arc<Outbox>,
    bindings: Mutex<BTreeMap<SessionId, Arc<Binding>>>,
    questions: Mutex<Questions>,
    presence: Mutex<Presence>,
    /// Rung when there may be an earlier moment to wait for.
    changed: Notify,
    lane: mpsc::Sender<Call>,
    over: watch::Sender<bool>,
}

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Requests, and an event stream each for the connection and its sessions.
    Http,
    /// One WebSocket for everything.
    Socket,
}

/// Who wants a connection, and to what.
#[derive(Clone, Debug)]
pub struct Caller {
    pub app: Arc<App>,
    pub door: Door,
    pub workspace: Arc<Workspace>,
    /// It came below `/workspaces/<id>`, and gets no further than that workspace.
    pub is_qualified: bool,
}

impl Peer {
    /// A new connection, which lives until it says goodbye, is away too long, or the daemon stops. `seat` is free again then; that of a
    /// socket its owner keeps.
    pub fn begin(caller: Caller, transport: Transport, seat: Option<Seat>) -> Arc<Self> {
        let Caller { app, door, workspace, is_qualified } = caller;
        let policy = app.acp.policy();
        let scope = Scope { workspace: workspace.id.as_str().into(), is_qualified };
        let (lane, calls) = mpsc::channel(LANE);
        let peer = Arc::new(Self {
            id: Uuid::new_v4().to_string().into(),
            methods: VendorMethod::ALL.iter().filter(|method| exists(method, &scope)).collect(),
            door,
            scope,
            workspace,
            transport,
            outbox: Arc::default(),
            bindings: Mutex::default(),
            questions: Mutex::default(),
            presence: Mutex::new(Presence::new(clock::now(), Patience { grace: policy.grace, idle: policy.idle })),
            changed: Notify::new(),
            lane,
            over: watch::channel(false).0,
            app,
        });
        peer.hub().add(&peer);
        tokio::spawn(Arc::clone(&peer).run(calls, seat));
        peer
    }

    /// The result of `initialize`.
    #[must_use]
    pub fn greeting(&self) -> Value {
        let tags = capabilities::features(&self.app.config, &self.app.workspaces);
        let is_good = |method: &&&VendorMethod| method.tag().is_none_or(|tag| tags.contains(&tag));
        let methods: Vec<&str> = self.methods.iter().filter(is_good).map(|method| method.name).collect();
        json!({
            "protocolVersion": PROTOCOL_VERSION,
            "agentCapabilities": {
                "loadSession": true,
                "promptCapabilities": { "image": true, "audio": true, "embeddedContext": true },
                "configOptions": true,
                "_meta": { "qwen": { "connectionId": self.id, "workspaceCwd": self.workspace.cwd, "methods": methods } },
            },
        })
    }

    /// Puts a call in line, waits while the line is full, and returns its receipt, to be sent on `connection`. Nothing happens to it once
    /// the connection is over.
    pub async fn take(&self, call: Call) -> Response {
        self.heard();
        let (call, receipt) = call.with_receipt();
        // A connection that is over has no one left to answer.
        let _ = self.lane.send(call).await;
        receipt
    }

    pub(super) fn lane(&self) -> &mpsc::Sender<Call> {
        &self.lane
    }

    /// The peer says goodbye. Nothing it sends from now on reaches the connection.
    pub fn end(&self) {
        self.hub().remove(&self.id);
        self.over.send_replace(true);
    }

    /// Returns once the connection is over.
    pub(super) async fn ended(&self) {
        let mut over = self.over.subscribe();
        // The sender is this connection's own.
        let _ = over.wait_for(|over| *over).await;
    }

    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    #[must_use]
    pub fn workspace_id(&self) -> &str {
        &self.workspace.id
    }

    pub(super) fn has_method(&self, method: &'static VendorMethod) -> bool {
        self.methods.contains(&method)
    }

    pub(super) fn hub(&self) -> &Acp {
        &self.app.acp
    }

    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    pub(super) fn live(&self, session: &str) -> Option<Arc<LiveSession>> {
        self.app.workspaces.live(session)
    }

    pub(super) fn binding(&self, session: &str) -> Option<Arc<Binding>> {
        self.bindings().get(session).cloned()
    }

    pub(super) fn bindings(&self) -> MutexGuard<'_, BTreeMap<SessionId, Arc<Binding>>> {
        self.bindings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn question_count(&self) -> usize {
        self.questions().count()
    }

    #[must_use]
    pub fn status(&self) -> ConnectionStatus {
        ConnectionStatus {
            connection_id_prefix: self.prefix().to_owned(),
            transport: match self.transport {
                Transport::Http => "http",
                Transport::Socket => "ws",
            },
            workspace_cwd: self.workspace.cwd.display().to_string(),
            sessions: self.bindings().len(),
            streams: self.presence().streams(),
            pending_client_requests: self.question_count(),
        }
    }

    fn prefix(&self) -> &str {
        self.id.get(..PREFIX_CHARS).unwrap_or(&self.id)
    }
}

/// Shows no more of the id than the log may know.
impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({}…)", self.prefix())
    }
}

/// Whether the daemon has the route a method stands for.
fn exists(method: &VendorMethod, scope: &Scope) -> bool {
    let (method, path) = method.sample(scope);
    let method = http::Method::from_bytes(method.as_str().as_bytes());
    let taken = method.ok().and_then(|method| Table::get().take(&method, &path));
    taken.and_then(Taken::index).is_some()
}
