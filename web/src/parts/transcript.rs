//! The transcript: the rows near the reader, and two spacers for the rest.

use crate::leptos::{ev, tachys::html::style::style};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    Element, HtmlElement, MutationObserver, MutationObserverInit, MutationRecord, NodeList, ResizeObserver,
    ResizeObserverEntry,
};

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
    once_drawn(node, move |view| drop(watch_size(store, &view)));
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
    once_drawn(column, move |column| watch_rows(store, &column));
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

/// Follows the size of an element, and of what `observe` is told of later. All of it happens after layout and before paint, so nobody
/// sees a jump.
fn watch_size(store: Store, element: &HtmlElement) -> Option<ResizeObserver> {
    let changed = Closure::<dyn FnMut(Vec<ResizeObserverEntry>)>::new(move |entries: Vec<ResizeObserverEntry>| {
        let mut view_changed = false;
        for entry in &entries {
            let element = entry.target();
            match element.get_attribute("data-row").and_then(|text| entry::parse_key(&text)) {
                // A row that has just left the page is told to be empty.
                Some(_) if !element.is_connected() => {}
                Some(key) => store.talk.measured(key, element.get_bounding_client_rect().height()),
                None => view_changed |= element.id() == VIEW,
            }
        }
        // Who was at the end stays there, also when the view became lower.
        store.talk.settle();
        if view_changed {
            store.talk.scrolled();
        }
    });
    let observer = ResizeObserver::new(changed.as_ref().unchecked_ref()).ok()?;
    observer.observe(element);
    changed.forget();
    Some(observer)
}

/// Follows the size of the column and of every row that comes into it.
fn watch_rows(store: Store, column: &HtmlElement) {
    let Some(sizes) = watch_size(store, column) else { return };
    observe_all(&sizes, &column.child_nodes());
    let came = Closure::<dyn FnMut(Vec<MutationRecord>)>::new(move |records: Vec<MutationRecord>| {
        for record in &records {
            observe_all(&sizes, &record.added_nodes());
        }
    });
    if let Ok(observer) = MutationObserver::new(came.as_ref().unchecked_ref()) {
        let children = MutationObserverInit::new();
        children.set_child_list(true);
        let _ = observer.observe_with_options(column, &children);
        came.forget();
    }
}

fn observe_all(sizes: &ResizeObserver, nodes: &NodeList) {
    for nth in 0..nodes.length() {
        if let Some(row) = nodes.item(nth).and_then(|node| node.dyn_into::<Element>().ok()) {
            sizes.observe(&row);
        }
    }
}
