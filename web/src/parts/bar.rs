//! The line on top: which session this is, and how the page stands with the daemon.

use leptos::{
    ev,
    html::{button, form, h1, header, input},
    prelude::*,
};

use super::{
    icon::{self, icon},
    wire::wire,
};
use crate::{
    browser,
    store::{Command, Store, store},
    words::words,
};

pub(crate) fn bar() -> impl IntoView {
    let store = store();
    header().class("bar").child((
        button()
            .r#type("button")
            .class("quiet menu")
            .attr("aria-label", words().sessions)
            .attr("aria-expanded", move || store.rail_open.get().to_string())
            .on(ev::click, move |_| store.dispatch(Command::ShowRail(true)))
            .child(icon(icon::MENU)),
        move || match (store.talk.session.get(), store.talk.renaming.get()) {
            (Some(session), true) => title_field(store, session).into_any(),
            (Some(_), false) => title(store).into_any(),
            (None, _) => h1().class("title").child(words().new_conversation).into_any(),
        },
        wire(),
    ))
}

fn title(store: Store) -> impl IntoView {
    let title = move || store.talk.session.get().map(|session| store.title_of(&session)).unwrap_or_default();
    let can_rename = move || store.daemon.with(|daemon| daemon.has("session_metadata"));
    (h1().class("title").attr("title", title).child(title), move || {
        can_rename().then(|| {
            button()
                .r#type("button")
                .class("quiet")
                .attr("aria-label", words().rename_this)
                .attr("title", words().rename_this)
                .on(ev::click, move |_| {
                    store.talk.renaming.set(true);
                })
                .child(icon(icon::PENCIL))
        })
    })
}

fn title_field(store: Store, session: roost_core::SessionId) -> impl IntoView {
    let text = RwSignal::new(untrack(|| store.title_of(&session)));
    let field = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.select();
        }
    });
    let done = move || {
        store.talk.renaming.set(false);
        browser::focus("prompt");
    };
    form()
        .class("title")
        .on(ev::submit, move |event| {
            event.prevent_default();
            store.dispatch(Command::Rename { session: session.clone(), title: text.get_untracked() });
            done();
        })
        .child(
            input()
                .class("rename")
                .attr("aria-label", words().title)
                .attr("maxlength", "256")
                .node_ref(field)
                .prop("value", text)
                .on(ev::input, move |event| text.set(event_target_value(&event)))
                .on(ev::blur, move |_| store.talk.renaming.set(false))
                .on(ev::keydown, move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        done();
                    }
                }),
        )
}
