//! The whole page: the door or the room, and the keys that work everywhere.

use crate::leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    browser,
    dom::Content,
    pages::{connect::connect, shell::shell},
    parts::{composer, rail},
    store::{Access, Command, Control, Store, VIEW, derived, follow},
    words::words,
};

/// What was typed before the page was there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Early {
    prompt: String,
    token: String,
    focused: bool,
}

impl Early {
    /// Takes it from the static screens, which are of no more use.
    pub(crate) fn take() -> Self {
        let value = |id: &str| {
            let field = browser::element(id)?;
            let text = field.dyn_ref::<web_sys::HtmlTextAreaElement>().map(web_sys::HtmlTextAreaElement::value);
            text.or_else(|| field.dyn_ref::<web_sys::HtmlInputElement>().map(web_sys::HtmlInputElement::value))
        };
        let early = Self {
            prompt: value("early-prompt").unwrap_or_default(),
            token: value("early-token").unwrap_or_default(),
            focused: browser::has_focus("early-prompt") || browser::nothing_focused(),
        };
        if let Some(shell) = browser::element("static") {
            shell.remove();
        }
        early
    }
}

pub(crate) fn app(early: Early) -> AnyView {
    let store = Store::new();
    provide_context(store);
    store.begin();
    name_the_tab(store);
    rail::keyboard::follow();
    let keys = window_event_listener(ev::keydown, move |event| key(store, &event));
    on_cleanup(move || keys.remove());

    // The room is shown while nothing is known: it is what most people will get.
    let outside = derived(move || store.access.with(|access| matches!(access, Access::Out(_))));
    let typed = early.clone();
    let mut first = true;
    follow(move || {
        if !outside.get() {
            store.adopt(if first { &typed.prompt } else { "" });
            if typed.focused || !first {
                browser::focus("prompt");
            }
        }
        first = false;
    });
    (move || if outside.get() { connect(early.token.clone()).view() } else { shell().view() }).view()
}

/// Says in the tab how many decisions wait, in any session.
fn name_the_tab(store: Store) {
    follow(move || {
        // While nobody looks the line rests, and only the list knows.
        let here = store.talk.asks.with(Vec::len).max(usize::from(store.is_said_to_wait()));
        let waiting = store.waiting_elsewhere().len() + here;
        let title = store.talk.session.get().map(|session| store.title_of(&session)).unwrap_or_default();
        let yolo = store.chosen(Control::Mode) == "yolo";
        browser::document().set_title(&words().tab(waiting, yolo, &title));
    });
}

/// Keys that work wherever the keyboard is.
fn key(store: Store, event: &ev::KeyboardEvent) {
    if event.is_composing() || event.default_prevented() {
        return;
    }
    let taken = match event.key().as_str() {
        "." if event.ctrl_key() || event.meta_key() => {
            store.dispatch(Command::CycleMode);
            true
        }
        "k" if event.ctrl_key() || event.meta_key() => {
            store.switching.set_if_new(true);
            true
        }
        "f" if (event.ctrl_key() || event.meta_key()) && !event.shift_key() && !event.alt_key() => {
            store.begin_finding()
        }
        // Where nothing is written, a letter is enough.
        "n" | "N" if browser::has_focus(VIEW) && !event.ctrl_key() && !event.meta_key() && !event.alt_key() => {
            store.find_next(event.key() == "n")
        }
        "a" | "å" if event.alt_key() => match untrack(|| store.waiting_elsewhere()).first() {
            Some(line) => {
                store.dispatch(Command::Open(line.id.clone()));
                true
            }
            None => {
                browser::focus("dock");
                store.talk.asks.with_untracked(|asks| !asks.is_empty())
            }
        },
        // A dialog takes its own.
        "Escape"
            if store.sheet.get_untracked().is_none()
                && store.menu.with_untracked(Option::is_none)
                && !store.switching.get_untracked() =>
        {
            composer::escape(store)
        }
        _ => false,
    };
    if taken {
        event.prevent_default();
    }
}
