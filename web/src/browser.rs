//! The little of the browser the page needs: clock, timers, storage, address. The rest of the crate names no `window`.

pub(crate) mod address;
pub(crate) mod files;
pub(crate) mod found;
pub(crate) mod kept;
pub(crate) mod timer;

use roost_core::Millis;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, HtmlElement, Window};

/// The window. The page runs nowhere else.
pub(crate) fn window() -> Window {
    web_sys::window().expect("the page runs in a window, never in a worker")
}

/// The document.
pub(crate) fn document() -> Document {
    window().document().expect("a window that shows a page has a document")
}

/// Milliseconds since the epoch, by the browser's clock.
pub(crate) fn now() -> Millis {
    Millis(js_sys::Date::now() as u64)
}

/// A number that nobody can tell before.
pub(crate) fn chance() -> u64 {
    (js_sys::Math::random() * (1_u64 << 52) as f64) as u64
}

/// The element with this id, if it is on screen.
pub(crate) fn element(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Gives the element with this id the keyboard.
pub(crate) fn focus(id: &str) {
    if let Some(element) = element(id) {
        let _ = element.focus();
    }
}

/// Whether the element with this id, or something in it, has the keyboard.
pub(crate) fn has_focus(id: &str) -> bool {
    let active = document().active_element();
    element(id).is_some_and(|element| element.contains(active.as_deref()))
}

/// What has the keyboard.
pub(crate) fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// Selects the text of the field with this id.
pub(crate) fn select(id: &str) {
    if let Some(field) = element(id).and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()) {
        field.select();
    }
}

/// Whether nothing in particular has the keyboard.
pub(crate) fn nothing_focused() -> bool {
    document().active_element().is_none_or(|active| active.tag_name() == "BODY")
}

/// Whether the tab is in front.
pub(crate) fn visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Whether the browser believes it has a network. `true` proves nothing, `false` does.
pub(crate) fn online() -> bool {
    window().navigator().on_line()
}

/// Puts `text` on the clipboard. Says whether the browser let it.
pub(crate) fn copy(text: &str) -> bool {
    if js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("clipboard")).is_ok_and(|it| it.is_object()) {
        let _ = window().navigator().clipboard().write_text(text);
        return true;
    }
    // A page that came over plain HTTP from another machine has no clipboard, only what is selected.
    copy_selected(text).unwrap_or(false)
}

fn copy_selected(text: &str) -> Result<bool, JsValue> {
    let page: web_sys::HtmlDocument = document().dyn_into().map_err(JsValue::from)?;
    let field: web_sys::HtmlTextAreaElement = page.create_element("textarea")?.unchecked_into();
    field.set_value(text);
    let had_keyboard = page.active_element();
    document().body().ok_or(JsValue::NULL)?.append_child(&field)?;
    field.select();
    let copied = page.exec_command("copy");
    field.remove();
    if let Some(element) = had_keyboard.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
    copied
}

/// What stands in a text field.
pub(crate) fn value_of(field: &HtmlElement) -> String {
    field.dyn_ref::<web_sys::HtmlInputElement>().map(web_sys::HtmlInputElement::value).unwrap_or_default()
}

/// Gives a text field the keyboard, with the caret behind what it holds.
pub(crate) fn focus_at_end(field: &HtmlElement) {
    let _ = field.focus();
    if let Some(field) = field.dyn_ref::<web_sys::HtmlInputElement>() {
        let end = field.value().encode_utf16().count() as u32;
        let _ = field.set_selection_range(end, end);
    }
}

/// Whether a box is checked.
pub(crate) fn is_checked(field: &HtmlElement) -> bool {
    field.dyn_ref::<web_sys::HtmlInputElement>().is_some_and(web_sys::HtmlInputElement::checked)
}

/// Takes back the choice among the buttons of this name.
pub(crate) fn uncheck(name: &str) {
    let chosen = document().query_selector(&format!("input[name=\"{name}\"]:checked")).ok().flatten();
    if let Some(chosen) = chosen.as_ref().and_then(|chosen| chosen.dyn_ref::<web_sys::HtmlInputElement>()) {
        chosen.set_checked(false);
    }
}

/// Empties a text field.
pub(crate) fn empty(field: &HtmlElement) {
    if let Some(field) = field.dyn_ref::<web_sys::HtmlInputElement>() {
        field.set_value("");
    }
}

/// Width and height of what is seen of the page, in CSS pixels.
pub(crate) fn window_size() -> (f64, f64) {
    let number = |value: Result<JsValue, JsValue>| value.ok().and_then(|value| value.as_f64()).unwrap_or_default();
    (number(window().inner_width()), number(window().inner_height()))
}

/// Moves the keyboard among the elements of a selector, round and round; from elsewhere to the first or the last.
pub(crate) fn move_focus(selector: &str, by: isize) {
    let Ok(found) = document().query_selector_all(selector) else { return };
    let count = found.length() as isize;
    let active = document().active_element();
    let is_active = |node: web_sys::Node| active.as_ref().is_some_and(|active| active.is_same_node(Some(&node)));
    let at = (0..count).find(|nth| found.item(*nth as u32).is_some_and(is_active));
    let next = match at {
        Some(at) => (at + by).rem_euclid(count.max(1)),
        None if by > 0 => 0,
        None => count - 1,
    };
    if let Some(element) = found.item(next as u32).and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Saves a file under this name, as a download.
pub(crate) fn save(file: &web_sys::Blob, name: &str) {
    let Ok(url) = web_sys::Url::create_object_url_with_blob(file) else { return };
    if let Ok(link) = document().create_element("a") {
        let _ = link.set_attribute("href", &url);
        let _ = link.set_attribute("download", name);
        if let Some(link) = link.dyn_ref::<HtmlElement>() {
            link.click();
        }
    }
    timer::after(Millis(60_000), move || drop(web_sys::Url::revoke_object_url(&url)));
}

/// What a failed browser call says of itself.
pub(crate) fn complaint(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_default()
}

/// Calls `listener` at every `event` of the window, for as long as the page lives.
pub(crate) fn on_window(event: &str, listener: impl FnMut(web_sys::Event) + 'static) {
    listen(&window(), event, listener);
}

/// Calls `listener` at every `event` of the document, for as long as the page lives.
pub(crate) fn on_document(event: &str, listener: impl FnMut(web_sys::Event) + 'static) {
    listen(&document(), event, listener);
}

fn listen(target: &web_sys::EventTarget, event: &str, listener: impl FnMut(web_sys::Event) + 'static) {
    let listener = wasm_bindgen::closure::Closure::<dyn FnMut(web_sys::Event)>::new(listener).into_js_value();
    let _ = target.add_event_listener_with_callback(event, listener.unchecked_ref());
}

/// Writes `text` at the caret of a text box, in place of what is selected.
pub(crate) fn insert_at_caret(id: &str, text: &str) {
    let Some(field) = element(id).and_then(|element| element.dyn_into::<web_sys::HtmlTextAreaElement>().ok()) else {
        return;
    };
    let (Ok(Some(start)), Ok(Some(end))) = (field.selection_start(), field.selection_end()) else { return };
    let _ = field.set_range_text_with_start_and_end_and_mode(text, start, end, "end");
}
