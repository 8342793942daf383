//! A choice that opens above the composer's foot: mode, model.

use crate::leptos::{ev, prelude::*};

use super::icon::{self, icon};
use crate::{
    browser,
    dom::{Content, El, Ref, button, div, li, small, span, take_keyboard, ul},
    store::{Choice, Command, Control, Live, Store, derived, store},
    words::words,
};

impl Control {
    /// Whether there is something to choose, by somebody who may.
    fn is_offered(self, store: Store) -> bool {
        let has = |tag: &str| store.daemon.with(|daemon| daemon.has(tag));
        match self {
            Self::Mode => has("session_approval_mode_control") && !store.choices(self).is_empty(),
            Self::Model => has("session_set_model") && !store.choices(self).is_empty(),
            Self::Workspace => store.choices(self).len() > 1,
        }
    }

    fn list_id(self) -> &'static str {
        match self {
            Self::Mode => "modes",
            Self::Model => "models",
            Self::Workspace => "workspaces",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Mode => words().mode_label,
            Self::Model => words().model_label,
            Self::Workspace => words().workspace_label,
        }
    }
}

/// The picker, where there is something to pick.
pub(crate) fn picker(control: Control) -> impl Content {
    let store = store();
    let offered = derived(move || control.is_offered(store));
    move || offered.get().then(|| pick(store, control).view())
}

fn pick(store: Store, control: Control) -> impl Content {
    let open = derived(move || store.composer.picker.get() == Some(control));
    let shown = move || {
        let chosen = store.chosen(control);
        let name = store.choices(control).into_iter().find(|choice| choice.id == chosen).map(|choice| choice.name);
        let name = name.filter(|name| !name.is_empty()).unwrap_or(chosen);
        if name.is_empty() { control.label().to_owned() } else { name }
    };
    div()
        .class("picker")
        .attr("data-control", control.list_id())
        .attr("data-risk", move || (control == Control::Mode && store.chosen(control) == "yolo").then_some(""))
        .child((
            button()
                .plain()
                .id(format!("{}-button", control.list_id()))
                .class("quiet")
                .attr("aria-haspopup", "listbox")
                .attr("aria-expanded", move || open.get().to_string())
                .attr("aria-label", move || format!("{}: {}", control.label(), shown()))
                .attr("title", control.label())
                // An open list would close at this, and the click would open it again.
                .on(ev::mousedown, move |event| event.prevent_default())
                .on(ev::click, move |_| {
                    let was_open = open.get_untracked();
                    if was_open {
                        browser::focus("prompt");
                    }
                    store.composer.picker.set((!was_open).then_some(control));
                })
                .child((span().child(shown), icon(icon::CHEVRON))),
            move || open.get().then(|| list(store, control).view()),
        ))
}

fn list(store: Store, control: Control) -> impl Content {
    let choices = untrack(|| store.choices(control));
    let chosen = untrack(|| store.chosen(control));
    let at = store.composer.picked;
    at.set(choices.iter().position(|choice| choice.id == chosen).unwrap_or(0));
    let count = choices.len();
    let ids: Vec<String> = choices.iter().map(|choice| choice.id.clone()).collect();
    let close = move || {
        store.composer.picker.set(None);
        browser::focus("prompt");
    };
    let take = move |nth: usize, ids: &[String]| {
        if let Some(id) = ids.get(nth) {
            store.dispatch(Command::Choose(control, id.clone()));
        }
        close();
    };
    let keys = ids.clone();
    let field = Ref::new();
    take_keyboard(field);
    ul().class("choices")
        .id(control.list_id())
        .attr("role", "listbox")
        .attr("tabindex", "0")
        .attr("aria-label", control.label())
        .attr("aria-activedescendant", move || option_id(control, at.get()))
        .node_ref(field)
        .on(ev::blur, move |_| store.composer.picker.set(None))
        .on(ev::keydown, move |event| {
            let step = |by: usize| at.update(|at| *at = (*at + by) % count.max(1));
            match event.key().as_str() {
                "ArrowDown" => step(1),
                "ArrowUp" => step(count.max(1) - 1),
                "Home" => at.set(0),
                "End" => at.set(count.saturating_sub(1)),
                "Enter" | " " => take(at.get_untracked(), &keys),
                "Escape" => close(),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
        .child(
            choices
                .into_iter()
                .enumerate()
                .map(|(nth, choice)| {
                    let ids = ids.clone();
                    option(control, nth, choice, &chosen, at)
                        .on(ev::mousedown, move |event| {
                            event.prevent_default();
                            take(nth, &ids);
                        })
                        .view()
                })
                .collect::<Vec<_>>(),
        )
}

fn option_id(control: Control, nth: usize) -> String {
    format!("{}-{nth}", control.list_id())
}

fn option(control: Control, nth: usize, choice: Choice, chosen: &str, at: Live<usize>) -> El {
    let current = choice.id == chosen;
    let name = if choice.name.is_empty() { choice.id } else { choice.name };
    li().id(option_id(control, nth))
        .attr("role", "option")
        .attr("aria-selected", move || (at.get() == nth).to_string())
        .attr("aria-current", current.then_some("true"))
        .child((
            span().child(current.then(|| icon(icon::CHECK))),
            span().child(name),
            (!choice.about.is_empty()).then(|| small().child(choice.about)),
        ))
}
