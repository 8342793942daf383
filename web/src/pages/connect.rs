//! The door: a token is asked for, and what was wrong with the last one is said.

use crate::leptos::{ev, prelude::*};

use crate::{
    browser,
    dom::{Content, Ref, button, code, div, form, h1, input, label, main, p},
    store::{Access, Command, WhyOut, store},
    words::words,
};

/// The form, with what was typed into the static one.
pub(crate) fn connect(typed_early: String) -> impl Content {
    let store = store();
    let (token, remember) = (Ref::new(), Ref::new());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let token = token.get_untracked().map(|field| browser::value_of(&field)).unwrap_or_default().trim().to_owned();
        if !token.is_empty() {
            let remember = remember.get_untracked().is_some_and(|field| browser::is_checked(&field));
            store.dispatch(Command::SignIn { token, remember });
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
                .attr("role", "alert")
                .child(move || why().map(|why| p().class("wrong").id("token-wrong").child(sentence(&why)))),
            input().attr("type", "text").attr("autocomplete", "username").attr("value", "roost").attr("hidden", true),
            label().attr("for", "token").child(words().token),
            input()
                .id("token")
                .attr("type", "password")
                .attr("autocomplete", "current-password")
                .attr("spellcheck", "false")
                .attr("aria-invalid", move || why().is_some().then_some("true"))
                .attr("aria-describedby", move || why().is_some().then_some("token-wrong"))
                .attr("value", typed_early)
                .node_ref(token),
            label().class("remember").child((input().attr("type", "checkbox").node_ref(remember), words().remember)),
            button().attr("type", "submit").class("primary").child(words().connect),
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
