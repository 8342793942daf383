//! What was typed and not sent, one draft for each session, kept across reloads.

use roost_core::{Millis, SessionId};

use super::Store;
use crate::browser::{kept::Shelf, timer};

fn key(session: Option<&SessionId>) -> String {
    format!("roost.draft.{}", session.map_or("", SessionId::as_str))
}

/// A draft is written this long after the last key.
const PAUSE: Millis = Millis(300);

impl Store {
    pub(super) fn keep_draft(self) {
        let text = self.composer.text();
        Shelf::Device.set(&key(self.here().as_ref()), text.trim_end());
    }

    pub(super) fn draft_of(self, session: Option<&SessionId>) -> String {
        Shelf::Device.get(&key(session)).unwrap_or_default()
    }

    pub(super) fn forget_draft(self, session: Option<&SessionId>) {
        Shelf::Device.forget(&key(session));
    }

    /// Something was typed: the draft is kept as soon as there is a pause.
    pub(super) fn keep_draft_soon(self) {
        let turn = self.composer.edits.get_untracked() + 1;
        self.composer.edits.set(turn);
        timer::after(PAUSE, move || {
            if self.composer.edits.get_untracked() == turn {
                self.keep_draft();
            }
        });
    }
}
