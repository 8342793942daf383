//! The events of one session as frames for one connection.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use roost_core::{
    EventEpoch, PromptId,
    acp_bridge::{Event, Frame},
    bus::{Cursor, Subscribe, SubscribeError},
    session::Interaction,
};

use super::{binding::Binding, peer::Peer};
use crate::driver::{LiveSession, Subscription};

/// How much is taken from the bus at a time, in bytes.
const MAX_PIECE_BYTES: usize = 128 * 1024;

/// A subscription whose events become frames. Waiting for the next ones can be given up at any time without losing any.
#[derive(Debug)]
pub(super) struct Feed {
    peer: Arc<Peer>,
    binding: Arc<Binding>,
    live: Arc<LiveSession>,
    subscription: Subscription,
    /// Events that were taken from the bus and are not frames yet.
    taken: VecDeque<Bytes>,
    ready: Vec<Frame>,
    /// The place was the daemon's own note, so that the peer knows of no replay.
    is_seamless: bool,
    /// The cursor could not be served: ends of turns may be among what is gone.
    has_gap: bool,
}

impl Feed {
    /// Subscribes from `cursor` on; `history` goes before.
    ///
    /// # Errors
    /// The session has as many subscribers as it may have.
    pub(super) fn open(
        peer: &Arc<Peer>,
        binding: &Arc<Binding>,
        live: Arc<LiveSession>,
        cursor: Cursor,
        history: Vec<Frame>,
        is_seamless: bool,
    ) -> Result<Self, SubscribeError> {
        let subscription = live.stream.subscribe(Subscribe { cursor: Some(cursor), ..Subscribe::default() })?;
        binding.set_epoch(&live.stream.bus().epoch().clone());
        Ok(Self {
            peer: Arc::clone(peer),
            binding: Arc::clone(binding),
            live,
            subscription,
            taken: VecDeque::new(),
            ready: history,
            is_seamless,
            has_gap: false,
        })
    }

    /// The numbering its events have.
    pub(super) fn epoch(&self) -> EventEpoch {
        self.live.stream.bus().epoch().clone()
    }

    /// The frames that are due, at least one; waits for them. `None` is the end of the session.
    pub(super) async fn next(&mut self) -> Option<Vec<Frame>> {
        while self.ready.is_empty() {
            if self.taken.is_empty() {
                self.taken = self.subscription.frames(MAX_PIECE_BYTES).await?.into();
            }
            self.translate().await;
        }
        let frames = std::mem::take(&mut self.ready);
        if let Some(id) = frames.iter().rev().find_map(|frame| frame.id) {
            self.binding.delivered(id);
        }
        Some(frames)
    }

    async fn translate(&mut self) {
        while let Some(bytes) = self.taken.front() {
            let Some(event) = Event::of_frame(bytes) else {
                self.taken.pop_front();
                continue;
            };
            if event.settles().is_some_and(|(prompt, _)| !self.binding.knows(&prompt)) {
                // It may be on its way into the queue for this very connection.
                drop(self.binding.sending.lock().await);
            }
            match &*event.kind {
                "state_resync_required" => self.has_gap = true,
                "replay_complete" if self.has_gap => {
                    let answers = self.peer.lost_answers(&self.binding, &still_pending(&self.live)).await;
                    self.ready.extend(answers);
                    self.has_gap = false;
                }
                _ => {}
            }
            let is_known = event.kind == "replay_complete" && std::mem::take(&mut self.is_seamless);
            if !is_known {
                tell(&self.peer, &self.binding, &self.live, &event, &mut self.ready);
            }
            self.taken.pop_front();
        }
    }
}

/// Appends what an event is to the peer. The answer to a prompt goes before the event that ends it: who resumes from before that event
/// gets both again, and who has the event has the answer.
pub(super) fn tell(peer: &Peer, binding: &Binding, live: &LiveSession, event: &Event<'_>, out: &mut Vec<Frame>) {
    if let Some((prompt, outcome)) = event.settles()
        && let Some(id) = binding.settle(&prompt)
    {
        out.push(Frame::reply(id, outcome.as_deref().map_err(Clone::clone)));
    }
    if let Some(request) = event.decides() {
        peer.questions().decided(&request);
    }
    let question = event.asks().filter(|asked| is_open(live, asked.request_id.as_str()));
    out.push(match question {
        Some(asked) => asked.request(event.id, peer.questions().number(&binding.session, &asked.request_id)),
        None => event.notice(),
    });
}

fn still_pending(live: &LiveSession) -> Vec<PromptId> {
    live.machine().pending_prompts().into_iter().map(|prompt| prompt.prompt_id).collect()
}

fn is_open(live: &LiveSession, request: &str) -> bool {
    let pending = live.machine().status().pending_interactions;
    pending.iter().any(|interaction| match interaction {
        Interaction::Permission { request_id, .. } | Interaction::UserQuestion { request_id, .. } => {
            request_id.as_str() == request
        }
    })
}
