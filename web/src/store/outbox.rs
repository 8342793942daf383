//! What was sent and is not accepted yet. Nothing leaves it but by the daemon's 202, its echo, or the person's own hand.

use roost_core::SessionId;
use serde_json::{Value, json};

use super::{Store, composing};
use crate::{browser::kept::Shelf, words::words};

const OUTBOX: &str = "roost.outbox";

/// A prompt on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    pub(crate) id: u64,
    /// `None` while the session it opens does not exist.
    pub(crate) session: Option<SessionId>,
    pub(crate) text: String,
    pub(crate) state: Sending,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sending {
    Sending,
    /// Why it was not accepted, as far as anybody knows.
    Failed(String),
}

impl Outgoing {
    /// One that a page before this one kept, `[session, text]`.
    fn recover((kept, id): (&Value, u64)) -> Option<Self> {
        let state = Sending::Failed(words().maybe_not_sent.to_owned());
        Some(Self { id, session: kept[0].as_str().map(SessionId::from), text: kept[1].as_str()?.to_owned(), state })
    }
}

impl Store {
    /// The outgoing prompts of the session on screen.
    pub(crate) fn outgoing_here(self) -> Vec<Outgoing> {
        let here = self.talk.session.get();
        self.outbox.with(|all| all.iter().filter(|one| one.session == here).cloned().collect())
    }

    pub(super) fn post(self, session: Option<SessionId>, text: String) -> u64 {
        let id = self.outbox.with_untracked(|all| all.iter().map(|one| one.id).max().unwrap_or(0)) + 1;
        self.outbox.update(|all| all.push(Outgoing { id, session, text, state: Sending::Sending }));
        self.keep_outbox();
        id
    }

    pub(super) fn outgoing(self, id: u64) -> Option<Outgoing> {
        self.outbox.with_untracked(|all| all.iter().find(|one| one.id == id).cloned())
    }

    pub(super) fn set_outgoing(self, id: u64, change: impl FnOnce(&mut Outgoing)) {
        self.outbox.update(|all| {
            if let Some(one) = all.iter_mut().find(|one| one.id == id) {
                change(one);
            }
        });
        self.keep_outbox();
    }

    pub(super) fn discard(self, id: u64) {
        if self.outgoing(id).is_some() {
            self.outbox.update(|all| all.retain(|one| one.id != id));
            self.keep_outbox();
        }
    }

    /// Puts a prompt that was not accepted back where it was written.
    pub(super) fn take_back(self, id: u64) {
        let Some(one) = self.outgoing(id) else { return };
        self.discard(id);
        self.composer.put(&one.text);
        crate::browser::focus(composing::PROMPT);
    }

    /// A prompt of ours is in the transcript or in the queue: whatever the network said, it arrived.
    pub(super) fn arrived(self, session: &SessionId, text: &str) {
        let failed = |one: &Outgoing| one.session.as_ref() == Some(session) && one.text.trim() == text.trim();
        let found = self.outbox.with_untracked(|all| {
            all.iter().find(|one| failed(one) && matches!(one.state, Sending::Failed(_))).map(|one| one.id)
        });
        if let Some(id) = found {
            self.discard(id);
        }
    }

    /// What a page before this one could not send. Whether it arrived is not known, so a person decides.
    pub(super) fn recover_outbox(self) {
        let kept = Shelf::Tab.get(OUTBOX).and_then(|json| json.parse::<Value>().ok()).unwrap_or_default();
        self.outbox.set(kept.as_array().into_iter().flatten().zip(1..).filter_map(Outgoing::recover).collect());
    }

    fn keep_outbox(self) {
        let json = self.outbox.with_untracked(|all| match all.is_empty() {
            true => String::new(),
            false => Value::from_iter(all.iter().map(|one| json!([one.session, one.text]))).to_string(),
        });
        Shelf::Tab.set(OUTBOX, &json);
    }
}
