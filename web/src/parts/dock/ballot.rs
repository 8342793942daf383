//! How a request is answered: by a button, by its number, by a chord from anywhere.

use crate::leptos::ev;
use roost_core::{Millis, RequestId, payload::PermissionOption, transcript::Permission};
use wasm_bindgen::JsCast;

use super::question::Answers;
use crate::{
    browser,
    store::{Command, Store},
};

/// The buttons that answer.
const ANSWERS: &str = ".dock-acts button";
/// A request is this old before anything can decide it.
const GUARD: Millis = Millis(400);

/// A request on screen, and what can be said to it.
#[derive(Clone)]
pub(super) struct Ballot {
    store: Store,
    request: RequestId,
    pub(super) options: Vec<PermissionOption>,
    /// To its questions, if it asks any.
    answers: Option<Answers>,
    shown_at: Millis,
}

impl Ballot {
    pub(super) fn new(store: Store, ask: &Permission, answers: Option<Answers>) -> Self {
        let (request, options) = (ask.request_id().clone(), ask.request.options.clone());
        Self { store, request, options, answers, shown_at: browser::now() }
    }

    /// This page has voted and has not heard of it yet.
    pub(super) fn is_cast(&self) -> bool {
        self.store.talk.voting.with(|voting| voting.as_ref() == Some(&self.request))
    }

    pub(super) fn decide(&self, option: &PermissionOption) {
        if browser::now().since(self.shown_at) < GUARD {
            return;
        }
        let (request, chosen) = (self.request.clone(), option.option_id.clone());
        self.store.dispatch(match &self.answers {
            Some(answers) if option.allows() => Command::Answer { request, option: chosen, answers: answers.texts() },
            Some(_) | None => Command::Vote { request, option: chosen },
        });
        browser::focus("prompt");
    }

    /// A key pressed in the dock.
    pub(super) fn by_key(&self, event: &ev::KeyboardEvent) {
        let in_field = event.target().is_some_and(|target| target.is_instance_of::<web_sys::HtmlInputElement>());
        if let Some(option) = self.numbered(event).filter(|_| !in_field) {
            event.prevent_default();
            return self.decide(option);
        }
        match event.key().as_str() {
            "ArrowRight" | "ArrowDown" if !in_field => {
                event.prevent_default();
                browser::move_focus(ANSWERS, 1);
            }
            "ArrowLeft" | "ArrowUp" if !in_field => {
                event.prevent_default();
                browser::move_focus(ANSWERS, -1);
            }
            "Escape" => {
                event.stop_propagation();
                browser::focus("prompt");
            }
            _ => {}
        }
    }

    fn numbered(&self, event: &ev::KeyboardEvent) -> Option<&PermissionOption> {
        let number = event.key().parse::<usize>().ok().filter(|_| !event.ctrl_key() && !event.alt_key())?;
        self.options.get(number.checked_sub(1)?)
    }

    /// A key pressed anywhere: the chord allows it once.
    pub(super) fn by_chord(&self, event: &ev::KeyboardEvent) {
        let is_chord = event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) && !event.is_composing();
        if !is_chord {
            return;
        }
        event.prevent_default();
        event.stop_immediate_propagation();
        let once = self.options.iter().find(|option| &*option.kind == "allow_once");
        if let Some(option) = once.or_else(|| self.options.iter().find(|option| option.allows())) {
            self.decide(option);
        }
    }
}
