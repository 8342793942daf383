//! The lists of sessions, with what each of them is doing: those at hand, and those put away.

use crate::leptos::{prelude::*, task::spawn_local};
use roost_core::{
    Millis, SessionId,
    client::{Capabilities, Group, SessionSummary, View, Workspace, routes},
};

use super::{Access, Leaving, Store, live::Live};
use crate::{
    browser::{self, kept::Shelf},
    net::fetch::CallError,
    words::words,
};

const WORKSPACE: &str = "roost.workspace";
/// A list longer than this is cut: the rest is a search away, not a scroll away.
const MOST_LISTED: usize = 500;

/// What the rail shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catalogue {
    /// Those at hand, of all workspaces.
    pub(crate) sessions: Live<Vec<SessionLine>>,
    /// Those put away, of the chosen workspace; `None` while nobody looks at them.
    pub(crate) archived: Live<Option<Vec<SessionLine>>>,
    /// The groups of the chosen workspace, in their order.
    pub(crate) groups: Live<Vec<Group>>,
    pub(crate) colors: Live<Vec<String>>,
    /// The list has been read at least once.
    pub(crate) listed: Live<bool>,
    /// Id of the workspace whose sessions are shown, and in which a new one begins. Empty: the primary one.
    pub(super) workspace: Live<String>,
    /// What is on its way out. It is not asked for, and not offered.
    pub(super) leaving: Live<Vec<Leaving>>,
    /// How often the list was asked for.
    readings: Live<u64>,
    /// Which of those readings was the last to be over.
    read: Live<u64>,
    /// How often what was put away was asked for.
    archive_readings: Live<u64>,
    /// How often the daemon was asked what it serves.
    daemon_readings: Live<u64>,
    /// What the titles are searched for.
    pub(crate) search: Live<String>,
}

/// One session in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionLine {
    pub(crate) id: SessionId,
    pub(crate) title: String,
    pub(crate) state: SessionState,
    pub(crate) updated: Option<Millis>,
    /// Id of its workspace.
    pub(crate) workspace: String,
    pub(crate) pinned: bool,
    /// Id of its group.
    pub(crate) group: Option<String>,
    pub(crate) archived: bool,
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

impl Catalogue {
    pub(super) fn new() -> Self {
        Self {
            sessions: Live::default(),
            archived: Live::new(None),
            groups: Live::default(),
            colors: Live::default(),
            listed: Live::new(false),
            workspace: Live::new(Shelf::Device.get(WORKSPACE).unwrap_or_default()),
            leaving: Live::default(),
            readings: Live::new(0),
            read: Live::new(0),
            archive_readings: Live::new(0),
            daemon_readings: Live::new(0),
            search: Live::default(),
        }
    }

    /// What is being read is of before a change: it counts no more.
    pub(super) fn no_reading_counts(self) {
        let _ = next(self.readings);
        let _ = next(self.archive_readings);
    }

    fn is_being_read(self) -> bool {
        self.readings.get_untracked() != self.read.get_untracked()
    }
}

/// The number of a reading that begins.
fn next(readings: Live<u64>) -> u64 {
    readings.update(|count| *count += 1);
    readings.get_untracked()
}

