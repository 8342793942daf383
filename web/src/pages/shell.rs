//! The room: sessions on the side, the transcript in the middle, the composer always there.

use crate::leptos::ev;

use crate::{
    browser,
    dom::{Content, a, button, div, main},
    parts,
    store::{Command, store},
    words::words,
};

pub(crate) fn shell() -> impl Content {
    let store = store();
    div().class("shell").attr("data-rail", move || if store.rail_open.get() { "open" } else { "closed" }).child((
        a().class("skip").attr("href", "#prompt").child(words().skip),
        parts::rail::rail().view(),
        button().class("veil").plain().attr("tabindex", "-1").attr("aria-label", words().close_list).on(
            ev::click,
            move |_| {
                store.dispatch(Command::ShowRail(false));
                browser::focus("prompt");
            },
        ),
        main().class("main").child((
            parts::bar::bar().view(),
            parts::find::find().view(),
            parts::transcript::transcript().view(),
            div().class("deck").child((
                parts::transcript::jump().view(),
                parts::queue::complaint().view(),
                parts::dock::elsewhere().view(),
                parts::dock::dock().view(),
                parts::queue::queue().view(),
                parts::composer::composer().view(),
            )),
        )),
        parts::sheet::sheet().view(),
        parts::menu::menu().view(),
        parts::switcher::switcher().view(),
    ))
}
