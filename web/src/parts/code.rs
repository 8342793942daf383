//! A block of code: its language, a way to copy it, and the text as it is.

use crate::leptos::{ev, prelude::AnyView};

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
use roost_core::{
    Millis,
    syntax::{self, Kind},
};

/// How long the button says what became of a press.
const SAID: Millis = Millis(2_000);

/// `text` is a signal: while the block streams, only what is in it changes.
pub(crate) fn code_block(language: String, text: Derived<String>) -> impl Content {
    let shown_as = language.clone();
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
        pre().attr("tabindex", "0").child(code().child(move || text.with(|text| coloured(&shown_as, text)))),
    ))
}

/// Longer code, in bytes, is not coloured: a page has only so many elements, and one that still grows is drawn often.
const MOST_COLOURED: usize = 12_000;

fn coloured(language: &str, text: &str) -> Vec<AnyView> {
    if text.len() > MOST_COLOURED {
        return visible(text);
    }
    let piece = |(kind, text): (Kind, &str)| {
        let name = match kind {
            Kind::Plain => return visible(text),
            Kind::Comment => "comment",
            Kind::Text => "string",
            Kind::Number => "number",
            Kind::Keyword => "keyword",
        };
        vec![span().attr("data-is", name).child(visible(text)).view()]
    };
    syntax::pieces(language, text).into_iter().flat_map(piece).collect()
}
