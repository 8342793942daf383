//! Where in a drawn row a word stands: brought into view and marked, without touching what is drawn.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Node, Range};

use super::{document, element, window};
use crate::store::{VIEW, folded};

/// Name of the mark, in the stylesheet too.
const MARK: &str = "found";
/// Set on a row whose word is out of sight.
const IN_ROW: &str = "data-found";
const TEXT_NODES: u32 = 4;
/// What a row shows and does not say.
const UNSAID: &str = ".code-head, .fate";

/// Marks the nth place of `wanted` in the row with this key, and brings it into view.
pub(crate) fn mark(row: &str, wanted: &str, nth: usize) {
    unmark();
    let Some(row) = document().query_selector(&format!("[data-row=\"{row}\"]")).ok().flatten() else { return };
    let range = place(&row, wanted, nth);
    let (top, height) = match &range {
        Some(range) => (range.get_bounding_client_rect().top(), range.get_bounding_client_rect().height()),
        None => (row.get_bounding_client_rect().top(), 0.0),
    };
    match range.filter(|_| highlights().is_some()) {
        Some(range) => highlight(&range),
        None => drop(row.set_attribute(IN_ROW, "")),
    }
    let Some(view) = element(VIEW) else { return };
    let frame = view.get_bounding_client_rect();
    let margin = frame.height() / 4.0;
    if top < frame.top() + margin / 2.0 || top + height > frame.bottom() - margin / 2.0 {
        view.set_scroll_top(view.scroll_top() + (top - frame.top() - margin) as i32);
    }
}

pub(crate) fn unmark() {
    if let Some(highlights) = highlights() {
        let _ = call(&highlights, "delete", &[MARK.into()]);
    }
    while let Some(row) = document().query_selector(&format!("[{IN_ROW}]")).ok().flatten() {
        let _ = row.remove_attribute(IN_ROW);
    }
}

/// The nth place of `wanted` in the text of an element; the last one if there are fewer.
fn place(row: &Element, wanted: &str, nth: usize) -> Option<Range> {
    let walker = document().create_tree_walker_with_what_to_show(row, TEXT_NODES).ok()?;
    let mut nodes: Vec<(Node, Vec<u16>)> = Vec::new();
    let mut text = String::new();
    while let Ok(Some(node)) = walker.next_node() {
        let unsaid = node.parent_element().is_some_and(|parent| parent.closest(UNSAID).ok().flatten().is_some());
        let said = node.text_content().filter(|_| !unsaid).unwrap_or_default();
        text.push_str(&folded(&said));
        nodes.push((node, said.encode_utf16().collect()));
    }
    let (at, _) = text.match_indices(wanted).take(nth + 1).last()?;
    let range = document().create_range().ok()?;
    let (start, end) = (units(&text[..at]), units(&text[..at + wanted.len()]));
    let (node, offset) = node_at(&nodes, start, false)?;
    range.set_start(node, offset).ok()?;
    let (node, offset) = node_at(&nodes, end, true)?;
    range.set_end(node, offset).ok()?;
    Some(range)
}

/// Folding changes no letter's length: letters outside of the basic plane fold among themselves.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn node_at(nodes: &[(Node, Vec<u16>)], place: usize, is_end: bool) -> Option<(&Node, u32)> {
    let mut before = 0;
    for (node, text) in nodes {
        let end = before + text.len();
        if place < end || (is_end && place == end) {
            return Some((node, (place - before) as u32));
        }
        before = end;
    }
    None
}

/// Where the browser keeps what it marks, if it can.
fn highlights() -> Option<JsValue> {
    let css = Reflect::get(&window(), &"CSS".into()).ok()?;
    Reflect::get(&css, &"highlights".into()).ok().filter(JsValue::is_object)
}

fn highlight(range: &Range) {
    let Some(highlights) = highlights() else { return };
    let made = Reflect::get(&window(), &"Highlight".into())
        .and_then(|class| Reflect::construct(class.unchecked_ref::<Function>(), &Array::of1(range)));
    if let Ok(made) = made {
        let _ = call(&highlights, "set", &[MARK.into(), made]);
    }
}

fn call(on: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method = Reflect::get(on, &method.into())?;
    method.unchecked_ref::<Function>().apply(on, &arguments.iter().collect())
}
