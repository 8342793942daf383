//! What is chosen for a session: its approval mode, and its model.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Session, lock};
use crate::{
    client::update,
    mode::Mode,
    model::{self, Catalogue},
    record::{APPROVAL_MODE, Entry},
};

/// What is chosen for a session.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) mode: Mode,
    pub(super) model: model::Entry,
    /// What the model was chosen from.
    pub(super) catalogue: Arc<Catalogue>,
}

/// The folder is not trusted enough for the mode.
#[derive(Debug, thiserror::Error)]
#[error("The approval mode {} needs a trusted folder", .0.id())]
pub(crate) struct TrustGate(Mode);

impl Choices {
    pub(super) fn new(mode: Mode, catalogue: Arc<Catalogue>) -> Self {
        Self { mode, model: catalogue.first().clone(), catalogue }
    }
}

impl Session {
    pub(crate) fn mode(&self) -> Mode {
        lock(&self.choices).mode
    }

    /// Chooses a mode, and answers the one before. The choice is recorded, and holds again when the session is loaded.
    pub(crate) fn choose_mode(&self, mode: Mode) -> Result<Mode, TrustGate> {
        let mut settings = self.settings();
        settings.refresh();
        if settings.held_back(mode) != mode {
            return Err(TrustGate(mode));
        }
        drop(settings);
        Ok(self.set_mode(mode))
    }

    /// The agent changes the mode by itself: by what the user answered, or because the folder is trusted no more.
    pub(crate) async fn switch_mode(&self, mode: Mode) {
        if self.set_mode(mode) != mode {
            self.update(update::mode(mode.id())).await;
        }
    }

    fn set_mode(&self, mode: Mode) -> Mode {
        let before = std::mem::replace(&mut lock(&self.choices).mode, mode);
        if before != mode {
            self.record_mode();
        }
        before
    }

    pub(super) fn record_mode(&self) {
        self.record(Entry::System { subtype: APPROVAL_MODE, payload: json!({"mode": self.mode().id()}) });
    }

    pub(crate) fn model(&self) -> model::Entry {
        lock(&self.choices).model.clone()
    }

    pub(crate) fn set_model(&self, model: model::Entry) {
        lock(&self.choices).model = model;
    }

    /// Takes up what has changed about the models there are. A session with the default model follows the default; any other keeps its own,
    /// with its new key and address, for as long as it is there.
    pub(crate) fn take_up_models(&self) {
        let catalogue = self.shared.refresh_models();
        let mut choices = lock(&self.choices);
        if Arc::ptr_eq(&choices.catalogue, &catalogue) {
            return;
        }
        let before = std::mem::replace(&mut choices.catalogue, Arc::clone(&catalogue));
        let id = choices.model.id.clone();
        let had_default = before.first().id == id;
        let own = catalogue.find(&id).ok().filter(|_| !had_default);
        choices.model = own.unwrap_or_else(|| catalogue.first()).clone();
        let now = choices.model.id.clone();
        drop(choices);
        if now != id {
            let params = json!({"v": 1, "sessionId": &*self.id, "currentModelId": now});
            self.client.notify("qwen/notify/session/model-update", &params);
        }
    }

    /// `{models, modes, configOptions}` of the session.
    pub(crate) fn state(&self) -> Value {
        let (mode, model) = (self.mode(), self.model());
        json!({
            "models": self.shared.catalogue().state(&model.id),
            "modes": mode.state(),
            "configOptions": self.config_options(),
        })
    }

    /// Mode and model again, as select options.
    pub(crate) fn config_options(&self) -> Value {
        let (mode, model) = (self.mode(), self.model());
        let modes: Vec<Value> = Mode::ALL
            .into_iter()
            .map(|mode| json!({"value": mode.id(), "name": mode.name(), "description": mode.description()}))
            .collect();
        json!([
            {
                "id": "mode", "name": "Mode", "description": "How much runs without asking", "category": "mode",
                "type": "select", "currentValue": mode.id(), "options": modes,
            },
            {
                "id": "model", "name": "Model", "description": "The model that answers", "category": "model",
                "type": "select", "currentValue": model.id, "options": self.shared.catalogue().choices(),
            },
        ])
    }
}
