//! The room: sessions on the side, the transcript in the middle, the composer always there.

use leptos::{
    ev,
    html::{a, button, div, main},
    prelude::*,
};

use crate::{
    parts,
    store::{Command, store},
    words::words,
};

pub(crate) fn shell() -> impl IntoView {
    let store = store();
    div().class("shell").attr("data-rail", move || if store.rail_open.get() { "open" } else { "closed" }).child((
        a().class("skip").href("#prompt").child(words().skip),
        parts::rail::rail().into_any(),
        button()
            .class("veil")
            .r#type("button")
            .attr("tabindex", "-1")
            .attr("aria-label", words().close_list)
            .on(ev::click, move |_| store.dispatch(Command::ShowRail(false))),
        main().class("main").child((
            parts::bar::bar().into_any(),
            parts::transcript::transcript().into_any(),
            div().class("deck").child((
                parts::transcript::jump().into_any(),
                parts::queue::complaint().into_any(),
                parts::dock::elsewhere().into_any(),
                parts::dock::dock().into_any(),
                parts::queue::queue().into_any(),
                parts::composer::composer().into_any(),
            )),
        )),
        parts::sheet::sheet().into_any(),
    ))
}
