//! The session on screen.
//!
//! The transcript itself is `core`'s reducer; here stand the signals that its [`Change`]s touch: one for each row that anybody looks at,
//! and one for each side of the session.

use std::{ops::Range, sync::Arc};

use crate::leptos::reactive::{
    signal::ArcTrigger,
    traits::{Notify, Track},
};
use roost_core::{
    ClientId, Millis, RequestId, SessionId,
    markdown::Block,
    slash::{Advertised, Catalogue, Palette},
    transcript::{
        Body, Change, EndCause, Entry, EntryChange, EntryId, Permission, QueuedPrompt, Side, State, Transcript, TurnId,
    },
};
use serde_json::Value;

use super::{
    Control, Controls, Ending, Part, RowKey, SessionState, Store,
    held::{Held, Hold, Watched},
    live::Live,
    rows::Rows,
    scroll, sending,
};
use crate::browser::{self, kept::Shelf};

/// The session on screen, as signals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    pub(crate) session: Live<Option<SessionId>>,
    /// Its history is here.
    pub(crate) loaded: Live<bool>,
    /// A turn runs.
    pub(crate) busy: Live<bool>,
    pub(crate) busy_since: Live<Option<Millis>>,
    /// The end of the turn was asked for.
    pub(crate) cancelling: Live<bool>,
    pub(crate) queue: Live<Vec<QueuedPrompt>>,
    /// What waits for an answer, oldest first.
    pub(crate) asks: Live<Vec<Permission>>,
    /// The request this page has voted on and not heard of yet.
    pub(crate) voting: Live<Option<RequestId>>,
    pub(crate) controls: Live<Controls>,
    pub(crate) palette: Live<Arc<Palette>>,
    pub(crate) renaming: Live<bool>,
    /// The rows on screen, and the heights that stand for the rest.
    pub(crate) rows: Live<Vec<RowKey>>,
    pub(crate) above: Live<f64>,
    pub(crate) below: Live<f64>,
    pub(crate) at_end: Live<bool>,
    /// Entries that came while the reader was elsewhere.
    pub(crate) unseen: Live<usize>,
    pub(super) place: Live<scroll::Place>,
    pub(super) shown: Live<Range<usize>>,
    pub(super) held: Hold,
}

impl Talk {
    pub(super) fn new() -> Self {
        Self {
            session: Live::new(None),
            loaded: Live::new(false),
            busy: Live::new(false),
            busy_since: Live::new(None),
            cancelling: Live::new(false),
            queue: Live::default(),
            asks: Live::default(),
            voting: Live::new(None),
            controls: Live::default(),
            palette: Live::new(Arc::new(palette_of(&Value::Null))),
            renaming: Live::new(false),
            rows: Live::default(),
            above: Live::new(0.0),
            below: Live::new(0.0),
            at_end: Live::new(true),
            unseen: Live::new(0),
            place: Live::default(),
            shown: Live::new(0..0),
            held: Hold,
        }
    }

    /// Reads what a row shows, and is called again when the row moved.
    pub(crate) fn read<T>(self, row: RowKey, read: impl FnOnce(&Entry) -> Option<T>) -> Option<T> {
        self.watched(row).moved.track();
        self.read_untracked(row, read)
    }

    pub(crate) fn read_untracked<T>(self, row: RowKey, read: impl FnOnce(&Entry) -> Option<T>) -> Option<T> {
        self.held.with(|held| held.transcript.entry_of(row.entry).and_then(read))
    }

    /// Reads the block of a text that a row shows.
    pub(crate) fn block<T>(self, row: RowKey, read: impl FnOnce(&Block) -> Option<T>) -> Option<T> {
        self.watched(row).moved.track();
        let Part::Block(nth) = row.part else { return None };
        self.held.with(|held| held.texts.blocks(row.entry).get(nth as usize).and_then(read))
    }

    /// What was asked in a turn, as one text.
    pub(crate) fn prompt_of(self, turn: TurnId) -> Option<String> {
        self.held.with(|held| {
            held.transcript.entries().find_map(|entry| match &entry.body {
                Body::User(message) if entry.turn == Some(turn) => Some(message.texts().collect::<Vec<_>>().join("\n")),
                _ => None,
            })
        })
    }

    /// Reads the turn whose end a row shows.
    pub(crate) fn turn<T>(self, row: RowKey, read: impl FnOnce(&Transcript, TurnId) -> Option<T>) -> Option<T> {
        self.watched(row).moved.track();
        self.held.with(|held| {
            let turn = held.transcript.entry_of(row.entry)?.turn?;
            read(&held.transcript, turn)
        })
    }

