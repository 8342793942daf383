//! Mode and model: of the session on screen, or of the one that the first prompt will begin.

use crate::leptos::{prelude::*, task::spawn_local};
use roost_core::{
    client::{ControlState, NewSession, routes},
    session::ApprovalMode,
};

use super::Store;
use crate::words::words;

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Control {
    Mode,
    Model,
    /// The folder a new session works in.
    Workspace,
}

/// What can be chosen in a session, and what is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Controls {
    modes: Choices,
    models: Choices,
}

/// One thing that can be chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choices {
    /// Empty when nobody has said.
    current: String,
    /// In the daemon's order.
    available: Vec<Choice>,
}

/// One possible choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) about: String,
}

/// The modes of the protocol, for agents that do not list theirs.
const MODES: [&str; 5] = ["plan", "default", "auto-edit", "auto", "yolo"];

impl Controls {
    /// What a session says about itself.
    fn read(state: &ControlState) -> Self {
        let choice = |id: &str, name: &str, about: &Option<String>| Choice {
            id: id.to_owned(),
            name: name.to_owned(),
            about: about.clone().unwrap_or_default(),
        };
        let modes = state.modes.clone().unwrap_or_default();
        let models = state.models.clone().unwrap_or_default();
        Self {
            modes: Choices {
                current: modes.current_mode_id,
                available: modes
                    .available_modes
                    .iter()
                    .map(|one| choice(&one.id, &one.name, &one.description))
                    .collect(),
            },
            models: Choices {
                current: models.current_model_id,
                available: models
                    .available_models
                    .iter()
                    .map(|one| choice(&one.model_id, &one.name, &one.description))
                    .collect(),
            },
        }
        .with_modes()
    }

    fn with_modes(mut self) -> Self {
        if self.modes.available.is_empty() {
            let choice =
                |id: &str| Choice { id: id.to_owned(), name: words().mode(id).to_owned(), about: String::new() };
            self.modes.available = MODES.map(choice).into();
        }
        self
    }

    fn of(&self, control: Control) -> Option<&Choices> {
        match control {
            Control::Mode => Some(&self.modes),
            Control::Model => Some(&self.models),
            Control::Workspace => None,
        }
    }

    fn set(&mut self, control: Control, id: &str) {
        match control {
            Control::Mode => id.clone_into(&mut self.modes.current),
            Control::Model => id.clone_into(&mut self.models.current),
            Control::Workspace => {}
        }
    }
}

impl Store {
    /// What can be chosen, in the daemon's order.
    pub(crate) fn choices(self, control: Control) -> Vec<Choice> {
        match control {
            Control::Workspace => {
                let choice = |one: roost_core::client::Workspace| Choice {
                    name: one.name().to_owned(),
                    id: one.id,
                    about: one.cwd,
                };
                self.served().into_iter().map(choice).collect()
            }
            Control::Mode | Control::Model => self
                .talk
                .controls
                .with(|controls| controls.of(control).map(|choices| choices.available.clone()).unwrap_or_default()),
        }
    }

    /// The id of what is chosen; empty when nobody has said.
    pub(crate) fn chosen(self, control: Control) -> String {
        match control {
            Control::Workspace => self.workspace(),
            Control::Mode | Control::Model => self
                .talk
                .controls
                .with(|controls| controls.of(control).map(|choices| choices.current.clone()).unwrap_or_default()),
        }
    }

    /// Takes over what the session says about itself.
    pub(super) fn set_controls(self, state: &ControlState) {
        self.talk.controls.set_if_new(Controls::read(state));
    }

    /// What events say is chosen.
    pub(super) fn note_chosen(self, control: Control, id: &str) {
        if untrack(|| self.chosen(control)) != id {
            self.talk.controls.update(|controls| controls.set(control, id));
        }
    }

    /// Asks the daemon for it; what is shown changes when the daemon says that it did. At home it is kept for the session to come.
    pub(super) fn choose(self, control: Control, id: String) {
        self.complaint.set(None);
        if control == Control::Workspace {
            return self.choose_workspace(id);
        }
        let Some(session) = self.here() else { return self.note_chosen(control, &id) };
        spawn_local(async move {
            let client = self.talk.client();
            let answer = match (control, id.parse()) {
                (Control::Mode, Ok(mode)) => {
                    self.ask(routes::set_approval_mode(&session, mode, false).by(client.as_ref())).await.map(drop)
                }
                _ => self.ask(routes::set_model(&session, &id).by(client.as_ref())).await.map(drop),
            };
            match answer {
                Ok(()) if self.here().as_ref() == Some(&session) => self.note_chosen(control, &id),
                Ok(()) => {}
                Err(error) => {
                    let what =
                        if control == Control::Mode { words().cannot_set_mode } else { words().cannot_set_model };
                    self.complain(what, &error);
                }
            }
        });
    }

    pub(super) fn cycle_mode(self) {
        let choices = untrack(|| self.choices(Control::Mode));
        let chosen = untrack(|| self.chosen(Control::Mode));
        let at = choices.iter().position(|choice| choice.id == chosen).map_or(0, |at| at + 1);
        if let Some(next) = choices.get(at % choices.len().max(1)) {
            self.choose(Control::Mode, next.id.clone());
        }
    }

    /// Reads anew what can be chosen.
    pub(super) fn refresh_controls(self) {
        let Some(session) = self.here() else { return };
        spawn_local(async move {
            if let Ok(context) = self.ask(routes::context(&session)).await
                && self.here().as_ref() == Some(&session)
            {
                self.set_controls(&context.state);
            }
        });
    }

    /// What the session to come can be begun with: every mode, and the models that the workspace's settings name.
    pub(super) fn offer_at_home(self) {
        self.talk.controls.set_if_new(Controls::default().with_modes());
        if !self.daemon.with_untracked(|daemon| daemon.has("workspace_providers")) {
            return;
        }
        spawn_local(async move {
            let workspace = untrack(|| self.workspace());
            let Ok(known) = self.ask(routes::providers(&workspace)).await else { return };
            if self.here().is_some() || workspace != untrack(|| self.workspace()) {
                return;
            }
            let models = known.providers.into_iter().flat_map(|provider| provider.models);
            let choice = |model: roost_core::client::ProviderModel| Choice {
                id: model.model_id,
                name: model.name,
                about: model.description.unwrap_or_default(),
            };
            self.talk.controls.update(|controls| controls.models.available = models.map(choice).collect());
        });
    }

    /// What was chosen at home, for the session it was chosen for.
    pub(super) fn wish(self) -> NewSession {
        let chosen = |control| Some(untrack(|| self.chosen(control))).filter(|id| !id.is_empty());
        let cwd = self.daemon.with_untracked(|daemon| {
            let chosen = untrack(|| self.workspace());
            daemon.workspaces.iter().find(|one| one.id == chosen && !one.primary).map(|one| one.cwd.clone())
        });
        NewSession {
            cwd,
            approval_mode: chosen(Control::Mode).and_then(|mode| mode.parse::<ApprovalMode>().ok()),
            model: chosen(Control::Model),
            ..NewSession::own()
        }
    }
}
