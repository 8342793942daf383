//! Going to a session, keeping a line to it, and coming back to it.

use std::sync::Arc;

use crate::leptos::task::spawn_local;
use roost_core::{
    SessionId,
    client::{self, UnreadSession, routes},
};
use serde_json::json;

use super::{Connection, Ending, Store, talk::palette_of};
use crate::{
    browser::{
        self,
        address::{self, Place},
    },
    net::{fetch::CallError, line::Line},
};

impl Store {
    pub(super) fn visit(self, place: Place) {
        match place {
            Place::Session(session) if self.here().as_ref() == Some(&session) => {}
            Place::Session(session) => {
                self.leave();
                self.composer.put(&self.draft_of(Some(&session)));
                self.enter_session(session);
            }
            // Nothing is left, and somebody may be typing.
            Place::Home if self.here().is_none() => {
                self.complaint.set_if_new(None);
                self.offer_at_home();
            }
            Place::Home => self.leave(),
        }
    }

    /// The page has just been opened here. What is typed from now on belongs here, also before the daemon has let anybody in.
    pub(super) fn begin_at(self, place: Place) {
        if let Place::Session(session) = place {
            self.enter_session(session);
        }
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
        self.end_finding();
        self.composer.pictures.set_if_new(Vec::new());
        self.talk.clear();
        self.complaint.set_if_new(None);
        self.connection.set_if_new(Connection::Idle);
        self.composer.put(&self.draft_of(None));
        self.offer_at_home();
    }

    /// Loads the session on screen anew: after a resync mark, or after its end.
    pub(super) fn reopen(self) {
        let Some(session) = self.here() else { return };
        self.hang_up();
        spawn_local(self.load(session));
    }

    fn hang_up(self) {
        self.talk.held.update(|held| {
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
            self.settle_accepted();
            let answer = self.ask(routes::load_unread(&session).by(self.talk.client_of(&session).as_ref())).await;
            if self.here().as_ref() != Some(&session) {
                return;
            }
            match answer {
                Ok(loaded) => return self.take(&session, loaded),
                Err(error) if error.is_passing() => {
                    let wait = client::wait(attempt, js_sys::Math::random());
                    self.clock.set(browser::now());
                    self.connection.set(Connection::Retrying(browser::now().after(wait)));
                    self.talk.pause(wait).await;
                }
                Err(CallError::CalledOff) => return,
                Err(error) if self.shut_out(&error) => return,
                Err(error) if error.is_missing() => return self.lost(Ending::Unknown),
                Err(error) => return self.lost(Ending::Refused(error.to_string())),
            }
            if self.here().as_ref() != Some(&session) {
                return;
            }
        }
    }

    fn take(self, session: &SessionId, loaded: UnreadSession) {
        self.talk.introduce(session, loaded.resumed.session.client_id.clone());
        let cursor = loaded.cursor();
        self.talk.fill(self, loaded);
        let line = Line::open(session.clone(), self.key(), cursor, move |news| self.hear(news));
        self.talk.held.update(|held| held.line = Some(line));
    }

    /// The agent's commands are on the stream only if this page saw them announced.
    pub(super) fn refresh_commands(self, session: SessionId) {
        if !self.talk.held.with(|held| held.announced.is_null()) {
            return;
        }
        spawn_local(async move {
            let Ok(commands) = self.ask(routes::supported_commands(&session)).await else { return };
            let unknown = self.talk.held.with(|held| held.announced.is_null());
            if unknown && self.here().as_ref() == Some(&session) {
                let commands = json!({
                    "availableCommands": commands.available_commands,
                    "availableSkills": commands.available_skills,
                });
                self.talk.palette.set_if_new(Arc::new(palette_of(&commands)));
            }
        });
    }

    /// Enters a session that forgot this page, as after a restart of the daemon or the death of the agent.
    pub(super) async fn enter_again(self, session: &SessionId) -> Result<(), CallError> {
        self.settle_accepted();
        let loaded = self.ask(routes::load_unread(session).by(self.talk.client_of(session).as_ref())).await?;
        if self.here().as_ref() == Some(session) {
            self.hang_up();
            self.take(session, loaded);
        } else {
            self.talk.introduce(session, loaded.resumed.session.client_id);
        }
        Ok(())
    }
}
