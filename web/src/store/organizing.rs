//! What a person does to sessions from the list: renames, pins, groups, puts away, exports, closes, deletes.

use crate::leptos::{prelude::*, task::spawn_local};
use roost_core::{
    SessionId,
    client::{Arrangement, Batch, Call, ExportFormat, GroupChange, routes},
};

use super::{Command, Leaving, SessionLine, Store};
use crate::{
    browser::{self, address::Place, kept::Shelf},
    words::words,
};

const FOLDED: &str = "roost.folded";

/// What is being done to a row of the list, in place of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Renaming(SessionId),
    Closing(SessionId),
    Deleting(SessionId),
    /// A name is asked for, of a group that the session shall begin.
    Grouping(SessionId),
    RenamingGroup(String),
    DeletingGroup(String),
    /// A workspace is to be served no longer.
    Removing(String),
}

/// What a menu is about, and where it opens, in CSS pixels of the window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MenuAt {
    pub(crate) of: MenuOf,
    pub(crate) left: f64,
    pub(crate) top: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MenuOf {
    Session(SessionLine),
    Group(roost_core::client::Group),
}

impl Doing {
    /// The session whose row it stands in.
    pub(crate) fn session(&self) -> Option<&SessionId> {
        match self {
            Self::Renaming(id) | Self::Closing(id) | Self::Deleting(id) | Self::Grouping(id) => Some(id),
            Self::RenamingGroup(_) | Self::DeletingGroup(_) | Self::Removing(_) => None,
        }
    }

    /// The group whose row it stands in.
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            Self::RenamingGroup(id) | Self::DeletingGroup(id) => Some(id),
            Self::Renaming(_) | Self::Closing(_) | Self::Deleting(_) | Self::Grouping(_) | Self::Removing(_) => None,
        }
    }
}

impl Store {
    /// Begins or ends what is done to a row in its place.
    pub(super) fn begin_doing(self, doing: Option<Doing>) {
        self.naming.set_if_new(None);
        self.doing.set_if_new(doing);
    }

    /// A fresh page to write on. The session itself is made when there is something to say in it, so there is nothing to wait for,
    /// and the list does not fill with empty ones.
    pub(super) fn new_session(self) {
        self.dispatch(Command::GoHome);
        browser::focus("prompt");
    }

    pub(super) fn rename(self, session: SessionId, title: &str) {
        let title = title.trim().to_owned();
        if title.is_empty() {
            return;
        }
        spawn_local(async move {
            match self.ask(routes::rename(&session, &title)).await {
                Ok(_) => self.retitle(&session, &title),
                Err(error) => {
                    self.complain(words().cannot_rename, &error);
                    self.refresh_sessions();
                }
            }
        });
    }

    pub(super) fn close_session(self, session: SessionId) {
        let leaving = Leaving::Session(session.clone());
        self.let_go(&leaving);
        spawn_local(async move {
            let answer = self.ask(routes::close(&session)).await;
            self.let_be(&leaving);
            match answer {
                Ok(_) => self.leave_for_home(&session),
                Err(error) if error.is_missing() => {}
                Err(error) => self.complain(words().cannot_close, &error),
            }
            self.refresh_sessions();
        });
    }

