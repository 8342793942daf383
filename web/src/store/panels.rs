//! What the panels show and change: settings, permission rules, the daemon's own state. Read when a panel opens, never before.

use crate::leptos::{prelude::*, task::spawn_local};
use roost_core::client::{Permissions, RuleType, Setting, SettingScope, routes};
use serde_json::Value;

use super::{Command, Leaving, Sheet, Store, live::Live};
use crate::net::fetch::CallError;

/// The panels' part of the store. `None` while it has not been read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panels {
    pub(crate) settings: Live<Option<Vec<Setting>>>,
    pub(crate) permissions: Live<Option<Permissions>>,
    pub(crate) status: Live<Option<Value>>,
    /// Where a change of a setting or a rule goes.
    pub(crate) scope: Live<SettingScope>,
    /// What went wrong in the panel on screen.
    pub(crate) wrong: Live<Option<String>>,
    /// The setting whose change was refused last, and how many were: its control has to show the old value again.
    pub(crate) refused: Live<(String, usize)>,
}

impl Panels {
    pub(super) fn new() -> Self {
        Self {
            settings: Live::new(None),
            permissions: Live::new(None),
            status: Live::new(None),
            scope: Live::new(SettingScope::Workspace),
            wrong: Live::new(None),
            refused: Live::default(),
        }
    }

    /// Forgets what was read.
    pub(super) fn forget(self) {
        self.settings.set(None);
        self.permissions.set(None);
        self.status.set(None);
    }
}

impl Sheet {
    /// Whether the daemon has what it shows.
    pub(crate) fn is_offered(self, has: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Help | Self::Device => true,
            Self::Settings => has("workspace_settings"),
            Self::Permissions => has("workspace_permissions"),
            Self::Daemon => has("daemon_status"),
            Self::Workspaces => has("dynamic_workspace_registration"),
        }
    }
}

impl Store {
    /// Opens a panel, or closes the one that is open.
    pub(super) fn show_sheet(self, sheet: Option<Sheet>) {
        self.sheet.set_if_new(sheet);
        self.panels.wrong.set_if_new(None);
        match sheet {
            Some(Sheet::Settings) => self.read_settings(),
            Some(Sheet::Permissions) => self.read_permissions(),
            Some(Sheet::Daemon) => self.read_status(),
            Some(Sheet::Help | Sheet::Device | Sheet::Workspaces) | None => {}
        }
    }

    fn chosen_workspace(self) -> String {
        untrack(|| self.workspace())
    }

    fn read_settings(self) {
        spawn_local(async move {
            let workspace = self.chosen_workspace();
            match self.ask(routes::settings(&workspace)).await {
                _ if workspace != self.chosen_workspace() => {}
                Ok(read) => self.panels.settings.set(Some(read.settings)),
                Err(error) => self.wrong(&error),
            }
        });
    }

    fn read_permissions(self) {
        spawn_local(async move {
            let workspace = self.chosen_workspace();
            match self.ask(routes::permissions(&workspace)).await {
                _ if workspace != self.chosen_workspace() => {}
                Ok(read) => self.panels.permissions.set(Some(read)),
                Err(error) => self.wrong(&error),
            }
        });
    }

    fn read_status(self) {
        spawn_local(async move {
            match self.ask(routes::daemon_status()).await {
                Ok(status) => self.panels.status.set(Some(status)),
                Err(error) => self.wrong(&error),
            }
        });
    }

    fn wrong(self, error: &CallError) {
        if *error != CallError::CalledOff && !self.shut_out(error) {
            self.panels.wrong.set(Some(error.to_string()));
        }
    }

    /// Writes one setting in the chosen scope and reads them all: one may move another.
    pub(super) fn set_setting(self, key: String, value: Value) {
        let scope = self.panels.scope.get_untracked();
        self.panels.wrong.set_if_new(None);
        spawn_local(async move {
            let call = routes::set_setting(scope, &self.chosen_workspace(), &key, &value);
            match self.ask(call).await {
                Ok(_) => self.read_settings(),
                Err(error) => {
                    self.wrong(&error);
                    self.panels.refused.update(|(which, count)| {
                        *which = key;
                        *count += 1;
                    });
                }
            }
        });
    }

    /// Replaces the rules of one kind in the chosen scope.
    pub(super) fn set_rules(self, kind: RuleType, rules: Vec<String>) {
        let scope = self.panels.scope.get_untracked();
        self.panels.wrong.set_if_new(None);
        spawn_local(async move {
            let call = routes::set_rules(scope, &self.chosen_workspace(), kind, &rules);
            if let Err(error) = self.ask(call).await {
                self.wrong(&error);
            }
            self.read_permissions();
        });
    }

    /// Has the daemon serve another folder, and goes there.
    pub(super) fn add_workspace(self, cwd: &str) {
        let cwd = cwd.trim().to_owned();
        if cwd.is_empty() {
            return;
        }
        self.panels.wrong.set_if_new(None);
        spawn_local(async move {
            let persist = self.daemon.with_untracked(|daemon| daemon.has("persistent_workspace_registration"));
            match self.ask(routes::add_workspace(&cwd, persist)).await {
                Ok(added) => {
                    if let Err(error) = self.read_daemon().await {
                        self.wrong(&error);
                    }
                    self.choose_workspace(added.id);
                }
                Err(error) => self.wrong(&error),
            }
        });
    }

    /// Has the daemon serve a folder no longer. What runs there is stopped: whoever asked for it was told.
    pub(super) fn remove_workspace(self, id: String) {
        self.panels.wrong.set_if_new(None);
        let visited = self.here().filter(|here| self.workspace_of(here) == id);
        let leaving = Leaving::Workspace(id.clone());
        self.let_go(&leaving);
        if visited.is_some() {
            self.dispatch(Command::GoHome);
        }
        self.list.sessions.update(|lines| lines.retain(|line| line.workspace != id));
        self.refresh_sessions();
        spawn_local(async move {
            let answer = self.ask(routes::remove_workspace(&id, true)).await;
            if answer.is_ok() {
                self.daemon.update(|daemon| daemon.workspaces.retain(|one| one.id != id));
            }
            let read = self.read_daemon().await;
            self.let_be(&leaving);
            if let Err(error) = answer.and(read) {
                self.wrong(&error);
            }
            let stays = self.daemon.with_untracked(|daemon| daemon.workspaces.iter().any(|one| one.id == id));
            if let Some(session) = visited.filter(|_| stays && self.here().is_none()) {
                self.dispatch(Command::Open(session));
            }
            self.choose_workspace(self.chosen_workspace());
        });
    }
}