    fn watched(self, row: RowKey) -> Watched {
        self.held.update(|held| held.watched.entry(row).or_default().clone())
    }

    /// Whether a person opened or closed a row; `None` when nobody did.
    pub(crate) fn is_open(self, row: RowKey) -> Option<bool> {
        let watched = self.watched(row);
        watched.folded.track();
        watched.open
    }

    pub(super) fn fold(self, row: RowKey, open: bool) {
        self.held.update(|held| held.watched.entry(row).or_default().open = Some(open));
        self.watched(row).folded.notify();
    }

    /// A row turned out to be this high.
    pub(crate) fn measured(self, row: RowKey, height: f64) {
        self.held.update(|held| held.rows.measure(row, height));
    }

    pub(super) fn with_rows<T>(self, read: impl FnOnce(&Rows) -> T) -> T {
        self.held.with(|held| read(&held.rows))
    }

    /// Parses the texts among the rows of `range` that nobody has come near to before. Says whether there were any.
    pub(super) fn parse_texts(self, range: Range<usize>) -> bool {
        let mut parsed = false;
        self.held.update(|held| {
            for key in held.rows.keys(range) {
                if !held.texts.is_parsed(key.entry) && held.is_prose(key.entry) {
                    held.lay_out(key.entry);
                    parsed = true;
                }
            }
        });
        parsed
    }

    /// Waits for `length`, or until somebody wants to know at once.
    pub(super) async fn pause(self, length: Millis) {
        let alarm = self.held.with(|held| held.retry.clone());
        alarm.wait(length).await;
    }

    pub(super) fn nudge(self) {
        self.held.with(|held| {
            held.retry.ring();
            if let Some(line) = &held.line {
                line.nudge();
            }
        });
    }

    pub(super) fn rest(self) {
        self.held.with(|held| {
            if let Some(line) = &held.line {
                line.rest();
            }
        });
    }

    pub(super) fn watch(self) {
        self.held.with(|held| {
            if let Some(line) = &held.line {
                line.watch();
            }
        });
    }

    /// Who this page is in the session on screen.
    pub(super) fn client(self) -> Option<ClientId> {
        self.client_of(&self.session.get_untracked()?)
    }

    pub(crate) fn client_of(self, session: &SessionId) -> Option<ClientId> {
        let known =
            self.held.with(|held| held.clients.iter().find(|(of, _)| of == session).map(|(_, client)| client.clone()));
        known.or_else(|| Shelf::Tab.get(&client_key(session)).map(ClientId::from))
    }

    /// The daemon named this page in `session`. The name is kept, so that a reload is the same client.
    pub(super) fn introduce(self, session: &SessionId, client: Option<ClientId>) {
        let Some(client) = client else { return };
        Shelf::Tab.set(&client_key(session), client.as_str());
        self.held.update(|held| {
            held.clients.retain(|(of, _)| of != session);
            held.clients.push((session.clone(), client));
        });
    }

    /// The last thing the agent answered.
    pub(super) fn last_answer(self) -> Option<String> {
        self.held.with(|held| {
            held.transcript.entries().rev().find_map(|entry| match &entry.body {
                Body::Assistant(run) => Some(run.text.clone()),
                _ => None,
            })
        })
    }

    /// Touches what a change names, and nothing else.
    pub(super) fn touch(self, store: Store, change: &Change) {
        if change.is_empty() {
            return;
        }
        let mut touched = Vec::new();
        let mut added = Vec::new();
        self.held.update(|held| {
            for moved in &change.entries {
                held.follow(*moved, &mut touched);
                if let EntryChange::Added(entry) = moved {
                    added.push(*entry);
                }
            }
        });
        if change.side.contains(Side::TURNS) {
            self.note_turns(store, &mut touched);
            if !self.busy.get_untracked() {
                store.refresh_sessions();
            }
        }
        self.choose_rows();
        touched.notify();
        if !self.at_end.get_untracked() && !added.is_empty() {
            self.unseen.update(|unseen| *unseen += added.len());
        }
        self.note_own(store, &added);
        self.note_sides(store, change.side);
        store.clear_shown();
    }

