//! How sessions come to a connection and leave it.

use std::sync::Arc;

use roost_core::{
    ClientId, EventEpoch, SessionId,
    acp::RpcError,
    acp_bridge::{Event, Frame, opened},
    bus::Cursor,
    client::{Method, Request, segment},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    binding::{Binding, Place},
    calls::{Outcome, Params, invalid, text},
    door::internal,
    feed::{self, Feed},
    peer::{Peer, Transport},
};
use crate::{clock, driver::Phase};

/// The session object, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    session_id: SessionId,
    client_id: ClientId,
}

/// What a load or resume answers, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    session_id: SessionId,
    client_id: ClientId,
    state: Value,
    last_event_id: u64,
    event_epoch: EventEpoch,
    #[serde(default)]
    compacted_replay: Vec<Box<RawValue>>,
    #[serde(default)]
    live_journal: Vec<Box<RawValue>>,
}

impl Peer {
    /// `session/new`: a session of its own. Servers that the client brings along go to the agent.
    pub(super) async fn create(self: &Arc<Self>, mut params: Params) -> Result<Outcome, RpcError> {
        self.keep_inside(&mut params)?;
        params.insert("sessionScope".to_owned(), json!("thread"));
        let created: Created = self.door.read(Request::new(Method::Post, "/session").json(&params)).await?;
        let session = created.session_id.clone();
        let binding = self.bind(created.session_id, created.client_id, Place::default()).await;
        if let Some(live) = self.live(session.as_str())
            && live.settled().await == Phase::Retired
        {
            return Err(RpcError::new(roost_core::acp::code::INTERNAL_ERROR, "The agent could not open the session"));
        }
        let answer = opened(Some(session.as_str()), &self.state_of(&binding).await?);
        Ok(Outcome::Begun(answer, binding))
    }

    /// `session/load`: the history is told as it once was, on the session's stream.
    pub(super) async fn load(self: &Arc<Self>, params: Params) -> Result<Value, RpcError> {
        self.restore(params, "load").await
    }

    /// `session/resume`: the same without the history.
    pub(super) async fn resume(self: &Arc<Self>, params: Params) -> Result<Value, RpcError> {
        self.restore(params, "resume").await
    }

    async fn restore(self: &Arc<Self>, mut params: Params, action: &str) -> Result<Value, RpcError> {
        self.keep_inside(&mut params)?;
        let path = format!("/session/{}/{action}", segment(text(&params, "sessionId")?));
        let known = params.get("sessionId").and_then(Value::as_str).and_then(|session| self.binding(session));
        let request = Request::new(Method::Post, path).json(&params);
        let request = match &known {
            Some(binding) => request.by(&binding.client),
            None => request,
        };
        let restored: Restored = self.door.read(request).await?;
        let result = opened(None, &restored.state);
        match known.filter(|binding| binding.client == restored.client_id) {
            Some(binding) => self.tell_again(&binding, restored).await,
            None => self.take_in(restored).await,
        }
        Ok(result)
    }

    /// A session the connection did not have: what it is told begins with the history.
    async fn take_in(self: &Arc<Self>, restored: Restored) {
        let place = Place {
            last_event_id: restored.last_event_id,
            epoch: Some(restored.event_epoch.clone()),
            history: Vec::new(),
        };
        let binding = self.bind(restored.session_id.clone(), restored.client_id.clone(), place.clone()).await;
        let history = self.history(&binding, &restored);
        match self.transport {
            Transport::Http => binding.set_place(Place { history, ..place }),
            Transport::Socket => {
                for frame in history {
                    binding.outbox.push(frame).await;
                }
                self.feed_socket(&binding, place.last_event_id);
            }
        }
    }

    /// A session the connection has: it is registered once, however often it asks. Whoever listens is told at once; the stream's own
    /// place is not moved.
    async fn tell_again(&self, binding: &Arc<Binding>, restored: Restored) {
        self.detach(binding).await;
        let history = self.history(binding, &restored);
        if binding.outbox.is_read() {
            for frame in history {
                binding.outbox.push(Frame { id: None, ..frame }).await;
            }
        } else {
            let place =
                Place { last_event_id: restored.last_event_id, epoch: Some(restored.event_epoch.clone()), history };
            binding.set_place(place);
        }
    }

