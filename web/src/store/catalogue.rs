//! The list of sessions, with what each of them is doing.

use leptos::{prelude::*, task::spawn_local};
use roost_core::{Millis, SessionId};

use super::{Connection, Ending, Store, command::SetIfNew};
use crate::{
    browser::{self, address::Place},
    net::{api, wire::SessionSummary},
    words::words,
};

/// One session in the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionLine {
    pub(crate) id: SessionId,
    pub(crate) title: String,
    pub(crate) state: SessionState,
    pub(crate) updated: Option<Millis>,
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionState {
    Resting,
    Running,
    /// Somebody has to decide or to answer.
    Waiting,
    Failed,
}

impl SessionState {
    /// The name in `data-state`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Resting => "resting",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

impl From<SessionSummary> for SessionLine {
    fn from(summary: SessionSummary) -> Self {
        let state = if summary.is_waiting {
            SessionState::Waiting
        } else if summary.has_active_prompt {
            SessionState::Running
        } else if summary.has_turn_error {
            SessionState::Failed
        } else {
            SessionState::Resting
        };
        let title = clean_title(&summary.display_name);
        Self { id: summary.session_id, title, state, updated: moment(&summary.updated_at) }
    }
}

fn moment(iso: &str) -> Option<Millis> {
    let millis = js_sys::Date::parse(iso);
    millis.is_finite().then_some(Millis(millis as u64))
}

/// A title fit for one line: the first line that says something, without markup at its ends. Empty when there is none.
pub(crate) fn clean_title(raw: &str) -> String {
    let line = raw.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.trim_matches(|c: char| "#*`_>".contains(c) || c.is_whitespace() || c.is_control()).to_owned()
}

impl Store {
    /// Sessions, other than the one on screen, that wait for a person.
    pub(crate) fn waiting_elsewhere(self) -> Vec<SessionLine> {
        let here = self.talk.session.get();
        let waits = |line: &&SessionLine| line.state == SessionState::Waiting && Some(&line.id) != here.as_ref();
        self.sessions.with(|sessions| sessions.iter().filter(waits).cloned().collect())
    }

    /// The title of a session in the list, or what stands for one.
    pub(crate) fn title_of(self, session: &SessionId) -> String {
        let known =
            self.sessions.with(|all| all.iter().find(|line| line.id == *session).map(|line| line.title.clone()));
        known.filter(|title| !title.is_empty()).unwrap_or_else(|| words().untitled.to_owned())
    }

    pub(super) fn refresh_sessions(self) {
        let key = self.key();
        let workspace = self.daemon.with_untracked(|daemon| daemon.workspace_cwd.clone());
        if workspace.is_empty() {
            return;
        }
        spawn_local(async move {
            let mut lines: Vec<SessionLine> = Vec::new();
            let mut cursor: Option<String> = None;
            loop {
                match api::sessions(&key, &workspace, cursor.as_deref()).await {
                    Ok(page) => {
                        lines.extend(page.sessions.into_iter().map(SessionLine::from));
                        cursor = page.next_cursor.filter(|_| lines.len() < MOST_LISTED);
                    }
                    Err(error) => {
                        self.shut_out(&error);
                        return;
                    }
                }
                if cursor.is_none() {
                    break;
                }
            }
            self.sessions.set_if_new(lines);
            self.listed.set_if_new(true);
        });
    }

    /// The list is only asked for again while another session is known to be at work: an idle page asks for nothing.
    pub(super) fn poll_sessions(self) {
        let here = self.here();
        let busy = |line: &SessionLine| {
            line.state != SessionState::Resting && line.state != SessionState::Failed && Some(&line.id) != here.as_ref()
        };
        let second = browser::now().0 / 1_000;
        let every = if browser::visible() { 4 } else { 15 };
        if second.is_multiple_of(every) && self.sessions.with_untracked(|sessions| sessions.iter().any(busy)) {
            self.refresh_sessions();
        }
    }

    /// Says in the list what is known better here: the open session's own state.
    pub(super) fn mark_here(self, state: SessionState) {
        let Some(here) = self.here() else { return };
        let stale = |line: &SessionLine| line.id == here && line.state != state;
        if self.sessions.with_untracked(|sessions| sessions.iter().any(stale)) {
            self.sessions.update(|sessions| {
                for line in sessions.iter_mut().filter(|line| line.id == here) {
                    line.state = state;
                    line.updated = Some(browser::now());
                }
            });
        }
    }

    /// A fresh page to write on. The session itself is made when there is something to say in it, so there is nothing to wait for,
    /// and the list does not fill with empty ones.
    pub(super) fn new_session(self) {
        self.dispatch(super::Command::GoHome);
        browser::focus("prompt");
    }

    pub(super) fn rename(self, session: SessionId, title: &str) {
        let title = title.trim().to_owned();
        if title.is_empty() {
            return;
        }
        spawn_local(async move {
            match api::rename(&self.key(), &session, &title).await {
                Ok(_) => self.retitle(&session, &title),
                Err(error) => self.complain(words().cannot_rename, &error),
            }
        });
    }

    /// A session's title changed, here or elsewhere.
    pub(super) fn retitle(self, session: &SessionId, title: &str) {
        let title = clean_title(title);
        let differs = |line: &SessionLine| line.id == *session && line.title != title;
        if self.sessions.with_untracked(|all| all.iter().any(differs)) {
            self.sessions.update(|all| {
                for line in all.iter_mut().filter(|line| line.id == *session) {
                    line.title.clone_from(&title);
                }
            });
        }
    }

    pub(super) fn close_session(self, session: SessionId) {
        spawn_local(async move {
            match api::close(&self.key(), &session).await {
                Ok(_) if self.here().as_ref() == Some(&session) => {
                    self.connection.set(Connection::Ended(Ending::Closed));
                    self.dispatch(super::Command::Visit(Place::Home));
                    crate::browser::address::go(&Place::Home);
                }
                Ok(_) => {}
                Err(error) if error.is_missing() => {}
                Err(error) => return self.complain(words().cannot_close, &error),
            }
            self.refresh_sessions();
        });
    }
}

/// A list longer than this is cut: the rest is a search away, not a scroll away.
const MOST_LISTED: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_clean_line() {
        assert_eq!(clean_title("\n  ## Fix `it`\nthen rest"), "Fix `it");
        assert_eq!(clean_title("  plain  "), "plain");
        assert_eq!(clean_title(""), "");
    }
}
