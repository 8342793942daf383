//! A block of code: its language, a way to copy it, and the text as it is.

use crate::leptos::ev;

use super::{
    icon::{self, icon},
    markdown::visible,
};
use crate::{
    browser::{self, timer},
    dom::{Content, button, code, div, pre, span},
    store::{Derived, Own},
    words::words,
};
use roost_core::Millis;

/// How long the button says what became of a press.
const SAID: Millis = Millis(2_000);

/// `text` is a signal: while the block streams, only what is in it changes.
pub(crate) fn code_block(language: String, text: Derived<String>) -> impl Content {
    let says = Own::new(words().copy);
    let label = {
        let says = says.clone();
        move || says.get()
    };
    div().class("code").child((
        div().class("code-head").child((
            span().child(language),
            button()
                .plain()
                .class("quiet")
                .attr("aria-label", words().copy_code)
                .on(ev::click, move |_| {
                    let copied = text.with_untracked(|text| browser::copy(text));
                    says.set(if copied { words().copied } else { words().not_copied });
                    let says = says.clone();
                    timer::after(SAID, move || says.set(words().copy));
                })
                .child((icon(icon::COPY), label)),
        )),
        pre().attr("tabindex", "0").child(code().child(move || text.with(|text| visible(text)))),
    ))
}
