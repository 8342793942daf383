//! A field in place of a name, to write another.

use crate::leptos::{ev, prelude::*};

use roost_core::Millis;

use crate::{
    browser::{self, timer},
    dom::{El, Ref, form, input, once_drawn, take_keyboard},
    store::{Command, Store},
};

/// Enter does what `named` says of the text; Escape and going elsewhere do nothing.
pub(crate) fn name_field(
    store: Store,
    label: &'static str,
    name: &str,
    named: impl Fn(String) -> Command + 'static,
) -> El {
    written_name(store, label, name, Box::new(named))
}

#[inline(never)]
fn written_name(store: Store, label: &'static str, name: &str, named: Box<dyn Fn(String) -> Command>) -> El {
    let field = Ref::new();
    let before = store.naming.get_untracked();
    let name = before.as_deref().unwrap_or(name).to_owned();
    match before {
        // The row was drawn anew under somebody who is writing.
        Some(_) => once_drawn(field, |field| browser::focus_at_end(&field)),
        None => take_keyboard(field),
    }
    let done = move || store.dispatch(Command::Do(None));
    let doing = store.doing.get_untracked();
    let left = move || {
        // Being drawn anew elsewhere is not being left.
        let is_there = field.get_untracked().is_some_and(|field| field.is_connected());
        if is_there && store.doing.with_untracked(|now| *now == doing) {
            done();
        }
    };
    form()
        .class("sure")
        .on(ev::submit, move |event| {
            event.prevent_default();
            let text = field.get_untracked().map(|field| browser::value_of(&field)).unwrap_or_default();
            store.dispatch(named(text));
            done();
        })
        .child(
            input()
                .class("rename")
                .attr("aria-label", label)
                .attr("placeholder", label)
                .attr("maxlength", "256")
                .node_ref(field)
                .attr("value", name)
                .on(ev::input, move |event| store.naming.set(Some(event_target_value(&event))))
                .on(ev::blur, move |_| timer::after(Millis(0), left.clone()))
                .on(ev::keydown, move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        done();
                    }
                }),
        )
}
