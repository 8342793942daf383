//! The door: a token is asked for, and what was wrong with the last one is said.

use leptos::{
    ev,
    html::{button, code, div, form, h1, input, label, main, p},
    prelude::*,
};

use crate::{
    browser,
    store::{Access, Command, WhyOut, store},
    words::words,
};

/// The form, with what was typed into the static one.
pub(crate) fn connect(typed_early: String) -> impl IntoView {
    let store = store();
    let token = RwSignal::new(typed_early);
    let remember = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let token = token.get_untracked().trim().to_owned();
        if !token.is_empty() {
            store.dispatch(Command::SignIn { token, remember: remember.get_untracked() });
            browser::focus("token");
        }
    };
    let why = move || {
        store.access.with(|access| match access {
            Access::Out(why) => why.clone(),
            Access::Starting | Access::In => None,
        })
    };
    main().class("connect").child(
        form().class("card").on(ev::submit, submit).child((
            h1().child(words().connect_title),
            p().child((words().connect_hint_before, code().child("roost serve"), words().connect_hint_after)),
            div()
                .role("alert")
                .child(move || why().map(|why| p().class("wrong").id("token-wrong").child(sentence(&why)))),
            label().r#for("token").child(words().token),
            input()
                .id("token")
                .r#type("password")
                .attr("autocomplete", "current-password")
                .attr("spellcheck", "false")
                .attr("autofocus", true)
                .attr("aria-invalid", move || why().is_some().then_some("true"))
                .attr("aria-describedby", move || why().is_some().then_some("token-wrong"))
                .prop("value", token)
                .on(ev::input, move |event| token.set(event_target_value(&event))),
            label().class("remember").child((
                input()
                    .r#type("checkbox")
                    .prop("checked", remember)
                    .on(ev::change, move |event| remember.set(event_target_checked(&event))),
                words().remember,
            )),
            button().r#type("submit").class("primary").child(words().connect),
        )),
    )
}

fn sentence(why: &WhyOut) -> String {
    match why {
        WhyOut::WrongToken => words().wrong_token.to_owned(),
        WhyOut::SpentLink => words().spent_link.to_owned(),
        WhyOut::Revoked => words().revoked.to_owned(),
        WhyOut::Other(what) => what.clone(),
    }
}
