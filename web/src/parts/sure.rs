//! A question in place of a row, before something is done that cannot be taken back.

use crate::leptos::ev;

use crate::{
    dom::{El, Ref, button, div, once_drawn, span},
    store::{Command, Store},
    words::words,
};

/// The keyboard goes to the answer that changes nothing.
pub(crate) fn sure(store: Store, question: &'static str, label: &'static str, command: Command) -> El {
    let keep = Ref::new();
    once_drawn(keep, |keep| {
        let _ = keep.focus();
    });
    let done = move || store.dispatch(Command::Do(None));
    div()
        .class("sure")
        .attr("role", "group")
        .attr("aria-label", question)
        .on(ev::keydown, move |event| {
            if event.key() == "Escape" {
                event.stop_propagation();
                done();
            }
        })
        .child((
            span().child(question),
            button()
                .plain()
                .class("button danger")
                .on(ev::click, move |_| {
                    store.dispatch(command.clone());
                    done();
                })
                .child(label),
            button().plain().class("button").node_ref(keep).on(ev::click, move |_| done()).child(words().keep),
        ))
}
