//! Where in the list the keyboard is. A row that moves to another part of the list is drawn anew there, and what a menu or a name's field
//! came out of may be gone when they close: the keyboard goes to what stands in its place then, before the next key is looked at.

use std::cell::RefCell;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, FocusOptions, HtmlElement, MutationObserver, MutationObserverInit};

use crate::browser;

thread_local! {
    /// Finds what the keyboard was on last, if that is in the list.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Follows keyboard and pointer, for as long as the page lives.
pub(crate) fn follow() {
    browser::on_document("focusin", note);
    browser::on_document("pointerdown", note);
}

/// Looks after the keyboard whenever something in `rail` comes or goes.
pub(super) fn keep(rail: &HtmlElement) {
    let changed = Closure::<dyn FnMut()>::new(restore);
    if let Ok(observer) = MutationObserver::new(changed.as_ref().unchecked_ref()) {
        let children = MutationObserverInit::new();
        children.set_child_list(true);
        children.set_subtree(true);
        let _ = observer.observe_with_options(rail, &children);
        changed.forget();
    }
}

#[expect(clippy::needless_pass_by_value, reason = "listeners are handed their event")]
fn note(event: Event) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    // A menu belongs to the row it was opened from.
    if !is_within(&target, "dialog.menu") {
        PLACE.set(place_of(&target));
    }
}

/// What finds this part of a row again. A field or a question in place of a row gives way to the button it came from.
fn place_of(target: &Element) -> Option<String> {
    let row = target.closest(".rail [data-session], .rail [data-group]").ok().flatten()?;
    let (name, id) =
        ["data-session", "data-group"].into_iter().find_map(|name| Some((name, row.get_attribute(name)?)))?;
    let part = [".line", ".fold"].into_iter().find(|part| is_within(target, part)).unwrap_or(".more-acts");
    Some(format!(".rail [{name}=\"{id}\"] {part}"))
}

fn is_within(target: &Element, selector: &str) -> bool {
    target.closest(selector).is_ok_and(|found| found.is_some())
}

/// Gives the keyboard to what it was on, if it is on nothing now.
pub(in crate::parts) fn restore() {
    if !browser::nothing_focused() {
        return;
    }
    let Some(place) = PLACE.with_borrow(Clone::clone) else { return };
    let found = browser::document().query_selector(&place).ok().flatten();
    if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        let stay = FocusOptions::new();
        stay.set_prevent_scroll(true);
        let _ = element.focus_with_options(&stay);
    }
}
