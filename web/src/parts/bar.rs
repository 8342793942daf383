//! The line on top: which session this is, and how the page stands with the daemon.

use crate::leptos::{ev, prelude::*};

use super::{
    icon::{self, icon},
    wire::wire,
};
use crate::{
    browser::{self, timer},
    dom::{Content, Ref, button, form, h1, header, input, take_keyboard},
    store::{Command, Store, store},
    words::words,
};

pub(crate) fn bar() -> impl Content {
    let store = store();
    header().class("bar").child((
        button()
            .plain()
            .class("quiet menu")
            .attr("aria-label", words().sessions)
            .attr("aria-expanded", move || store.rail_open.get().to_string())
            .on(ev::click, move |_| {
                store.dispatch(Command::ShowRail(true));
                timer::next_frame(|| browser::move_focus(".rail a", 1));
            })
            .child(icon(icon::MENU)),
        move || match (store.talk.session.get(), store.talk.renaming.get()) {
            (Some(session), true) => title_field(store, session).view(),
            (Some(_), false) => title(store).view(),
            (None, _) => h1().class("title").child(words().new_conversation).view(),
        },
        wire(),
    ))
}

fn title(store: Store) -> impl Content {
    let title = move || store.talk.session.get().map(|session| store.title_of(&session)).unwrap_or_default();
    let can_rename = move || store.daemon.with(|daemon| daemon.has("session_metadata"));
    (h1().class("title").attr("title", title).child(title), move || {
        can_rename().then(|| {
            button()
                .plain()
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

fn title_field(store: Store, session: roost_core::SessionId) -> impl Content {
    let title = untrack(|| store.title_of(&session));
    let heading = h1().class("unseen").child(title.clone());
    let field = Ref::new();
    take_keyboard(field);
    let done = move || {
        store.talk.renaming.set(false);
        browser::focus("prompt");
    };
    let form = form()
        .class("title")
        .on(ev::submit, move |event| {
            event.prevent_default();
            store.dispatch(Command::Rename {
                session: session.clone(),
                title: field.get_untracked().map(|field| browser::value_of(&field)).unwrap_or_default(),
            });
            done();
        })
        .child(
            input()
                .class("rename")
                .attr("aria-label", words().title)
                .attr("maxlength", "256")
                .node_ref(field)
                .attr("value", title)
                .on(ev::blur, move |_| store.talk.renaming.set(false))
                .on(ev::keydown, move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        done();
                    }
                }),
        );
    (heading, form)
}
