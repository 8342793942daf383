//! Everything a person can ask the page to do.

use roost_core::{
    PromptId, RequestId, SessionId,
    client::{ExportFormat, GroupChange, RuleType},
};
use serde_json::Value;

use super::{Control, Doing, MenuAt, RowKey, SessionLine, Sheet, Store, Theme};
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
    /// Pins a session, or takes the pin out.
    Pin(SessionId, bool),
    /// Moves a session to a group, or out of its group.
    Group(SessionId, Option<String>),
    /// Makes a group that begins with this session.
    NewGroup {
        session: SessionId,
        name: String,
    },
    ChangeGroup(String, GroupChange),
    DeleteGroup(String),
    FoldGroup(String),
    Archive(SessionId),
    Unarchive(SessionId),
    Delete(SessionId),
    Export(Box<SessionLine>, ExportFormat),
    ShowArchived(bool),
    /// Begins or ends what is done to a row in its place.
    Do(Option<Doing>),
    ShowMenu(Option<MenuAt>),
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
    /// Takes a prompt out of the queue, back into the composer.
    EditQueued(PromptId, String),
    /// Tells the running turn something before its next step.
    TellNow(String),
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
    Wear(Theme),
    ShowRail(bool),
    ShowSheet(Option<Sheet>),
    SetSetting(String, Value),
    SetRules(RuleType, Vec<String>),
    /// Has another folder served, by its absolute path.
    AddWorkspace(String),
    RemoveWorkspace(String),
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
            Command::Pin(session, pinned) => self.pin(&session, pinned),
            Command::Group(session, group) => self.move_to_group(&session, group),
            Command::NewGroup { session, name } => self.new_group(session, &name),
            Command::ChangeGroup(group, change) => self.change_group(&group, &change),
            Command::DeleteGroup(group) => self.delete_group(&group),
            Command::FoldGroup(group) => self.fold_group(&group),
            Command::Archive(session) => self.archive(session),
            Command::Unarchive(session) => self.unarchive(session),
            Command::Delete(session) => self.delete(session),
            Command::Export(line, format) => self.export(&line, format),
            Command::ShowArchived(show) => self.show_archived(show),
            Command::Do(doing) => self.begin_doing(doing),
            Command::ShowMenu(menu) => self.menu.set_if_new(menu),
            Command::Send(text) => self.send(&text),
            Command::SendAsText(text) => self.send_as_text(&text),
            Command::Resend(id) => self.resend(id),
            Command::TakeBack(id) => self.take_back(id),
            Command::Discard(id) => self.discard(id),
            Command::Unqueue(prompt) => self.unqueue(prompt),
            Command::EditQueued(prompt, text) => self.edit_queued(prompt, text),
            Command::TellNow(text) => self.tell_now(&text),
            Command::CancelTurn => self.cancel_turn(),
            Command::Vote { request, option } => self.vote(request, option, None),
            Command::Answer { request, option, answers } => self.vote(request, option, Some(answers)),
            Command::Choose(control, id) => self.choose(control, id),
            Command::CycleMode => self.cycle_mode(),
            Command::ReconnectNow => self.reconnect_now(),
            Command::Fold(row, open) => self.talk.fold(row, open),
            Command::ToEnd => self.talk.to_end(),
            Command::Wear(theme) => self.wear(theme),
            Command::ShowRail(open) => self.rail_open.set_if_new(open),
            Command::ShowSheet(sheet) => self.show_sheet(sheet),
            Command::SetSetting(key, value) => self.set_setting(key, value),
            Command::SetRules(kind, rules) => self.set_rules(kind, rules),
            Command::AddWorkspace(cwd) => self.add_workspace(&cwd),
            Command::RemoveWorkspace(id) => self.remove_workspace(id),
        }
    }

    fn travel(self, place: Place) {
        self.rail_open.set_if_new(false);
        address::go(&place);
        self.visit(place);
    }
}