    fn history(&self, binding: &Binding, restored: &Restored) -> Vec<Frame> {
        let Some(live) = self.live(binding.session.as_str()) else { return Vec::new() };
        let mut frames = Vec::new();
        for envelope in restored.compacted_replay.iter().chain(&restored.live_journal) {
            if let Some(event) = Event::of_json(envelope.get()) {
                feed::tell(self, binding, &live, &event, &mut frames);
            }
        }
        frames
    }

    async fn bind(self: &Arc<Self>, session: SessionId, client: ClientId, place: Place) -> Arc<Binding> {
        let outbox = match self.transport {
            Transport::Http => Arc::default(),
            Transport::Socket => Arc::clone(self.outbox()),
        };
        let grace = self.hub().policy().grace;
        let binding = Arc::new(Binding::new(clock::now(), session.clone(), client, outbox, grace, place));
        if self.transport == Transport::Socket {
            // The socket is the stream; without it the connection is over.
            binding.came(clock::now());
        }
        let before = self.bindings().insert(session, Arc::clone(&binding));
        if let Some(before) = before {
            before.stop_feed().await;
        }
        binding
    }

    /// The connection has the session no more.
    pub(super) async fn unbind(&self, binding: &Binding) {
        self.bindings().remove(&binding.session);
        self.questions().forget(&binding.session);
        binding.stop_feed().await;
    }

    /// On a socket, has the session's events written to it from after `last_event_id`, unless they are already.
    pub(super) fn feed_socket(self: &Arc<Self>, binding: &Arc<Binding>, last_event_id: u64) {
        if self.transport != Transport::Socket || binding.is_fed() || self.is_over() {
            return;
        }
        let Some(live) = self.live(binding.session.as_str()) else { return };
        let cursor = Cursor { last_event_id, epoch: None };
        match Feed::open(self, binding, live, cursor, Vec::new(), true) {
            Ok(feed) => binding.set_feed(tokio::spawn(write(feed, Arc::clone(binding)))),
            Err(error) => tracing::warn!(%error, session = %binding.session, "a connection cannot follow its session"),
        }
    }

    /// The workspace a `cwd` means; without one the connection's.
    pub(super) fn workspace_of(&self, cwd: Option<&Value>) -> Result<String, RpcError> {
        let cwd = match cwd {
            None | Some(Value::Null) => return Ok(self.workspace.id.clone()),
            Some(Value::String(cwd)) => cwd,
            Some(_) => return Err(invalid("`cwd` must be a string absolute path when provided")),
        };
        match self.app.workspaces.select(cwd) {
            Some(workspace) if self.scope.is_qualified && workspace.id != self.workspace.id => Err(self.elsewhere(cwd)),
            Some(workspace) => Ok(workspace.id.clone()),
            None => Err(self.elsewhere(cwd)),
        }
    }

    /// A connection to one workspace makes and opens sessions in that one only.
    fn keep_inside(&self, params: &mut Params) -> Result<(), RpcError> {
        if params.get("cwd").is_some_and(Value::is_null) {
            params.shift_remove("cwd");
        }
        if self.scope.is_qualified {
            self.workspace_of(params.get("cwd"))?;
            let cwd = self.workspace.cwd.to_str().ok_or_else(internal)?;
            params.insert("cwd".to_owned(), json!(cwd));
        }
        Ok(())
    }

    fn elsewhere(&self, cwd: &str) -> RpcError {
        let bound = self.workspace.cwd.display();
        let data = json!({ "errorKind": "workspace_mismatch", "boundWorkspace": self.workspace.cwd, "requestedWorkspace": cwd });
        let mut error = invalid(&format!("This connection works in {bound}, not {cwd}"));
        error.data = serde_json::value::to_raw_value(&data).ok();
        error
    }
}

async fn write(mut feed: Feed, binding: Arc<Binding>) {
    while let Some(frames) = feed.next().await {
        for frame in frames {
            binding.outbox.push(frame).await;
        }
    }
}