    /// Does a call and reads the lists anew: they are the daemon's.
    fn organize<T: 'static>(self, what: &'static str, call: Call<T>) {
        self.complaint.set(None);
        spawn_local(async move {
            if let Err(error) = self.ask(call).await {
                self.complain(what, &error);
            }
            self.refresh_sessions();
        });
    }

    /// Shows at once what the daemon is about to be asked for.
    fn rearrange(self, session: &SessionId, change: impl Fn(&mut SessionLine)) {
        self.list.no_reading_counts();
        self.amend(session, |line| {
            change(line);
            true
        });
    }

    pub(super) fn pin(self, session: &SessionId, pinned: bool) {
        self.rearrange(session, |line| line.pinned = pinned);
        let pin = Arrangement { is_pinned: Some(pinned), ..Arrangement::default() };
        self.organize(words().cannot_arrange, routes::arrange(session, &pin));
    }

    pub(super) fn move_to_group(self, session: &SessionId, group: Option<String>) {
        self.rearrange(session, |line| line.group.clone_from(&group));
        let place = Arrangement { group_id: Some(group), ..Arrangement::default() };
        self.organize(words().cannot_arrange, routes::arrange(session, &place));
    }

    /// Makes a group and moves the session into it.
    pub(super) fn new_group(self, session: SessionId, name: &str) {
        let name = name.trim().to_owned();
        if name.is_empty() {
            return;
        }
        let (colors, used) = (self.list.colors.get_untracked(), self.list.groups.with_untracked(Vec::len));
        let color = colors.get(used % colors.len().max(1)).cloned().unwrap_or_else(|| "blue".to_owned());
        let workspace = self.workspace_of(&session);
        spawn_local(async move {
            match self.ask(routes::create_group(&workspace, &name, &color)).await {
                Ok(made) => {
                    self.list.groups.update(|groups| groups.push(made.group.clone()));
                    self.move_to_group(&session, Some(made.group.id));
                }
                Err(error) => self.complain(words().cannot_group, &error),
            }
        });
    }

    pub(super) fn change_group(self, group: &str, change: &GroupChange) {
        let workspace = untrack(|| self.workspace());
        self.organize(words().cannot_group, routes::change_group(&workspace, group, change));
    }

    pub(super) fn delete_group(self, group: &str) {
        let workspace = untrack(|| self.workspace());
        self.organize(words().cannot_group, routes::delete_group(&workspace, group));
    }

    /// Whether the sessions of a group are hidden. The browser remembers it.
    pub(crate) fn is_folded(self, group: &str) -> bool {
        self.folded.with(|folded| folded.iter().any(|one| one == group))
    }

    pub(super) fn fold_group(self, group: &str) {
        self.folded.update(|folded| match folded.iter().position(|one| one == group) {
            Some(at) => drop(folded.remove(at)),
            None => folded.push(group.to_owned()),
        });
        Shelf::Device.set(FOLDED, &self.folded.with_untracked(|folded| folded.join(" ")));
    }

    pub(super) fn folded_before() -> Vec<String> {
        Shelf::Device.get(FOLDED).map(|ids| ids.split(' ').map(ToOwned::to_owned).collect()).unwrap_or_default()
    }

    pub(super) fn archive(self, session: SessionId) {
        let call = routes::archive(&self.workspace_of(&session), std::slice::from_ref(&session));
        self.put_away(words().cannot_archive, session, call);
    }

    pub(super) fn unarchive(self, session: SessionId) {
        let call = routes::unarchive(&self.workspace_of(&session), std::slice::from_ref(&session));
        self.put_away(words().cannot_unarchive, session, call);
    }

    pub(super) fn delete(self, session: SessionId) {
        let call = routes::delete(&self.workspace_of(&session), std::slice::from_ref(&session));
        self.put_away(words().cannot_delete, session, call);
    }

    fn put_away(self, what: &'static str, session: SessionId, call: Call<Batch>) {
        let leaving = Leaving::Session(session.clone());
        self.let_go(&leaving);
        self.complaint.set(None);
        spawn_local(async move {
            let answer = self.ask(call).await;
            self.let_be(&leaving);
            match answer {
                Ok(batch) => match batch.errors.first() {
                    Some(failed) => self.complaint.set(Some(format!("{what}: {}", failed.error))),
                    None => self.leave_for_home(&session),
                },
                Err(error) => self.complain(what, &error),
            }
            self.refresh_sessions();
            if self.list.archived.with_untracked(Option::is_some) {
                self.show_archived(true);
            }
        });
    }

    /// The session on screen is no longer there.
    fn leave_for_home(self, session: &SessionId) {
        if self.here().as_ref() == Some(session) {
            self.dispatch(Command::Visit(Place::Home));
            browser::address::go(&Place::Home);
        }
    }

    /// Saves the whole session as a file, the way a link would; a link could not say who asks.
    pub(super) fn export(self, line: &SessionLine, format: ExportFormat) {
        let request = routes::export(&line.workspace, &line.id, line.archived, format);
        let title = if line.title.is_empty() { words().untitled } else { &line.title };
        let name = format!(
            "{}.{}",
            title.replace(|c: char| "/\\:*?\"<>|".contains(c) || c.is_control(), "-"),
            format.as_str()
        );
        spawn_local(async move {
            match self.fetch_file(request).await {
                Ok(file) => browser::save(&file, &name),
                Err(error) => self.complain(words().cannot_export, &error),
            }
        });
    }
}
