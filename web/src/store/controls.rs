//! Mode and model of the session on screen.

use leptos::{prelude::*, task::spawn_local};

use super::{Store, command::SetIfNew};
use crate::{
    net::{
        api,
        wire::{Choice, Choices, ControlState},
    },
    words::words,
};

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Control {
    Mode,
    Model,
}

/// The modes of the protocol, for agents that do not list theirs.
const MODES: [&str; 5] = ["plan", "default", "auto-edit", "auto", "yolo"];

impl ControlState {
    fn of(&self, control: Control) -> &Choices {
        match control {
            Control::Mode => &self.modes,
            Control::Model => &self.models,
        }
    }

    fn of_mut(&mut self, control: Control) -> &mut Choices {
        match control {
            Control::Mode => &mut self.modes,
            Control::Model => &mut self.models,
        }
    }
}

impl Store {
    /// What can be chosen, in the daemon's order.
    pub(crate) fn choices(self, control: Control) -> Vec<Choice> {
        self.talk.controls.with(|state| state.of(control).available.clone())
    }

    /// The id of what is chosen; empty when nobody has said.
    pub(crate) fn chosen(self, control: Control) -> String {
        self.talk.controls.with(|state| state.of(control).current.clone())
    }

    /// Takes over what the session says about itself.
    pub(super) fn set_controls(self, mut state: ControlState) {
        if state.modes.available.is_empty() {
            let choice =
                |id: &str| Choice { id: id.to_owned(), name: words().mode(id).to_owned(), about: String::new() };
            state.modes.available = MODES.map(choice).into();
        }
        self.talk.controls.set_if_new(state);
    }

    /// What the events say is chosen.
    pub(super) fn note_chosen(self, control: Control, id: &str) {
        if self.chosen_untracked(control) != id {
            self.talk.controls.update(|state| id.clone_into(&mut state.of_mut(control).current));
        }
    }

    fn chosen_untracked(self, control: Control) -> String {
        leptos::prelude::untrack(|| self.chosen(control))
    }

    /// Asks the daemon for it; what is shown changes when the daemon says that it did.
    pub(super) fn choose(self, control: Control, id: String) {
        let Some(session) = self.here() else { return };
        self.complaint.set(None);
        spawn_local(async move {
            let (key, client) = (self.key(), self.talk.client());
            let answer = match control {
                Control::Mode => api::set_mode(&key, &session, client.as_ref(), &id).await,
                Control::Model => api::set_model(&key, &session, client.as_ref(), &id).await,
            };
            match answer {
                Ok(_) if self.here().as_ref() == Some(&session) => self.note_chosen(control, &id),
                Ok(_) => {}
                Err(error) => self.complain(
                    match control {
                        Control::Mode => words().cannot_set_mode,
                        Control::Model => words().cannot_set_model,
                    },
                    &error,
                ),
            }
        });
    }

    pub(super) fn cycle_mode(self) {
        let choices = leptos::prelude::untrack(|| self.choices(Control::Mode));
        let chosen = self.chosen_untracked(Control::Mode);
        let at = choices.iter().position(|choice| choice.id == chosen).map_or(0, |at| at + 1);
        if let Some(next) = choices.get(at % choices.len().max(1)) {
            self.choose(Control::Mode, next.id.clone());
        }
    }

    /// Reads anew what can be chosen.
    pub(super) fn refresh_controls(self) {
        let Some(session) = self.here() else { return };
        spawn_local(async move {
            if let Ok(state) = api::context(&self.key(), &session).await
                && self.here().as_ref() == Some(&session)
            {
                self.set_controls(state);
            }
        });
    }
}