impl SessionLine {
    fn of(summary: SessionSummary, workspace: &str) -> Self {
        let state = if summary.is_waiting() {
            SessionState::Waiting
        } else if summary.has_active_prompt {
            SessionState::Running
        } else if summary.has_turn_error {
            SessionState::Failed
        } else {
            SessionState::Resting
        };
        Self {
            id: summary.session_id,
            title: clean_title(&summary.display_name.unwrap_or_default()),
            state,
            updated: summary.updated_at.or(summary.created_at).as_deref().and_then(moment),
            workspace: workspace.to_owned(),
            pinned: summary.is_pinned,
            group: summary.group_id,
            archived: summary.is_archived,
        }
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
    /// Takes in what the daemon says of itself.
    pub(super) fn serve(self, mut daemon: Capabilities) {
        if daemon.workspaces.is_empty() {
            let cwd = daemon.workspace_cwd.clone();
            daemon.workspaces = vec![Workspace { id: cwd.clone(), cwd, primary: true, ..Workspace::default() }];
        }
        self.daemon.set(daemon);
    }

    /// Reads anew what the daemon serves. Whoever was in a workspace that it serves no longer is in the primary one then.
    pub(super) async fn read_daemon(self) -> Result<(), CallError> {
        let turn = next(self.list.daemon_readings);
        let daemon = self.ask(routes::capabilities()).await?;
        if self.list.daemon_readings.get_untracked() == turn {
            let before = untrack(|| self.workspace());
            self.serve(daemon);
            let now = untrack(|| self.workspace());
            if now != before {
                self.choose_workspace(now);
            }
        }
        Ok(())
    }

    /// The workspaces there are, but those that are being taken out.
    pub(crate) fn served(self) -> Vec<Workspace> {
        let mut served = self.daemon.with(|daemon| daemon.workspaces.clone());
        served.retain(|one| !self.is_leaving(&one.id));
        served
    }

    /// Id of the chosen workspace; the primary one's when the chosen one is gone.
    pub(crate) fn workspace(self) -> String {
        let chosen = self.list.workspace.get();
        let served = self.served();
        let known = served.iter().find(|one| one.id == chosen).or(served.first());
        known.map(|one| one.id.clone()).unwrap_or_default()
    }

    pub(super) fn choose_workspace(self, id: String) {
        Shelf::Device.set(WORKSPACE, &id);
        self.list.workspace.set(id);
        self.forget_files();
        self.panels.forget();
        if self.here().is_none() {
            self.offer_at_home();
        }
        self.refresh_sessions();
        if self.list.archived.with_untracked(Option::is_some) {
            self.show_archived(true);
        }
    }

    /// Sessions, other than the one on screen, that wait for a person: in any workspace.
    pub(crate) fn waiting_elsewhere(self) -> Vec<SessionLine> {
        let here = self.talk.session.get();
        let waits = |line: &&SessionLine| line.state == SessionState::Waiting && Some(&line.id) != here.as_ref();
        self.list.sessions.with(|sessions| sessions.iter().filter(waits).cloned().collect())
    }

    /// Whether the list says that the session on screen waits for its user.
    pub(crate) fn is_said_to_wait(self) -> bool {
        let here = self.talk.session.get();
        let waits = |line: &SessionLine| line.state == SessionState::Waiting && Some(&line.id) == here.as_ref();
        self.list.sessions.with(|sessions| sessions.iter().any(waits))
    }

    /// The title of a session in the list, or what stands for one.
    pub(crate) fn title_of(self, session: &SessionId) -> String {
        let known =
            self.list.sessions.with(|all| all.iter().find(|line| line.id == *session).map(|line| line.title.clone()));
        known.filter(|title| !title.is_empty()).unwrap_or_else(|| words().untitled.to_owned())
    }

    /// Id of the workspace a session lives in.
    pub(super) fn workspace_of(self, session: &SessionId) -> String {
        let known =
            |lines: &[SessionLine]| lines.iter().find(|line| line.id == *session).map(|line| line.workspace.clone());
        let at_hand = self.list.sessions.with_untracked(|all| known(all));
        at_hand.unwrap_or_else(|| untrack(|| self.workspace()))
    }

    /// Reads the list anew. Of several readings under way only the last one counts: the others may be of before a change.
    pub(super) fn refresh_sessions(self) {
        if self.access.with_untracked(|access| *access != Access::In) {
            return;
        }
        let turn = next(self.list.readings);
        spawn_local(async move {
            self.read_sessions(turn).await;
            if self.list.readings.get_untracked() == turn {
                self.list.read.set(turn);
            }
        });
    }

    async fn read_sessions(self, turn: u64) {
        let counts = move || self.list.readings.get_untracked() == turn;
        let mut lines = Vec::new();
        for workspace in untrack(|| self.served()) {
            match self.listed(&workspace.id, self.organized()).await {
                _ if !counts() => return,
                Ok(some) => lines.extend(some),
                Err(CallError::CalledOff) => {}
                Err(error) if self.is_gone(&workspace.id, &error).await => {}
                // What was read before still stands, and is read again soon; an unreachable daemon is said in the line on top.
                Err(error) if self.shut_out(&error) || error.is_passing() => return,
                Err(_) if self.list.listed.get_untracked() => return,
                Err(error) => return self.complain(words().cannot_list, &error),
            }
        }
        if !counts() {
            return;
        }
        self.list.sessions.set_if_new(lines);
        self.list.listed.set_if_new(true);
        self.send_cut_off();
        self.read_groups(turn).await;
    }

    /// Whether a workspace that was refused has been taken out elsewhere. The daemon knows.
    async fn is_gone(self, workspace: &str, error: &CallError) -> bool {
        error.is_unknown_workspace()
            && self.read_daemon().await.is_ok()
            && self.daemon.with_untracked(|daemon| daemon.workspaces.iter().all(|one| one.id != workspace))
    }

    fn organized(self) -> View {
        let has = self.daemon.with_untracked(|daemon| daemon.has("session_organization"));
        if has { View::Organized } else { View::Plain }
    }

    async fn listed(self, workspace: &str, view: View) -> Result<Vec<SessionLine>, CallError> {
        let mut lines: Vec<SessionLine> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = self.ask(routes::list(workspace, view, 100, cursor.as_deref())).await?;
            lines.extend(page.sessions.into_iter().map(|summary| SessionLine::of(summary, workspace)));
            cursor = page.next_cursor.filter(|_| lines.len() < MOST_LISTED);
            if cursor.is_none() {
                return Ok(lines);
            }
        }
    }

