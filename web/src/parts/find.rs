//! The field for finding a word in the session, above the transcript.

use crate::leptos::{ev, prelude::*};

use super::icon::{self, icon};
use crate::{
    dom::{Content, Ref, button, div, input, once_drawn, span},
    store::{FIND, Finding, Store, derived, store},
    words::words,
};

pub(crate) fn find() -> impl Content {
    let store = store();
    let open = derived(move || store.finding.with(Option::is_some));
    move || open.get().then(|| bar(store).view())
}

fn bar(store: Store) -> impl Content {
    let field = Ref::new();
    once_drawn(field, |field| drop(field.focus()));
    let count = move || match store.finding.with(|finding| finding.as_ref().and_then(Finding::count)) {
        None => String::new(),
        Some((_, 0)) => words().not_found.to_owned(),
        Some((nth, all)) => words().nth_of(nth, all),
    };
    let press = |label: &'static str, shape: &'static str, action: fn(Store)| {
        button()
            .plain()
            .class("quiet")
            .attr("aria-label", label)
            .attr("title", label)
            .on(ev::click, move |_| action(store))
            .child(icon(shape))
    };
    div().class("find").attr("role", "search").on(ev::keydown, move |event| key(store, &event)).child((
        input()
            .id(FIND)
            .node_ref(field)
            .attr("type", "text")
            .attr("aria-label", words().find_here)
            .attr("placeholder", words().find_here)
            .attr("autocomplete", "off")
            .attr("spellcheck", "false")
            .attr("enterkeyhint", "search")
            .on(ev::input, move |event| store.find(event_target_value(&event))),
        span().class("count").attr("role", "status").child(count),
        press(words().find_before, icon::ARROW_UP, |store| _ = store.find_next(false)),
        press(words().find_after, icon::ARROW_DOWN, |store| _ = store.find_next(true)),
        press(words().end_find, icon::CROSS, Store::end_finding),
    ))
}

fn key(store: Store, event: &ev::KeyboardEvent) {
    if event.is_composing() {
        return;
    }
    match event.key().as_str() {
        "Enter" if crate::browser::has_focus(FIND) => _ = store.find_next(!event.shift_key()),
        "Escape" => store.end_finding(),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}
