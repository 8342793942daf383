//! A whole session on its way into the transcript.
//!
//! A long history takes longer to read than a page may be deaf, so it is read in pieces. Meanwhile a page that shows nothing yet shows
//! the end of it, a page that comes back to a session shows what it has, and what the stream brings waits.

use std::sync::Arc;

use roost_core::{
    Millis,
    client::UnreadSession,
    transcript::{Side, Transcript},
};
use serde_json::Value;

use super::{Store, Talk, held, pace::FRAME_BUDGET, talk::palette_of};
use crate::{
    browser::{self, timer},
    leptos::reactive::{signal::ArcTrigger, traits::Notify},
};

/// Folded events whose entries fill a screen, and the margin drawn above it.
const LAST_SCREEN: usize = 80;
/// A running turn is shown whole or not at all: begun in the middle, its text would mean something else. Longer than this it waits.
const MOST_OF_A_TURN: usize = 500;

/// A history, read as far as `next`.
#[derive(Debug)]
pub(super) struct Filling {
    loaded: UnreadSession,
    next: usize,
    past: Past,
}

/// What a history says.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) transcript: Transcript,
    /// What the agent said last about its commands.
    pub(super) announced: Value,
}

impl Filling {
    fn new(loaded: UnreadSession) -> Self {
        Self { loaded, next: 0, past: Past::default() }
    }

    /// Reads on for as long as a frame may take, in a tab that nobody sees to the end. Says whether that is the end.
    fn read(&mut self) -> bool {
        let begun = browser::now();
        let seen = browser::visible();
        while let Some(event) = self.loaded.event(self.next) {
            self.next += 1;
            let _ = held::apply(&mut self.past.transcript, &mut self.past.announced, &event);
            if seen && self.next.is_multiple_of(16) && browser::now().since(begun) > FRAME_BUDGET {
                return self.next == self.loaded.len();
            }
        }
        true
    }

    /// The end of the history by itself, as long as it says the same without what was before it.
    fn last_screen(&self) -> Option<Past> {
        let folded = self.loaded.folded();
        if self.loaded.len() - folded > MOST_OF_A_TURN {
            return None;
        }
        let mut past = Past::default();
        for event in (folded.saturating_sub(LAST_SCREEN)..).map_while(|place| self.loaded.event(place)) {
            let _ = held::apply(&mut past.transcript, &mut past.announced, &event);
        }
        Some(past)
    }
}

impl Talk {
    /// Takes a whole session in, in place of whatever is there. The reader's place is kept where the rows still exist.
    pub(super) fn fill(self, store: Store, loaded: UnreadSession) {
        store.set_controls(&loaded.resumed.state);
        self.held.update(|held| {
            held.waiting.clear();
            held.applied = 0;
            held.filling = Some(Filling::new(loaded));
        });
        self.fill_on(store);
        if !self.loaded.get_untracked()
            && let Some(past) = self.held.with(|held| held.filling.as_ref().and_then(Filling::last_screen))
        {
            self.put(store, past);
        }
    }

    /// Reads on, and shows the whole once it has been read. Whoever leaves the session takes what is left to read along.
    fn fill_on(self, store: Store) {
        let Some(whole) = self.held.update(|held| held.filling.as_mut().map(Filling::read)) else { return };
        if !whole {
            timer::after(Millis(0), move || self.fill_on(store));
        } else if let Some(filling) = self.held.update(|held| held.filling.take()) {
            self.filled(store, filling);
        }
    }

    fn filled(self, store: Store, Filling { loaded, mut past, .. }: Filling) {
        past.transcript.caught_up_to(loaded.resumed.last_event_id);
        self.put(store, past);
        self.loaded.set_if_new(true);
        store.clear_shown();
        store.send_cut_off();
        if !self.busy.get_untracked() {
            store.refresh_sessions();
        }
        store.refresh_commands(loaded.resumed.session.session_id);
        self.rest_until(store, browser::now());
    }

    fn put(self, store: Store, past: Past) {
        let moved = self.held.update(|held| held.replace(past, self.shown.get_untracked().start));
        self.palette.set_if_new(Arc::new(self.held.with(|held| palette_of(&held.announced))));
        let mut touched = Vec::new();
        self.note_turns(store, &mut touched);
        self.note_sides(store, Side::QUEUE | Side::PERMISSIONS | Side::TITLE);
        self.move_by(moved);
        self.choose_rows();
        let watched: Vec<ArcTrigger> =
            self.held.with(|held| held.watched.values().map(|row| row.moved.clone()).collect());
        watched.notify();
        touched.notify();
    }
}
