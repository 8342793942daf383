//! The transcript: the rows near the reader, and two spacers for the rest.

use crate::leptos::{ev, prelude::*, tachys::html::style::style};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver, ResizeObserverEntry};

use super::{
    entry,
    home::home,
    icon::{self, icon},
};
use crate::{
    dom::{Content, Ref, button, div, each, once_drawn},
    store::{Command, Live, Store, VIEW, derived, store},
    words::words,
};

pub(crate) fn transcript() -> impl Content {
    let store = store();
    let node = Ref::new();
    once_drawn(node, move |view| watch_size(store, &view));
    div()
        .class("talk")
        .id(VIEW)
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", words().conversation)
        .attr("aria-busy", move || store.talk.busy.get().to_string())
        .node_ref(node)
        .on(ev::scroll, move |_| store.talk.scrolled())
        .child(move || match store.talk.session.get() {
            Some(_) => rows(store).view(),
            None => home().view(),
        })
}

fn rows(store: Store) -> impl Content {
    let column = Ref::new();
    once_drawn(column, move |column| watch_size(store, &column));
    let height = |signal: Live<f64>| move || format!("{}px", signal.get() as i64);
    div().class("column").node_ref(column).child((
        div().class("spacer").with(style(("height", height(store.talk.above)))),
        each(move || store.talk.rows.get(), |key| entry::key_text(*key), move |key| entry::row(store, key)),
        div().class("spacer").with(style(("height", height(store.talk.below)))),
        entry::working(store),
    ))
}

/// The way back to the end, with what came meanwhile.
pub(crate) fn jump() -> impl Content {
    let store = store();
    let away = derived(move || store.talk.session.with(Option::is_some) && !store.talk.at_end.get());
    move || {
        away.get().then(|| {
            button().plain().class("button jump").on(ev::click, move |_| store.dispatch(Command::ToEnd)).child((
                icon(icon::ARROW_DOWN),
                move || match store.talk.unseen.get() {
                    0 => words().to_end.to_owned(),
                    new => words().new_below(new),
                },
            ))
        })
    }
}

/// Follows the size of the view, of the column and of its rows. All of it happens after layout and before paint, so nobody sees a jump.
fn watch_size(store: Store, element: &HtmlElement) {
    let changed = Closure::<dyn FnMut(Vec<ResizeObserverEntry>)>::new(move |entries: Vec<ResizeObserverEntry>| {
        let mut view_changed = false;
        for entry in &entries {
            view_changed |= entry.target().id() == VIEW;
        }
        measure(store);
        // Who was at the end stays there, also when the view became lower.
        store.talk.settle();
        if view_changed {
            store.talk.scrolled();
        }
    });
    if let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) {
        observer.observe(element);
        changed.forget();
    }
}

/// Notes the heights of the rows on screen.
fn measure(store: Store) {
    let Some(column) = crate::browser::element(VIEW).and_then(|view| view.query_selector(".column").ok().flatten())
    else {
        return;
    };
    let Ok(rows) = column.query_selector_all(":scope > .row") else { return };
    for nth in 0..rows.length() {
        let Some(row) = rows.item(nth).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        if let Some(key) = row.get_attribute("data-row").and_then(|text| entry::parse_key(&text)) {
            store.talk.measured(key, row.get_bounding_client_rect().height());
        }
    }
}
