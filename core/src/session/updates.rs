//! What the agent reports: passed on as it came, and remembered where later questions need it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{AgentState, DisplayName, Session, TitleSource, UpdateKind, outbox::Outbox};
use crate::{ClientId, Draft, EventType, Millis, PromptId};

impl Session {
    /// The agent serves the session now.
    pub(super) fn agent_ready(&mut self, now: Millis, state: AgentState, out: &mut Outbox) {
        self.agent = Some(Arc::new(state));
        self.advance(now, out);
    }

    /// A `session/update`: the params are the event's payload, attributed to the running prompt.
    pub(super) fn update(&mut self, now: Millis, kind: UpdateKind, params: Box<RawValue>, out: &mut Outbox) {
        let (prompt_id, originator) = match self.prompts.running() {
            Some(prompt) => (Some(prompt.id().clone()), prompt.accepted.originator.clone()),
            None => (None, None),
        };
        let noted = match kind {
            UpdateKind::Other => None,
            UpdateKind::AvailableCommands => {
                self.available_commands = Some(params.clone());
                None
            }
            UpdateKind::CurrentMode | UpdateKind::ConfigOptions | UpdateKind::SessionInfo => read(&params),
        };
        let draft = Draft { kind: EventType::SessionUpdate, data: params, prompt_id, originator };
        let (prompt_id, originator) = (draft.prompt_id.clone(), draft.originator.clone());
        out.publish(draft);
        match noted {
            None => {}
            Some(Update { current_mode_id: Some(mode), .. }) => self.note_mode(&mode, prompt_id, originator, out),
            Some(Update { config_options: Some(options), .. }) => {
                let mode = current(&options, "mode").map(str::to_owned);
                self.note_options(options);
                if let Some(mode) = mode {
                    self.note_mode(&mode, prompt_id, originator, out);
                }
            }
            Some(Update { title: Some(title), .. }) => self.note_title(now, &title, out),
            Some(Update { current_mode_id: None, config_options: None, title: None }) => {}
        }
    }

    fn note_mode(&mut self, mode: &str, prompt_id: Option<PromptId>, originator: Option<ClientId>, out: &mut Outbox) {
        // Before the agent has opened the session there is nothing to compare with: its state will say it.
        let Some(state) = &self.agent else { return };
        let is_news = state.current_mode_id() != Some(mode);
        if is_news && !self.is_changing_mode_to(mode) {
            self.change_mode(mode, false, prompt_id, originator, out);
        }
    }

    /// Everything but the mode, which has news of its own.
    fn note_options(&mut self, mut options: Vec<Value>) {
        let Some(state) = self.agent.as_mut().map(Arc::make_mut) else { return };
        let known = state.current_mode_id().map(str::to_owned);
        for option in options.iter_mut().filter(|option| option["id"] == "mode").filter_map(Value::as_object_mut) {
            if let Some(known) = &known {
                option.insert("currentValue".into(), known.as_str().into());
            }
        }
        state.set_options(options);
    }

    /// A title the agent made up never replaces a name somebody chose.
    fn note_title(&mut self, now: Millis, title: &str, out: &mut Outbox) {
        let Ok(name) = DisplayName::parse(title) else { return };
        match &self.display_name {
            Some((_, TitleSource::Manual)) => {}
            Some((known, TitleSource::Auto)) if *known == name => {}
            Some((_, TitleSource::Auto)) | None => self.set_name(now, name, TitleSource::Auto, None, out),
        }
    }
}

/// The members of the updates the session looks into.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    current_mode_id: Option<String>,
    config_options: Option<Vec<Value>>,
    title: Option<String>,
}

fn read(params: &RawValue) -> Option<Update> {
    #[derive(Deserialize)]
    struct Params {
        update: Update,
    }
    serde_json::from_str::<Params>(params.get()).ok().map(|params| params.update)
}

fn current<'a>(options: &'a [Value], id: &str) -> Option<&'a str> {
    options.iter().find(|option| option["id"] == id)?.get("currentValue")?.as_str()
}
