//! A session as one connection has it: who it is there, how far it has read, and what it is owed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roost_core::{
    ClientId, EventEpoch, Millis, PromptId, SessionId,
    acp::RpcId,
    acp_bridge::{Frame, Owed, Patience, Presence},
    bus::Cursor,
};
use tokio::task::JoinHandle;

use super::outbox::Outbox;

/// A session of a connection.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) session: SessionId,
    /// The client the connection is in this session.
    pub(super) client: ClientId,
    /// The connection's own on a socket; on HTTP that of the session's stream.
    pub(super) outbox: Arc<Outbox>,
    state: Mutex<State>,
    /// Held while a prompt is on its way into the queue: until then nobody can know whose it is.
    pub(super) sending: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    presence: Presence,
    place: Place,
    owed: Owed,
    /// What writes the session's events to the socket.
    feed: Option<JoinHandle<()>>,
}

/// How far a connection has read a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) last_event_id: u64,
    pub(super) epoch: Option<EventEpoch>,
    /// What a load gave, until a stream takes it.
    pub(super) history: Vec<Frame>,
}

impl Place {
    pub(super) fn cursor(&self) -> Cursor {
        Cursor { last_event_id: self.last_event_id, epoch: self.epoch.clone() }
    }
}

impl Binding {
    pub(super) fn new(
        now: Millis,
        session: SessionId,
        client: ClientId,
        outbox: Arc<Outbox>,
        grace: Millis,
        place: Place,
    ) -> Self {
        let presence = Presence::new(now, Patience { grace, idle: Millis(u64::MAX) });
        let state = State { presence, place, owed: Owed::default(), feed: None };
        Self { session, client, outbox, state: Mutex::new(state), sending: tokio::sync::Mutex::default() }
    }

    pub(super) fn came(&self, now: Millis) {
        self.state().presence.came(now);
    }

    pub(super) fn went(&self, now: Millis) {
        self.state().presence.went(now);
    }

    /// From when on its prompts are given up.
    pub(super) fn ends_at(&self) -> Option<Millis> {
        self.state().presence.ends_at().filter(|at| *at != Millis(u64::MAX))
    }

    pub(super) fn forgive(&self) {
        self.state().presence.forgive();
    }

    pub(super) fn streams(&self) -> usize {
        self.state().presence.streams()
    }

    /// A prompt was accepted; its answer needs a stream.
    pub(super) fn owe(&self, now: Millis, prompt: PromptId, id: Option<RpcId>) {
        let mut state = self.state();
        state.owed.owe(prompt, id);
        state.presence.miss(now);
    }

    pub(super) fn settle(&self, prompt: &PromptId) -> Option<RpcId> {
        self.state().owed.settle(prompt)
    }

    pub(super) fn knows(&self, prompt: &PromptId) -> bool {
        self.state().owed.knows(prompt)
    }

    pub(super) fn open_prompts(&self) -> Vec<PromptId> {
        self.state().owed.open().cloned().collect()
    }

    /// Where a stream continues that names no place of its own; the history goes with it.
    pub(super) fn take_place(&self) -> Place {
        let mut state = self.state();
        let rest = Place { history: Vec::new(), ..state.place.clone() };
        std::mem::replace(&mut state.place, rest)
    }

    pub(super) fn set_place(&self, place: Place) {
        self.state().place = place;
    }

    /// Everything up to this event is on its way to the peer.
    pub(super) fn delivered(&self, id: u64) {
        let mut state = self.state();
        state.place.last_event_id = state.place.last_event_id.max(id);
    }

    pub(super) fn set_epoch(&self, epoch: &EventEpoch) {
        self.state().place.epoch = Some(epoch.clone());
    }

    /// Whether the socket is being fed.
    pub(super) fn is_fed(&self) -> bool {
        self.state().feed.as_ref().is_some_and(|feed| !feed.is_finished())
    }

    pub(super) fn set_feed(&self, feed: JoinHandle<()>) {
        if let Some(before) = self.state().feed.replace(feed) {
            before.abort();
        }
    }

    /// Feeds the socket no more. Returns when the subscription is gone.
    pub(super) async fn stop_feed(&self) {
        let feed = self.state().feed.take();
        if let Some(feed) = feed {
            feed.abort();
            // It was cut off, or had ended by itself.
            let _ = feed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
