//! How long a connection lives, and how it leaves its sessions.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use roost_core::{
    Millis,
    acp_bridge::Presence,
    client::{Method, Request, segment},
};
use tokio::sync::mpsc;

use super::{Peer, Transport};
use crate::{
    acp::{Call, Seat, binding::Binding, stopped},
    clock,
};

impl Peer {
    /// A stream was opened.
    pub(in crate::acp) fn came(&self) {
        self.presence().came(clock::now());
    }

    /// A stream has gone.
    pub(in crate::acp) fn went(&self) {
        self.presence().went(clock::now());
        self.look_again();
    }

    /// The socket has gone, and with it the way to this connection.
    pub(in crate::acp) fn socket_went(&self) {
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
    pub(in crate::acp) fn heard(&self) {
        self.presence().heard(clock::now());
    }

    /// There may be an earlier moment to wait for.
    pub(in crate::acp) fn look_again(&self) {
        self.changed.notify_one();
    }

    pub(super) fn presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the first call to the end. `seat` is kept for as long.
    pub(super) async fn run(self: Arc<Self>, mut calls: mpsc::Receiver<Call>, seat: Option<Seat>) {
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
        call.released().await;
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
    pub(in crate::acp) async fn end_prompts(&self, binding: &Binding) {
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

    pub(in crate::acp) async fn detach(&self, binding: &Binding) {
        let path = format!("/session/{}/detach", segment(binding.session.as_str()));
        // A session that is gone has no clients.
        let _ = self.door.ask(Request::new(Method::Post, path).by(&binding.client)).await;
    }
}

async fn until(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
