//! Markdown, from nodes to elements. Nothing here ever becomes HTML by way of a string.

use crate::leptos::prelude::*;
use roost_core::markdown::{Align, Block, CodeText, Href, Inline, Item, Piece, Table, parse, pieces};

use super::code::code_block;
use crate::{
    dom::{
        Content, a, blockquote, br, code, del, div, em, h2, h3, h4, h5, h6, hr, input, li, ol, p, span, strong, table,
        tbody, td, th, thead, tr, ul,
    },
    store::{RowKey, Store, derived},
    words::words,
};

/// One block of a text that may still be arriving. A code block is drawn once and then only its text moves.
pub(crate) fn streamed(store: Store, key: RowKey) -> impl Content {
    let language = derived(move || {
        store.talk.block(key, |block| match block {
            Block::Code { language, .. } => Some(language.as_deref().unwrap_or_default().to_owned()),
            _ => None,
        })
    });
    div().class("md").child(move || match language.get() {
        Some(language) => {
            let text = derived(move || store.talk.block(key, code_of).unwrap_or_default());
            code_block(language, text).view()
        }
        None => (move || store.talk.block(key, |found| Some(block(found)))).view(),
    })
}

fn code_of(block: &Block) -> Option<String> {
    match block {
        Block::Code { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    }
}

/// A whole text at once.
pub(crate) fn whole(text: &str) -> AnyView {
    div().class("md").child(blocks(&parse(text))).view()
}

fn blocks(all: &[Block]) -> Vec<AnyView> {
    all.iter().map(block).collect()
}

fn block(block: &Block) -> AnyView {
    match block {
        Block::Paragraph(text) => p().child(inlines(text)).view(),
        Block::Heading { level, text } => heading(*level, inlines(text)),
        Block::Code { language, text } => {
            let text = text.as_str().to_owned();
            code_block(language.as_deref().unwrap_or_default().to_owned(), derived(move || text.clone())).view()
        }
        Block::Quote(inside) => blockquote().child(blocks(inside)).view(),
        Block::List { start: None, items } => ul().child(list(items)).view(),
        Block::List { start: Some(start), items } => ol().attr("start", start.to_string()).child(list(items)).view(),
        Block::Table(found) => grid(found),
        Block::Rule => hr().view(),
    }
}

/// Headings of a message stand below those of the page.
fn heading(level: u8, text: Vec<AnyView>) -> AnyView {
    match level {
        1 => h2().class("h1").child(text).view(),
        2 => h3().class("h2").child(text).view(),
        3 => h4().class("h3").child(text).view(),
        4 => h5().class("h4").child(text).view(),
        _ => h6().class("h5").child(text).view(),
    }
}

fn list(items: &[Item]) -> Vec<AnyView> {
    items
        .iter()
        .map(|item| match (item.checked, item.blocks.as_slice()) {
            (Some(checked), inside) => li()
                .class("task")
                .child((
                    input()
                        .attr("type", "checkbox")
                        .attr("disabled", true)
                        .attr("aria-label", if checked { words().step_done } else { words().step_later })
                        .attr("checked", checked),
                    div().child(tight(inside)),
                ))
                .view(),
            (None, inside) => li().child(tight(inside)).view(),
        })
        .collect()
}

/// The only paragraph of an item stands without one.
fn tight(inside: &[Block]) -> Vec<AnyView> {
    match inside {
        [Block::Paragraph(text), rest @ ..] => {
            let mut views = inlines(text);
            views.extend(blocks(rest));
            views
        }
        _ => blocks(inside),
    }
}

fn grid(found: &Table) -> AnyView {
    let align = |nth: usize| match found.align.get(nth) {
        Some(Align::Center) => Some("center"),
        Some(Align::Right) => Some("right"),
        Some(Align::Left | Align::None) | None => None,
    };
    let head: Vec<_> = found
        .head
        .iter()
        .enumerate()
        .map(|(nth, cell)| th().attr("scope", "col").attr("data-align", align(nth)).child(inlines(cell)))
        .collect();
    let rows: Vec<_> = found
        .rows
        .iter()
        .map(|row| {
            tr().child(
                row.iter()
                    .enumerate()
                    .map(|(nth, cell)| td().attr("data-align", align(nth)).child(inlines(cell)))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    div()
        .class("table")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", words().table)
        .child(table().child((thead().child(tr().child(head)), tbody().child(rows))))
        .view()
}

fn inlines(text: &[Inline]) -> Vec<AnyView> {
    text.iter().map(inline).collect()
}

fn inline(found: &Inline) -> AnyView {
    match found {
        Inline::Text(text) => text.clone().view(),
        Inline::Code(text) => code().child(shown(text)).view(),
        Inline::Emphasis(text) => em().child(inlines(text)).view(),
        Inline::Strong(text) => strong().child(inlines(text)).view(),
        Inline::Strike(text) => del().child(inlines(text)).view(),
        Inline::Link { href, text } => link(href, inlines(text)),
        Inline::Unlinked { target, text } => span().attr("title", target.clone()).child(inlines(text)).view(),
        // A picture is never fetched by itself: it is a link for whoever wants it.
        Inline::Image { href: Some(href), label, .. } => link(href, vec![picture(label)]),
        Inline::Image { href: None, target, label } => {
            span().attr("title", target.clone()).child(picture(label)).view()
        }
        Inline::SoftBreak => "\n".view(),
        Inline::HardBreak => br().view(),
    }
}

fn picture(label: &str) -> AnyView {
    span().class("picture").child(words().picture(label)).view()
}

fn link(href: &Href, text: Vec<AnyView>) -> AnyView {
    a().attr("href", href.as_str().to_owned())
        .attr("target", "_blank")
        .attr("rel", "noopener noreferrer")
        .attr("title", href.as_str().to_owned())
        .child(text)
        .view()
}

fn shown(text: &CodeText) -> Vec<AnyView> {
    visible(text.as_str())
}

/// `text` with the characters that hide or reorder others shown by their numbers.
pub(crate) fn visible(text: &str) -> Vec<AnyView> {
    pieces(text)
        .map(|piece| match piece {
            Piece::Plain(text) => text.to_owned().view(),
            Piece::Hidden(sign) => span().class("hidden-sign").child(sign.label()).view(),
        })
        .collect()
}
