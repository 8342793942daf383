//! What the agent reports: passed on as it came, and remembered where later questions need it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{DisplayName, Session, TitleSource, UpdateKind, artifacts::Declared, outbox::Outbox};
use crate::{ClientId, Draft, EventType, Millis, PromptId};

impl Session {
    /// A `session/update`: the params are the event's payload, attributed to the running prompt.
    pub(super) fn update(&mut self, now: Millis, kind: UpdateKind, params: Box<RawValue>, out: &mut Outbox) {
        let (prompt_id, originator) = self.prompts.attribution();
        let noted = match kind {
            UpdateKind::Other | UpdateKind::ToolCall => None,
            UpdateKind::AvailableCommands => {
                self.available_commands = Some(params.clone());
                None
            }
            UpdateKind::CurrentMode | UpdateKind::ConfigOptions | UpdateKind::SessionInfo => read(&params),
        };
        let of_tool = if kind == UpdateKind::ToolCall { Declared::read(&params) } else { None };
        let draft = Draft { kind: EventType::SessionUpdate, data: params, prompt_id, originator };
        let (prompt_id, originator) = (draft.prompt_id.clone(), draft.originator.clone());
        out.publish(draft);
        if let Some(declared) = of_tool {
            self.declare_by_tool(now, declared, prompt_id.clone(), originator.clone(), out);
        }
        match noted {
            None => {}
            Some(Update { current_mode_id: Some(mode), .. }) => self.note_mode(&mode, prompt_id, originator, out),
            Some(Update { config_options: Some(options), .. }) => {
                let mode = current(&options, "mode").map(str::to_owned);
                let model = current(&options, "model").map(str::to_owned);
                self.note_options(options);
                if let Some(model) = model {
                    self.note_model(&model, originator.clone(), out);
                }
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

    fn note_model(&mut self, model: &str, originator: Option<ClientId>, out: &mut Outbox) {
        let Some(state) = &self.agent else { return };
        let is_news = state.current_model_id() != Some(model);
        if is_news && !self.is_changing_model_to(model) {
            self.change_model(model, originator, out);
        }
    }

    /// News outside of `session/update`: what clients have an event for is published as that event.
    pub(super) fn notice(&mut self, method: &str, params: &RawValue, out: &mut Outbox) {
        let (prompt_id, originator) = self.prompts.attribution();
        let Ok(notice) = serde_json::from_str::<Notice>(params.get()) else { return };
        match method.strip_prefix('_').unwrap_or(method).strip_prefix("qwen/notify/session/") {
            Some("model-update") => {
                if let Some(model) = notice.current_model_id {
                    self.note_model(&model, originator, out);
                }
            }
            Some("mode-update") => {
                if let Some(mode) = notice.current_mode_id {
                    self.note_mode(&mode, prompt_id, originator, out);
                }
            }
            Some("recording-degraded") => {
                let reason = notice.reason.unwrap_or_else(|| "write_failed".to_owned());
                let data = json!({"sessionId": self.id, "reason": reason});
                out.publish(Draft::new(EventType::SessionRecordingDegraded, &data));
            }
            Some("prompt-suggestion") => {
                if let Some(suggestion) = notice.suggestion {
                    let data = json!({"sessionId": self.id, "suggestion": suggestion, "promptId": notice.prompt_id});
                    out.publish(Draft::new(EventType::FollowupSuggestion, &data));
                }
            }
            Some(_) | None => {}
        }
    }

    /// Everything but model and mode, which have news of their own.
    fn note_options(&mut self, mut options: Vec<Value>) {
        let Some(state) = self.agent.as_mut().map(Arc::make_mut) else { return };
        let known = [("mode", state.current_mode_id()), ("model", state.current_model_id())];
        let known = known.map(|(id, value)| (id, value.map(str::to_owned)));
        for (id, known) in known.into_iter().filter_map(|(id, known)| Some((id, known?))) {
            for option in options.iter_mut().filter(|option| option["id"] == id).filter_map(Value::as_object_mut) {
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

/// The members of the notices the session looks into.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    current_mode_id: Option<String>,
    current_model_id: Option<String>,
    reason: Option<String>,
    suggestion: Option<String>,
    prompt_id: Option<String>,
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
