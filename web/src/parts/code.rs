//! A block of code: its language, a way to copy it, and the text as it is.

use crate::leptos::{ev, prelude::*};

use super::{
    icon::{self, icon},
    markdown::visible,
};
use crate::{
    dom::{Content, button, code, div, pre, span},
    store::{Command, store},
    words::words,
};

/// `text` is a signal: while the block streams, only what is in it changes.
pub(crate) fn code_block(language: String, text: Memo<String>) -> impl Content {
    let store = store();
    let copied = RwSignal::new(false);
    let label = move || if copied.get() { words().copied } else { words().copy };
    div().class("code").child((
        div().class("code-head").child((
            span().child(language),
            button()
                .plain()
                .class("quiet")
                .attr("aria-label", words().copy_code)
                .on(ev::click, move |_| {
                    store.dispatch(Command::Copy(text.get_untracked()));
                    copied.set(true);
                })
                .child((icon(icon::COPY), label)),
        )),
        pre().attr("tabindex", "0").child(code().child(move || text.with(|text| visible(text)))),
    ))
}
