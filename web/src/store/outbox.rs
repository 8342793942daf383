//! What was sent and is not on screen yet. Nothing leaves it but by its echo or the person's own hand.
//!
//! Each prompt has a key: the daemon takes the same prompt under the same key only once, so what broke off is sent again as soon as the
//! daemon is reached, also by the page that comes after this one (P17).

use roost_core::{
    PromptId, SessionId,
    transcript::{Body, Transcript},
};
use serde_json::{Value, json};

use super::{Picture, Store, composing};
use crate::{
    browser::{self, kept::Shelf},
    words::words,
};

const OUTBOX: &str = "roost.outbox";
/// Pictures of a prompt that are kept over a reload, in characters: a browser keeps 5 million in all.
const MOST_KEPT: usize = 2_000_000;

/// A prompt on its way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    pub(crate) id: u64,
    /// Names the prompt to the daemon.
    pub(super) key: String,
    /// `None` while the session it opens does not exist.
    pub(crate) session: Option<SessionId>,
    pub(crate) text: String,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) state: Sending,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sending {
    OnItsWay,
    /// The daemon has it. `is_settled`: what there is to see of it is in what this page has loaded, or was.
    Accepted {
        prompt: PromptId,
        is_settled: bool,
    },
    /// Why it was not accepted, as far as anybody knows.
    Failed {
        why: String,
        /// The daemon was not reached: it is sent again as soon as it is.
        is_cut: bool,
    },
}

/// What the transcript shows of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    /// A place in the queue.
    Queued,
    /// Its turn has begun, without its words.
    Begun,
    Whole,
}

fn shown(transcript: &Transcript, prompt: &PromptId) -> Shown {
    if transcript.queue().iter().any(|queued| queued.prompt == *prompt) {
        return Shown::Queued;
    }
    let Some(turn) = transcript.turns().rev().find(|turn| turn.prompt.as_ref() == Some(prompt)) else {
        return Shown::Nothing;
    };
    let of_turn = transcript.entries().rev().skip_while(|entry| entry.turn != Some(turn.id));
    let mut of_turn = of_turn.take_while(|entry| entry.turn == Some(turn.id));
    let is_whole = !turn.is_running() || of_turn.any(|entry| matches!(entry.body, Body::User(_)));
    if is_whole { Shown::Whole } else { Shown::Begun }
}

impl Outgoing {
    /// One that a page before this one kept, `[session, text, key, pictures]`. Whether it arrived is not known.
    fn recover((kept, id): (&Value, u64)) -> Option<Self> {
        let text = kept[1].as_str()?.to_owned();
        let (key, session) = (kept[2].as_str()?.to_owned(), kept[0].as_str().map(SessionId::from));
        let pictures: Vec<_> = kept[3].as_array().into_iter().flatten().filter_map(Picture::recover).collect();
        // What may have run in a shell is not run again unasked, and what has lost its pictures is another prompt.
        let is_cut = !text.starts_with('!') && !key.is_empty();
        let key = if key.is_empty() { new_key() } else { key };
        let state = Sending::Failed { why: words().maybe_not_sent.to_owned(), is_cut };
        Some(Self { id, key, session, text, pictures, state })
    }

    /// As the browser keeps it. It keeps little: of a prompt with large pictures only the words.
    fn kept(&self) -> Value {
        let size: usize = self.pictures.iter().map(|picture| picture.data.len()).sum();
        if size > MOST_KEPT {
            return json!([self.session, self.text, "", []]);
        }
        let pictures: Vec<Value> = self.pictures.iter().map(Picture::kept).collect();
        json!([self.session, self.text, self.key, pictures])
    }

    fn is_accepted(&self) -> bool {
        matches!(self.state, Sending::Accepted { .. })
    }
}

/// A name no other prompt has.
fn new_key() -> String {
    format!("{:x}-{:x}", browser::now().0, browser::chance())
}

impl Store {
    /// The outgoing prompts of the session on screen that are not to be seen in its queue.
    pub(crate) fn outgoing_here(self) -> Vec<Outgoing> {
        let here = self.talk.session.get();
        let is_queued = |one: &Outgoing| match &one.state {
            Sending::Accepted { prompt, .. } => {
                self.talk.queue.with(|queue| queue.iter().any(|queued| queued.prompt == *prompt))
            }
            Sending::OnItsWay | Sending::Failed { .. } => false,
        };
        self.outbox.with(|all| all.iter().filter(|one| one.session == here && !is_queued(one)).cloned().collect())
    }

