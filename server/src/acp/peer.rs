//! One connection: what it has, what it waits for, and when it is over.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::response::Response;
use roost_core::{
    Millis, SessionId,
    acp::{RpcError, RpcId, code},
    acp_bridge::{Patience, Presence, Questions, Scope, VendorMethod},
    client::{Method, Request, segment},
};
use serde_json::{Map, Value, json, value::RawValue};
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use super::{
    Acp, ConnectionStatus, Door, Seat,
    binding::Binding,
    outbox::Outbox,
    receipt::{Held, receipt},
    stopped,
};
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

/// A request or notification of a peer. Calls of a connection are performed one after another, in the order in which they came.
#[derive(Debug)]
pub struct Call {
    /// None is a notification.
    pub id: Option<RpcId>,
    pub method: Box<str>,
    pub(super) params: Result<Map<String, Value>, RpcError>,
    /// `Acp-Session-Id`, which must agree with the params.
    pub(super) session_header: Option<Box<str>>,
    /// Until when it is not begun.
    held: Option<Held>,
}

impl Call {
    #[must_use]
    pub fn new(id: Option<RpcId>, method: &str, params: &RawValue) -> Self {
        let params = match serde_json::from_str(params.get()) {
            Ok(Value::Object(params)) => Ok(params),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) | Err(_) => Err(RpcError::new(code::INVALID_PARAMS, "`params` must be an object")),
        };
        Self { id, method: method.into(), params, session_header: None, held: None }
    }

    /// The same call, sent with this `Acp-Session-Id`.
    #[must_use]
    pub fn for_session(mut self, header: Option<&str>) -> Self {
        self.session_header = header.map(Into::into);
        self
    }
}

impl Peer {
    /// A new connection, which lives until it says goodbye, is away too long, or the daemon stops. `seat` is free again then; that of a
    /// socket its owner keeps.
    pub fn begin(
        app: &Arc<App>,
        door: Door,
        workspace: Arc<Workspace>,
        is_qualified: bool,
        transport: Transport,
        seat: Option<Seat>,
    ) -> Arc<Self> {
        let policy = app.acp.policy();
        let scope = Scope { workspace: workspace.id.as_str().into(), is_qualified };
        let (lane, calls) = mpsc::channel(LANE);
        let peer = Arc::new(Self {
            id: Uuid::new_v4().to_string().into(),
            app: Arc::clone(app),
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
        });
        app.acp.add(&peer);
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

    /// Puts a call in line, waits while the line is full, and returns its receipt. Nothing happens to it once the connection is over.
    pub async fn take(&self, mut call: Call) -> Response {
        self.heard();
        let (response, held) = receipt();
        call.held = Some(held);
        // A connection that is over has no one left to answer.
        let _ = self.lane.send(call).await;
        response
    }

    pub(super) fn lane(&self) -> &mpsc::Sender<Call> {
        &self.lane
    }

    /// The peer says goodbye.
    pub fn end(&self) {
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

/// Presence.
impl Peer {
    /// A stream was opened.
    pub(super) fn came(&self) {
        self.presence().came(clock::now());
    }

    /// A stream has gone.
    pub(super) fn went(&self) {
        self.presence().went(clock::now());
        self.look_again();
    }

    /// The socket has gone, and with it the way to this connection.
    pub(super) fn socket_went(&self) {
        self.hub().remove(&self.id);
        self.went();
    }

    /// Whether a connection that nobody can come back to has nothing left to end. Only to be asked between two calls: until one is
    /// done, it is open what it leaves.
    fn is_deserted(&self) -> bool {
        let is_gone = match self.transport {
            Transport::Http => false,
            Transport::Socket => self.presence().is_missed(),
        };
        is_gone && self.bindings().values().all(|binding| binding.open_prompts().is_empty())
    }

    /// The peer said something, or took something.
    pub(super) fn heard(&self) {
        self.presence().heard(clock::now());
    }

    /// There may be an earlier moment to wait for.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }

    fn presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>, mut calls: mpsc::Receiver<Call>, seat: Option<Seat>) {
        let (mut stopping, mut stopping_within) = (self.hub().stopping(), self.hub().stopping());
        let is_stopped = loop {
            if self.is_deserted() {
                break false;
            }
            let wait = self.next_moment().map(|at| Duration::from_millis(at.since(clock::now()).0));
            tokio::select! {
                Some(call) = calls.recv() => tokio::select! {
                    () = self.begin_call(call) => {}
                    () = stopped(&mut stopping_within) => break true,
                },
                () = self.changed.notified() => {}
                () = until(wait) => if self.give_up_what_is_due().await { break false },
                () = self.ended() => break false,
                () = stopped(&mut stopping) => break true,
            }
        };
        self.hub().remove(&self.id);
        self.end();
        drop(seat);
        self.leave_sessions(is_stopped).await;
    }

    async fn begin_call(self: &Arc<Self>, mut call: Call) {
        if let Some(held) = call.held.take() {
            held.released().await;
        }
        self.perform(call).await;
    }

    fn next_moment(&self) -> Option<Millis> {
        let of_sessions = self.bindings().values().filter_map(|binding| binding.ends_at()).min();
        self.presence().ends_at().into_iter().chain(of_sessions).min()
    }

    /// Gives up the prompts of sessions without a stream; true when the connection itself is to be given up.
    async fn give_up_what_is_due(&self) -> bool {
        let now = clock::now();
        let is_due = |at: Option<Millis>| at.is_some_and(|at| at <= now);
        let due: Vec<_> = self.bindings().values().filter(|binding| is_due(binding.ends_at())).cloned().collect();
        for binding in due {
            binding.forgive();
            self.give_up_prompts(&binding).await;
        }
        is_due(self.presence().ends_at())
    }

    /// Ends the prompts that only this connection waits for: what somebody else follows goes on.
    async fn give_up_prompts(&self, binding: &Binding) {
        let Some(live) = self.live(binding.session.as_str()) else { return };
        let own = match self.transport {
            Transport::Http => binding.streams(),
            Transport::Socket => usize::from(binding.is_fed()),
        };
        if live.stream.bus().subscriber_count() <= own {
            self.end_prompts(binding).await;
        }
    }

    /// Takes the connection's prompts out of the session, the running one too.
    pub(super) async fn end_prompts(&self, binding: &Binding) {
        for prompt in binding.open_prompts() {
            let session = segment(binding.session.as_str());
            let path = format!("/session/{session}/pending-prompts/{}", segment(prompt.as_str()));
            // One that has ended meanwhile needs no end.
            let _ = self.door.ask(Request::new(Method::Delete, path).by(&binding.client)).await;
        }
    }

    /// The connection is in no session any more. The daemon's own end ends the sessions too.
    async fn leave_sessions(&self, is_stopped: bool) {
        let bindings = std::mem::take(&mut *self.bindings());
        for binding in bindings.into_values() {
            binding.stop_feed().await;
            if !is_stopped {
                self.give_up_prompts(&binding).await;
                self.detach(&binding).await;
            }
        }
    }

    pub(super) async fn detach(&self, binding: &Binding) {
        let path = format!("/session/{}/detach", segment(binding.session.as_str()));
        // A session that is gone has no clients.
        let _ = self.door.ask(Request::new(Method::Post, path).by(&binding.client)).await;
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

async fn until(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
