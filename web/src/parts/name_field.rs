//! A field in place of a name, to write another.

use crate::leptos::{ev, prelude::*};

use crate::{
    browser,
    dom::{El, Ref, form, input, take_keyboard},
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
    take_keyboard(field);
    let done = move || store.dispatch(Command::Do(None));
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
                .on(ev::blur, move |_| done())
                .on(ev::keydown, move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        done();
                    }
                }),
        )
}
