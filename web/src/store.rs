//! The store: everything the page shows, as signals, and the one way to change it, [`Store::dispatch`].
//!
//! Parts read signals and dispatch commands; they never fetch. A [`Change`](roost_core::transcript::Change) touches only the signals of
//! the rows it names.

mod access;
mod asking;
mod catalogue;
mod command;
mod composing;
mod connection;
mod controls;
mod drafts;
mod held;
mod look;
mod opening;
mod outbox;
mod rows;
mod scroll;
mod sending;
mod talk;
mod texts;

use leptos::prelude::*;
use roost_core::{Millis, SessionId};

pub(crate) use access::{Access, WhyOut};
pub(crate) use catalogue::{SessionLine, SessionState};
pub(crate) use command::Command;
pub(crate) use composing::PROMPT;
pub(crate) use composing::PaletteView;
pub(crate) use connection::{Connection, Ending};
pub(crate) use controls::Control;
pub(crate) use look::{Sheet, Theme};
pub(crate) use outbox::{Outgoing, Sending};
pub(crate) use rows::{Part, RowKey};
pub(crate) use scroll::VIEW;
pub(crate) use talk::Talk;

use crate::{
    browser::{self, address, timer},
    net::{call::Credential, wire::Capabilities},
};

/// The state of the page. A handle: copies are the same store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(crate) access: RwSignal<Access>,
    credential: StoredValue<Credential>,
    pub(crate) daemon: RwSignal<Capabilities>,
    pub(crate) sessions: RwSignal<Vec<SessionLine>>,
    /// The list has been read at least once.
    pub(crate) listed: RwSignal<bool>,
    pub(crate) connection: RwSignal<Connection>,
    pub(crate) talk: Talk,
    pub(crate) outbox: RwSignal<Vec<Outgoing>>,
    pub(crate) composer: composing::Composer,
    /// What went wrong with the last thing asked for, in a sentence; shown until the next thing is asked for.
    pub(crate) complaint: RwSignal<Option<String>>,
    /// Moves once a second while something on screen counts seconds.
    pub(crate) clock: RwSignal<Millis>,
    pub(crate) theme: RwSignal<Theme>,
    pub(crate) rail_open: RwSignal<bool>,
    pub(crate) sheet: RwSignal<Option<Sheet>>,
}

impl Store {
    /// An empty store, as before anything has been asked.
    pub(crate) fn new() -> Self {
        Self {
            access: RwSignal::new(Access::Starting),
            credential: StoredValue::new(None),
            daemon: RwSignal::default(),
            sessions: RwSignal::default(),
            listed: RwSignal::new(false),
            connection: RwSignal::new(Connection::Idle),
            talk: Talk::new(),
            outbox: RwSignal::default(),
            composer: composing::Composer::new(),
            complaint: RwSignal::new(None),
            clock: RwSignal::new(browser::now()),
            theme: RwSignal::new(Theme::kept()),
            rail_open: RwSignal::new(false),
            sheet: RwSignal::new(None),
        }
    }

    /// Begins: signs in with what the page was opened with, and keeps up with the browser.
    pub(crate) fn begin(self) {
        browser::on_window("popstate", move |_| self.dispatch(Command::Visit(address::here())));
        browser::on_window("online", move |_| self.talk.nudge());
        browser::on_window("offline", move |_| self.note_offline());
        browser::on_window("pagehide", move |_| self.keep_draft());
        browser::on_document("visibilitychange", move |_| {
            if browser::visible() {
                self.talk.nudge();
                self.refresh_sessions();
            } else {
                self.keep_draft();
            }
        });
        self.recover_outbox();
        timer::every(SECOND, move || self.tick());
        self.arrive();
    }

    /// The session on screen.
    pub(crate) fn here(self) -> Option<SessionId> {
        self.talk.session.get_untracked()
    }

    fn tick(self) {
        self.talk.watch();
        let counting =
            self.talk.busy.get_untracked() || matches!(self.connection.get_untracked(), Connection::Retrying(_));
        if counting && browser::visible() {
            self.clock.set(browser::now());
        }
        self.poll_sessions();
    }
}

const SECOND: Millis = Millis(1_000);

/// The store of this page, from inside a part.
pub(crate) fn store() -> Store {
    expect_context::<Store>()
}
