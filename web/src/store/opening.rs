//! Going to a session, keeping a line to it, and coming back to it.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};
use roost_core::SessionId;

use super::{Connection, Ending, Store, command::SetIfNew, talk::palette_of};
use crate::{
    browser::{
        self,
        address::{self, Place},
    },
    net::{
        api, backoff,
        call::CallError,
        line::{Cursor, Line},
        wire::Loaded,
    },
};

impl Store {
    pub(super) fn visit(self, place: Place) {
        let Place::Session(session) = place else { return self.leave() };
        if self.here().as_ref() == Some(&session) {
            return;
        }
        self.leave();
        self.composer.put(&self.draft_of(Some(&session)));
        self.enter_session(session);
    }

    /// Goes to a session that was made for what was written at home. The composer goes along: somebody may be typing.
    pub(super) fn move_in(self, session: SessionId) {
        address::go(&Place::Session(session.clone()));
        self.forget_draft(None);
        self.talk.clear();
        self.enter_session(session);
        self.keep_draft();
    }

    fn enter_session(self, session: SessionId) {
        self.talk.session.set(Some(session.clone()));
        spawn_local(self.load(session));
    }

    /// Leaves the session on screen; home is what remains.
    pub(super) fn leave(self) {
        self.keep_draft();
        self.talk.clear();
        self.complaint.set_if_new(None);
        self.connection.set_if_new(Connection::Idle);
        self.composer.put(&self.draft_of(None));
    }

    /// Loads the session on screen anew: after a resync mark, or after its end.
    pub(super) fn reopen(self) {
        let Some(session) = self.here() else { return };
        self.hang_up();
        spawn_local(self.load(session));
    }

    fn hang_up(self) {
        self.talk.held.update_value(|held| {
            held.line = None;
            held.waiting.clear();
        });
    }

    /// Nothing more comes from the session on screen.
    pub(super) fn lost(self, ending: Ending) {
        self.hang_up();
        self.connection.set(Connection::Ended(ending));
        self.refresh_sessions();
    }

    /// Loads a session until the daemon says yes or no, then keeps a line to it.
    async fn load(self, session: SessionId) {
        self.connection.set_if_new(Connection::Connecting);
        for attempt in 0.. {
            let answer = api::load(&self.key(), &session, self.talk.client_of(&session).as_ref()).await;
            if self.here().as_ref() != Some(&session) {
                return;
            }
            match answer {
                Ok(loaded) => return self.take(&session, &loaded),
                Err(CallError::Unreachable(_) | CallError::Refused { status: 429 | 500..=599, .. }) => {
                    let wait = backoff::delay(attempt, js_sys::Math::random());
                    self.clock.set(browser::now());
                    self.connection.set(Connection::Retrying(browser::now().after(wait)));
                    let alarm = self.talk.held.with_value(|held| held.retry.clone());
                    alarm.wait(wait).await;
                }
                Err(error) if self.shut_out(&error) => return,
                Err(error) if error.is_missing() => return self.lost(Ending::Unknown),
                Err(error) => return self.lost(Ending::Refused(error.to_string())),
            }
            if self.here().as_ref() != Some(&session) {
                return;
            }
        }
    }

    fn take(self, session: &SessionId, loaded: &Loaded) {
        self.talk.introduce(session, loaded.client_id.clone());
        let cursor = Cursor { last_event_id: loaded.last_event_id, epoch: Some(loaded.event_epoch.clone()) };
        self.talk.fill(self, loaded);
        let line = Line::open(session, self.key(), cursor, move |news| self.hear(news));
        self.talk.held.update_value(|held| held.line = Some(line));
        self.refresh_commands(session.clone());
    }

    /// The agent's commands are on the stream only if this page saw them announced.
    fn refresh_commands(self, session: SessionId) {
        if !self.talk.held.with_value(|held| held.announced.is_null()) {
            return;
        }
        spawn_local(async move {
            let Ok(commands) = api::commands(&self.key(), &session).await else { return };
            let unknown = self.talk.held.with_value(|held| held.announced.is_null());
            if unknown && self.here().as_ref() == Some(&session) {
                self.talk.palette.set_if_new(Arc::new(palette_of(&commands)));
            }
        });
    }

    /// Enters a session that forgot this page, as after a restart of the daemon or the death of the agent.
    pub(super) async fn enter_again(self, session: &SessionId) -> Result<(), CallError> {
        let loaded = api::load(&self.key(), session, self.talk.client_of(session).as_ref()).await?;
        if self.here().as_ref() == Some(session) {
            self.hang_up();
            self.take(session, &loaded);
        } else {
            self.talk.introduce(session, loaded.client_id);
        }
        Ok(())
    }
}
