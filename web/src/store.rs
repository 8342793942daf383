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
mod filling;
mod finding;
mod held;
mod leaving;
mod live;
mod look;
mod mention;
mod opening;
mod organizing;
mod outbox;
mod pace;
mod panels;
mod pictures;
mod rows;
mod scroll;
mod sending;
mod talk;
mod texts;

use std::sync::Arc;

use crate::leptos::prelude::*;
use roost_core::{Millis, SessionId, client::Capabilities};

pub(crate) use access::{Access, WhyOut};
pub(crate) use catalogue::{SessionLine, SessionState};
pub(crate) use command::Command;
pub(crate) use composing::PROMPT;
pub(crate) use composing::PaletteView;
pub(crate) use connection::{Connection, Ending};
use controls::Controls;
pub(crate) use controls::{Choice, Control};
pub(crate) use finding::{FIND, Finding, folded};
use leaving::Leaving;
pub(crate) use live::{Derived, Live, Own, derived, follow};
pub(crate) use look::{Sheet, Theme};
pub(crate) use mention::MentionView;
pub(crate) use organizing::{Doing, MenuAt, MenuOf};
pub(crate) use outbox::{Outgoing, Sending};
pub(crate) use pictures::{Picture, source};
pub(crate) use rows::{Part, RowKey};
pub(crate) use scroll::VIEW;
pub(crate) use talk::Talk;

use crate::{
    browser::{self, address, timer},
    net::fetch::Credential,
};

/// The state of the page. A handle: copies are the same store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(crate) access: Live<Access>,
    credential: Live<Credential>,
    pub(crate) daemon: Live<Capabilities>,
    pub(crate) list: catalogue::Catalogue,
    pub(crate) doing: Live<Option<Doing>>,
    /// What has been written so far in the place of a name; the row may be drawn anew meanwhile.
    pub(crate) naming: Live<Option<String>>,
    pub(crate) menu: Live<Option<MenuAt>>,
    /// Ids of the groups whose sessions are hidden.
    folded: Live<Vec<String>>,
    /// The files of the workspace by their paths, while somebody mentions one.
    files: Live<Option<Arc<Vec<String>>>>,
    pub(crate) panels: panels::Panels,
    pub(crate) connection: Live<Connection>,
    pub(crate) talk: Talk,
    pub(crate) outbox: Live<Vec<Outgoing>>,
    pub(crate) composer: composing::Composer,
    /// What went wrong with the last thing asked for, in a sentence; shown until the next thing is asked for.
    pub(crate) complaint: Live<Option<String>>,
    /// Moves once a second while something on screen counts seconds.
    pub(crate) clock: Live<Millis>,
    pub(crate) theme: Live<Theme>,
    pub(crate) rail_open: Live<bool>,
    pub(crate) sheet: Live<Option<Sheet>>,
    /// A word is looked for in the session on screen.
    pub(crate) finding: Live<Option<Finding>>,
    /// Somebody looks for a session or a command.
    pub(crate) switching: Live<bool>,
}

impl Store {
    /// An empty store, as before anything has been asked.
    pub(crate) fn new() -> Self {
        Self {
            access: Live::new(Access::Starting),
            credential: Live::new(None),
            daemon: Live::default(),
            list: catalogue::Catalogue::new(),
            doing: Live::new(None),
            naming: Live::new(None),
            menu: Live::new(None),
            folded: Live::new(Self::folded_before()),
            files: Live::new(None),
            panels: panels::Panels::new(),
            connection: Live::new(Connection::Idle),
            talk: Talk::new(),
            outbox: Live::default(),
            composer: composing::Composer::new(),
            complaint: Live::new(None),
            clock: Live::new(browser::now()),
            theme: Live::new(Theme::kept()),
            rail_open: Live::new(false),
            sheet: Live::new(None),
            finding: Live::new(None),
            switching: Live::new(false),
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
                self.talk.rest();
            }
        });
        self.recover_outbox();
        timer::every(SECOND, move || self.tick());
        self.begin_at(address::here());
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
