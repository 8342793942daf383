//! The state of the line, in words that are true.

use roost_core::Millis;

use super::Store;
use crate::{
    browser,
    net::{fetch::CallError, line::News},
};

/// How the page stands with the daemon.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Connection {
    /// No session is open, so there is no line.
    Idle,
    Connecting,
    /// `done` of `all` events known to be waiting have been applied.
    CatchingUp {
        done: usize,
        all: usize,
    },
    Live,
    /// The browser says that there is no network.
    Offline,
    /// The next attempt is at this moment.
    Retrying(Millis),
    Ended(Ending),
}

/// Why a session has no line any more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    Closed,
    /// The agent behind it is gone; loading the session starts another.
    Died,
    /// The daemon does not know it.
    Unknown,
    Refused(String),
}

impl Store {
    pub(super) fn note_offline(self) {
        if !matches!(self.connection.get_untracked(), Connection::Idle | Connection::Ended(_)) {
            self.connection.set(Connection::Offline);
        }
    }

    /// What the line of the session on screen says.
    pub(super) fn hear(self, news: News) {
        match news {
            News::Dialing => self.connection.set_if_new(Connection::Connecting),
            News::Open => self.connection.set_if_new(Connection::CatchingUp { done: 0, all: 0 }),
            News::Events(events) => self.talk.queue_events(self, events),
            News::Waiting(_) if !browser::online() => self.connection.set_if_new(Connection::Offline),
            News::Waiting(until) => {
                self.clock.set(browser::now());
                self.connection.set(Connection::Retrying(until));
            }
            // As after a restart of the daemon; a load finds the session on disk, or says that it is not there.
            News::Torn => self.reopen(),
            News::Refused(failure) => {
                let error = CallError::Refused(Box::new(failure));
                if !self.shut_out(&error) {
                    self.lost(Ending::Refused(error.to_string()));
                }
            }
        }
    }

    pub(super) fn reconnect_now(self) {
        match self.connection.get_untracked() {
            Connection::Ended(_) => self.reopen(),
            Connection::Idle
            | Connection::Connecting
            | Connection::CatchingUp { .. }
            | Connection::Live
            | Connection::Offline
            | Connection::Retrying(_) => self.talk.nudge(),
        }
    }
}
