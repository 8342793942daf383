//! The Agent Client Protocol at `/acp`: connections of editors over HTTP with event streams, or over a WebSocket.
//!
//! A connection is a `peer`. What it asks for, its `door` asks of the daemon's own routes; what happens in its sessions, a `feed`
//! reads from their buses. Nothing here knows what a session is; `roost_core::acp_bridge` knows the words.

mod binding;
mod calls;
mod door;
mod feed;
mod handshake;
mod incoming;
mod outbox;
mod peer;
mod receipt;
mod sessions;
mod socket;
mod stream;
mod vote;

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use roost_core::Millis;
use serde::Serialize;
use tokio::sync::watch;

pub use self::{
    door::Door,
    handshake::{BEARER_PROTOCOL, Handshake, NotAHandshake, offered},
    incoming::{Call, Incoming},
    peer::{Caller, Peer, Transport},
    socket::Socket,
    stream::respond,
};

/// How much the endpoint grants.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub max_connections: NonZeroUsize,
    /// How long a connection outlives its last stream, and a prompt the stream that its answer would travel on.
    pub grace: Millis,
    /// A connection without a stream that says nothing for this long is over.
    pub idle: Millis,
    /// For the first message on a WebSocket.
    pub first_frame: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_connections: const { NonZeroUsize::new(64).unwrap() },
            grace: Millis(10_000),
            idle: Millis(30 * 60 * 1_000),
            first_frame: Duration::from_secs(30),
        }
    }
}

/// Every connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Acp(Arc<Hub>);

#[derive(Debug)]
struct Hub {
    policy: Policy,
    peers: Mutex<BTreeMap<Box<str>, Arc<Peer>>>,
    seats: AtomicUsize,
    gauges: Gauges,
    /// Whatever runs for a connection holds a receiver.
    stop: watch::Sender<bool>,
}

/// What is open.
#[derive(Debug, Default)]
struct Gauges {
    connection_streams: AtomicUsize,
    session_streams: AtomicUsize,
    sockets: AtomicUsize,
}

/// What `GET /daemon/status` says of the endpoint: `transport.acp`, without `enabled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    pub connections: usize,
    pub connection_streams: usize,
    pub session_streams: usize,
    pub sse_streams: usize,
    pub ws_streams: usize,
    pub pending_client_requests: usize,
}

/// One connection, as `GET /daemon/status?detail=full` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    pub connection_id_prefix: String,
    pub transport: &'static str,
    pub workspace_cwd: String,
    pub sessions: usize,
    pub streams: usize,
    pub pending_client_requests: usize,
}

/// A seat for one connection; it is free again when this is dropped.
#[derive(Debug)]
pub struct Seat(Arc<Hub>);

impl Acp {
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(Hub {
            policy,
            peers: Mutex::default(),
            seats: AtomicUsize::new(0),
            gauges: Gauges::default(),
            stop: watch::channel(false).0,
        }))
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// A seat for one more connection, if there is one.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        let most = self.0.policy.max_connections.get();
        let take = |taken: usize| (taken < most && !*self.0.stop.borrow()).then_some(taken + 1);
        let taken = self.0.seats.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        taken.is_ok().then(|| Seat(Arc::clone(&self.0)))
    }

    /// The connection of this id.
    #[must_use]
    pub fn peer(&self, id: &str) -> Option<Arc<Peer>> {
        self.peers().get(id).cloned()
    }

    /// Connections that work in this workspace.
    #[must_use]
    pub fn count_in(&self, workspace_id: &str) -> usize {
        self.peers().values().filter(|peer| peer.workspace_id() == workspace_id).count()
    }

    /// Ends the connections that work in this workspace.
    pub fn end_in(&self, workspace_id: &str) {
        self.peers().values().filter(|peer| peer.workspace_id() == workspace_id).for_each(|peer| peer.end());
    }

    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let gauges = &self.0.gauges;
        let count = |gauge: &AtomicUsize| gauge.load(Ordering::Relaxed);
        let (connection_streams, session_streams) = (count(&gauges.connection_streams), count(&gauges.session_streams));
        Traffic {
            connections: count(&self.0.seats),
            connection_streams,
            session_streams,
            sse_streams: connection_streams + session_streams,
            ws_streams: count(&gauges.sockets),
            pending_client_requests: self.peers().values().map(|peer| peer.question_count()).sum(),
        }
    }

    /// Every connection, in the order of their ids.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionStatus> {
        self.peers().values().map(|peer| peer.status()).collect()
    }

    /// Ends every connection: streams end, sockets are closed with 1012. Returns when all are gone.
    pub async fn close(&self) {
        self.0.stop.send_replace(true);
        self.0.stop.closed().await;
        self.peers().clear();
    }

    fn peers(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Arc<Peer>>> {
        self.0.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, peer: &Arc<Peer>) {
        self.peers().insert(peer.id.clone(), Arc::clone(peer));
    }

    fn remove(&self, id: &str) -> Option<Arc<Peer>> {
        self.peers().remove(id)
    }

    fn gauges(&self) -> &Gauges {
        &self.0.gauges
    }

    /// Turns true when the daemon stops; whoever holds it is waited for.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A hub that is gone has stopped.
    let _ = stopping.wait_for(|stop| *stop).await;
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.seats.fetch_sub(1, Ordering::AcqRel);
    }
}
