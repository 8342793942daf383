//! Everything a person can ask the page to do.

use leptos::prelude::*;
use roost_core::{PromptId, RequestId, SessionId};

use super::{Control, RowKey, Sheet, Store, Theme};
use crate::browser::address::{self, Place};

/// A wish, in the imperative. Parts send it to [`Store::dispatch`] and see its effect in the signals.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    SignIn {
        token: String,
        remember: bool,
    },
    SignOut,
    Remember(bool),
    /// Go where the address already points.
    Visit(Place),
    GoHome,
    Open(SessionId),
    /// A fresh page: what is sent from it begins a session.
    NewSession,
    Rename {
        session: SessionId,
        title: String,
    },
    Close(SessionId),
    /// What the composer holds: a prompt, or a slash command.
    Send(String),
    /// The same, but never read as a command.
    SendAsText(String),
    /// Send again what was not accepted.
    Resend(u64),
    /// Take back into the composer what was not accepted.
    TakeBack(u64),
    Discard(u64),
    Unqueue(PromptId),
    CancelTurn,
    Vote {
        request: RequestId,
        option: Box<str>,
    },
    /// Answer the questions of a request, one answer each.
    Answer {
        request: RequestId,
        option: Box<str>,
        answers: Vec<String>,
    },
    Choose(Control, String),
    CycleMode,
    ReconnectNow,
    Fold(RowKey, bool),
    ToEnd,
    Copy(String),
    Wear(Theme),
    ShowRail(bool),
    ShowSheet(Option<Sheet>),
}

impl Store {
    /// Does it. Nothing else in the page changes the store.
    pub(crate) fn dispatch(self, command: Command) {
        match command {
            Command::SignIn { token, remember } => self.sign_in(token, remember),
            Command::SignOut => self.sign_out(None),
            Command::Remember(remember) => self.remember(remember),
            Command::Visit(place) => self.visit(place),
            Command::GoHome => self.travel(Place::Home),
            Command::Open(session) => self.travel(Place::Session(session)),
            Command::NewSession => self.new_session(),
            Command::Rename { session, title } => self.rename(session, &title),
            Command::Close(session) => self.close_session(session),
            Command::Send(text) => self.send(&text),
            Command::SendAsText(text) => self.send_as_text(&text),
            Command::Resend(id) => self.resend(id),
            Command::TakeBack(id) => self.take_back(id),
            Command::Discard(id) => self.discard(id),
            Command::Unqueue(prompt) => self.unqueue(prompt),
            Command::CancelTurn => self.cancel_turn(),
            Command::Vote { request, option } => self.vote(request, option, None),
            Command::Answer { request, option, answers } => self.vote(request, option, Some(answers)),
            Command::Choose(control, id) => self.choose(control, id),
            Command::CycleMode => self.cycle_mode(),
            Command::ReconnectNow => self.reconnect_now(),
            Command::Fold(row, open) => self.talk.fold(row, open),
            Command::ToEnd => self.talk.to_end(),
            Command::Copy(text) => crate::browser::copy(&text),
            Command::Wear(theme) => self.wear(theme),
            Command::ShowRail(open) => self.rail_open.set_if_new(open),
            Command::ShowSheet(sheet) => self.sheet.set(sheet),
        }
    }

    fn travel(self, place: Place) {
        self.rail_open.set_if_new(false);
        address::go(&place);
        self.visit(place);
    }
}

/// Sets a signal only when that says something new.
pub(crate) trait SetIfNew<T> {
    fn set_if_new(&self, value: T);
}

impl<T: PartialEq + Send + Sync + 'static> SetIfNew<T> for RwSignal<T> {
    fn set_if_new(&self, value: T) {
        if self.with_untracked(|current| *current != value) {
            self.set(value);
        }
    }
}