    pub(super) fn post(self, session: Option<SessionId>, text: String, pictures: Vec<Picture>) -> u64 {
        let id = self.outbox.with_untracked(|all| all.iter().map(|one| one.id).max().unwrap_or(0)) + 1;
        let one = Outgoing { id, key: new_key(), session, text, pictures, state: Sending::OnItsWay };
        self.outbox.update(|all| all.push(one));
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

    /// The daemon has it: it stays in sight until its session shows it.
    pub(super) fn accepted(self, id: u64, prompt: PromptId) {
        self.set_outgoing(id, |one| one.state = Sending::Accepted { prompt, is_settled: false });
        self.clear_shown();
    }

    /// Takes out what the transcript shows by now, or has shown, and what belongs to a session that nobody looks at.
    pub(super) fn clear_shown(self) {
        if !self.outbox.with_untracked(|all| all.iter().any(Outgoing::is_accepted)) {
            return;
        }
        let here = self.here();
        let loaded = self.talk.loaded.get_untracked();
        let mut all = self.outbox.get_untracked();
        all.retain_mut(|one| {
            let Sending::Accepted { prompt, is_settled } = &mut one.state else { return true };
            if one.session != here {
                return false;
            }
            match self.talk.held.with(|held| shown(&held.transcript, prompt)) {
                Shown::Nothing => !(*is_settled && loaded),
                Shown::Queued => {
                    *is_settled = true;
                    true
                }
                Shown::Begun => true,
                Shown::Whole => false,
            }
        });
        self.outbox.set_if_new(all);
    }

    /// The session is about to be loaded anew: that shows what there is to see of all that has been accepted.
    pub(super) fn settle_accepted(self) {
        self.outbox.update(|all| {
            for one in all {
                if let Sending::Accepted { is_settled, .. } = &mut one.state {
                    *is_settled = true;
                }
            }
        });
    }

    /// Puts a prompt that was not accepted back where it was written.
    pub(super) fn take_back(self, id: u64) {
        let Some(one) = self.outgoing(id) else { return };
        self.discard(id);
        self.composer.put(&one.text);
        self.composer.pictures.update(|all| all.extend(one.pictures));
        browser::focus(composing::PROMPT);
    }

    /// A prompt of ours is in the transcript or in the queue: whatever the network said, it arrived.
    pub(super) fn arrived(self, session: &SessionId, text: &str) {
        let failed = |one: &Outgoing| one.session.as_ref() == Some(session) && one.text.trim() == text.trim();
        let found = self.outbox.with_untracked(|all| {
            all.iter().find(|one| failed(one) && matches!(one.state, Sending::Failed { .. })).map(|one| one.id)
        });
        if let Some(id) = found {
            self.discard(id);
        }
    }

    /// What broke off, to be sent again; only where the daemon knows a prompt by its key, for it may have arrived.
    pub(super) fn cut_off(self) -> Vec<u64> {
        if !self.knows_keys() {
            return Vec::new();
        }
        let is_cut = |one: &&Outgoing| matches!(one.state, Sending::Failed { is_cut: true, .. });
        self.outbox.with_untracked(|all| all.iter().filter(is_cut).map(|one| one.id).collect())
    }

    /// What a page before this one could not send, or does not know to have arrived.
    pub(super) fn recover_outbox(self) {
        let kept = Shelf::Tab.get(OUTBOX).and_then(|json| json.parse::<Value>().ok()).unwrap_or_default();
        self.outbox.set(kept.as_array().into_iter().flatten().zip(1..).filter_map(Outgoing::recover).collect());
    }

    fn keep_outbox(self) {
        let kept = self.outbox.with_untracked(|all| {
            let kept = all.iter().filter(|one| !one.is_accepted());
            kept.map(Outgoing::kept).collect::<Vec<_>>()
        });
        let json = if kept.is_empty() { String::new() } else { Value::from(kept).to_string() };
        Shelf::Tab.set(OUTBOX, &json);
    }
}
