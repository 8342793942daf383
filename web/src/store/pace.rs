//! When events are applied: before a frame is painted, and no more often than leaves the page its time.
//!
//! A model writes faster than anybody reads. What a batch cost, layout and paint included, is taken by the clock, and a multiple of it is
//! rested: a slow machine draws a stream less often, it does not draw all the time.

use roost_core::{Envelope, EventType, Millis, transcript::Change};

use super::{Connection, Store, Talk};
use crate::browser::{self, timer};

/// Applying events may take this long in one frame; the rest waits for the next.
pub(super) const FRAME_BUDGET: Millis = Millis(8);
const SHORTEST_REST: Millis = Millis(40);
const LONGEST_REST: Millis = Millis(250);
/// How many times as long as a batch took nothing is drawn after it.
const REST_FOR_WORK: u64 = 12;

impl Talk {
    /// Takes events in, to be applied before one of the next frames is painted.
    pub(super) fn queue_events(self, store: Store, events: Vec<Envelope>) {
        let rest = self.held.update(|held| {
            held.waiting.extend(events);
            let asked = std::mem::replace(&mut held.batch_asked, true);
            // A clock that was set back makes no rest longer.
            (!asked).then(|| held.rests_until.since(browser::now()).min(LONGEST_REST))
        });
        match rest {
            None => {}
            Some(Millis(0)) => timer::next_frame(move || self.apply_waiting(store)),
            Some(rest) => timer::after(rest, move || timer::next_frame(move || self.apply_waiting(store))),
        }
    }

    fn apply_waiting(self, store: Store) {
        let begun = browser::now();
        let mut change = Change::default();
        let mut marks = Vec::new();
        let behind = self.held.update(|held| {
            // What was before them is still being read. Whoever reads it lets them go on.
            if held.filling.is_some() {
                return None;
            }
            while let Some(event) = held.waiting.pop_front() {
                held.applied += 1;
                change.absorb(held.apply(&event));
                if matches!(event.kind, EventType::ReplayComplete | EventType::StateResyncRequired) {
                    marks.push(event.kind);
                }
                if held.applied.is_multiple_of(32) && browser::now().since(begun) > FRAME_BUDGET {
                    break;
                }
            }
            Some(!held.waiting.is_empty())
        });
        self.touch(store, &change);
        for mark in marks {
            match mark {
                EventType::StateResyncRequired => {
                    self.rest_until(store, begun);
                    return store.reopen();
                }
                _ => {
                    store.connection.set_if_new(Connection::Live);
                    store.send_cut_off();
                }
            }
        }
        self.note_progress(store);
        match behind {
            None => {}
            // A page that is behind does not rest.
            Some(true) => self.rest_until(store, begun),
            Some(false) if browser::visible() => timer::after(Millis(0), move || self.painted(store, begun)),
            Some(false) => self.painted(store, begun),
        }
    }

    /// A batch begun at this moment is on screen.
    fn painted(self, store: Store, begun: Millis) {
        let now = browser::now();
        self.rest_until(store, now.after(rest_after(now.since(begun))));
    }

    /// Nothing is on its way to the screen any more; what has come meanwhile is next, after this moment.
    pub(super) fn rest_until(self, store: Store, end: Millis) {
        let more = self.held.update(|held| {
            held.batch_asked = false;
            held.rests_until = end;
            !held.waiting.is_empty()
        });
        if more {
            self.queue_events(store, Vec::new());
        }
    }

    fn note_progress(self, store: Store) {
        if let Connection::CatchingUp { .. } = store.connection.get_untracked() {
            let (done, left) = self.held.with(|held| (held.applied, held.waiting.len()));
            if left > 0 {
                store.connection.set_if_new(Connection::CatchingUp { done, all: done + left });
            }
        }
    }
}

fn rest_after(took: Millis) -> Millis {
    Millis((REST_FOR_WORK * took.0).clamp(SHORTEST_REST.0, LONGEST_REST.0))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn drawing_a_stream_takes_a_thirteenth_of_the_time_unless_it_is_very_slow() {
        assert_eq!(rest_after(Millis(0)), Millis(40));
        assert_eq!(rest_after(Millis(12)), Millis(144));
        assert_eq!(rest_after(Millis(600)), Millis(250));
    }
}