    /// Prompts of this page that turned up: they have arrived.
    fn note_own(self, store: Store, added: &[EntryId]) {
        let Some(session) = self.session.get_untracked() else { return };
        let me = self.client_of(&session);
        let texts: Vec<String> = self.held.with(|held| {
            let mine = |entry: &&Entry| entry.by.is_some() && entry.by == me;
            let said = |entry: &Entry| match &entry.body {
                Body::User(message) => Some(message.texts().collect::<String>()),
                _ => None,
            };
            added.iter().filter_map(|id| held.transcript.entry_of(*id)).filter(mine).filter_map(said).collect()
        });
        for text in texts {
            store.arrived(&session, &text);
        }
    }

    pub(super) fn note_turns(self, store: Store, touched: &mut Vec<ArcTrigger>) {
        let since = self.held.update(|held| {
            held.end_turns(touched);
            held.transcript.running().map(|turn| turn.started_at)
        });
        self.busy.set_if_new(since.is_some());
        self.busy_since.set_if_new(since.flatten());
        store.clock.set(browser::now());
        if since.is_none() {
            self.cancelling.set_if_new(false);
            store.composer.stop_asked.set_if_new(false);
        }
        self.mark(store);
    }

    fn mark(self, store: Store) {
        let state = match (self.asks.with_untracked(Vec::is_empty), self.busy.get_untracked()) {
            (false, _) => SessionState::Waiting,
            (true, true) => SessionState::Running,
            (true, false) => SessionState::Resting,
        };
        store.mark_here(state);
    }

    pub(super) fn note_sides(self, store: Store, side: Side) {
        if side.contains(Side::QUEUE) {
            self.queue.set_if_new(self.held.with(|held| held.transcript.queue().to_vec()));
        }
        if side.contains(Side::PERMISSIONS) {
            let asks = self.held.with(|held| held.transcript.waiting().map(|(_, ask)| ask.clone()).collect());
            self.asks.set_if_new(asks);
            self.mark(store);
        }
        if side.contains(Side::MODE)
            && let Some(mode) = self.state(|state| state.mode.clone())
        {
            store.note_chosen(Control::Mode, &mode);
        }
        if side.contains(Side::MODEL)
            && let Some(model) = self.state(|state| state.model.clone())
        {
            store.note_chosen(Control::Model, &model);
        }
        if side.contains(Side::CONFIG) {
            store.refresh_controls();
        }
        if side.contains(Side::TITLE)
            && let (Some(session), Some(title)) =
                (self.session.get_untracked(), self.state(|state| state.title.clone()))
        {
            store.retitle(&session, &title);
        }
        if side.contains(Side::COMMANDS) {
            self.palette.set_if_new(Arc::new(self.held.with(|held| palette_of(&held.announced))));
        }
        if side.contains(Side::END)
            && let Some(end) = self.state(|state| state.end.clone())
        {
            match end.cause {
                EndCause::SessionClosed => store.lost(Ending::Closed),
                EndCause::SessionDied => store.lost(Ending::Died),
                // The line comes back by itself.
                EndCause::ClientEvicted | EndCause::StreamError => {}
            }
        }
    }

    fn state<T>(self, read: impl FnOnce(&State) -> T) -> T {
        self.held.with(|held| read(held.transcript.state()))
    }

    /// Forgets the session.
    pub(super) fn clear(self) {
        self.held.update(|held| {
            let clients = std::mem::take(&mut held.clients);
            held.retry.ring();
            *held = Held { clients, ..Held::default() };
        });
        self.session.set_if_new(None);
        self.loaded.set_if_new(false);
        self.busy.set_if_new(false);
        self.busy_since.set_if_new(None);
        self.cancelling.set_if_new(false);
        self.queue.set_if_new(Vec::new());
        self.asks.set_if_new(Vec::new());
        self.voting.set_if_new(None);
        self.controls.set_if_new(Controls::default());
        self.renaming.set_if_new(false);
        self.rows.set_if_new(Vec::new());
        self.above.set_if_new(0.0);
        self.below.set_if_new(0.0);
        self.at_end.set_if_new(true);
        self.unseen.set_if_new(0);
        self.shown.set(0..0);
        self.palette.set_if_new(Arc::new(palette_of(&Value::Null)));
    }
}

fn client_key(session: &SessionId) -> String {
    format!("roost.client.{session}")
}

/// The palette of the page's own commands and those that the session's agent announced.
pub(super) fn palette_of(announcement: &Value) -> Palette {
    Palette::new(Catalogue::new(sending::performs, Advertised::read(announcement).commands))
}