    async fn read_groups(self, turn: u64) {
        if !self.daemon.with_untracked(|daemon| daemon.has("session_organization")) {
            return;
        }
        if let Ok(known) = self.ask(routes::groups(&untrack(|| self.workspace()))).await
            && self.list.readings.get_untracked() == turn
        {
            self.list.groups.set_if_new(known.groups);
            self.list.colors.set_if_new(known.color_options);
        }
    }

    /// Shows what was put away, or what is at hand.
    pub(super) fn show_archived(self, show: bool) {
        if !show {
            return self.list.archived.set(None);
        }
        if self.list.archived.with_untracked(Option::is_none) {
            self.list.archived.set(Some(Vec::new()));
        }
        let turn = next(self.list.archive_readings);
        spawn_local(async move {
            let lines = self.listed(&untrack(|| self.workspace()), View::Archived).await;
            // Somebody may have looked away meanwhile, or elsewhere.
            if self.list.archive_readings.get_untracked() != turn || self.list.archived.with_untracked(Option::is_none)
            {
                return;
            }
            match lines {
                Ok(lines) => self.list.archived.set(Some(lines)),
                Err(error) => self.complain(words().cannot_list, &error),
            }
        });
    }

    /// The list is only asked for again while another session is known to be at work, or this one while nobody looks and its line rests:
    /// an idle page asks for nothing.
    pub(super) fn poll_sessions(self) {
        let here = self.here().filter(|_| browser::visible());
        let busy = |line: &SessionLine| {
            line.state != SessionState::Resting && line.state != SessionState::Failed && Some(&line.id) != here.as_ref()
        };
        let second = browser::now().0 / 1_000;
        let every = if browser::visible() { 4 } else { 15 };
        if second.is_multiple_of(every) && self.list.sessions.with_untracked(|sessions| sessions.iter().any(busy)) {
            self.refresh_sessions();
        }
    }

    /// Says in the list what is known better here: the open session's own state.
    pub(super) fn mark_here(self, state: SessionState) {
        let Some(here) = self.here() else { return };
        self.correct(&here, |line| {
            let stale = line.state != state;
            if stale {
                line.state = state;
                line.updated = Some(browser::now());
            }
            stale
        });
    }

    /// A session's title changed, here or elsewhere.
    pub(super) fn retitle(self, session: &SessionId, title: &str) {
        let title = clean_title(title);
        self.correct(session, |line| {
            let differs = line.title != title;
            line.title.clone_from(&title);
            differs
        });
    }

    /// Changes one line as the daemon has changed it already. What is being read may be of before that, so it is read once more.
    fn correct(self, session: &SessionId, change: impl FnMut(&mut SessionLine) -> bool) {
        if self.amend(session, change) && self.list.is_being_read() {
            self.refresh_sessions();
        }
    }

    /// Changes one line of the list; `change` says whether it did.
    pub(super) fn amend(self, session: &SessionId, mut change: impl FnMut(&mut SessionLine) -> bool) -> bool {
        let mut lines = self.list.sessions.get_untracked();
        let changed = lines.iter_mut().filter(|line| line.id == *session).any(&mut change);
        if changed {
            self.list.sessions.set(lines);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_title_is_one_clean_line() {
        assert_eq!(clean_title("\n  ## Fix `it`\nthen rest"), "Fix `it");
        assert_eq!(clean_title("  plain  "), "plain");
        assert_eq!(clean_title(""), "");
    }
}
