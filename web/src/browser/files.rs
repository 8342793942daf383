//! Files that a person pastes or drops.

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, File, FileList, FileReader};

/// The files of a paste (`clipboardData`) or a drop (`dataTransfer`).
pub(crate) fn of(event: &Event, carrier: &str) -> Vec<File> {
    let list = Reflect::get(event, &carrier.into()).and_then(|carrier| Reflect::get(&carrier, &"files".into()));
    let Ok(list) = list.and_then(JsCast::dyn_into::<FileList>) else { return Vec::new() };
    (0..list.length()).filter_map(|nth| list.item(nth)).collect()
}

/// What a file holds, as base64; `None` when the browser cannot read it.
pub(crate) async fn base64(file: &File) -> Option<String> {
    let reader = FileReader::new().ok()?;
    let read = Promise::new(&mut |done, _| {
        let done = Closure::once_into_js(move || done.call0(&JsValue::NULL));
        reader.set_onloadend(Some(done.unchecked_ref()));
        let _ = reader.read_as_data_url(file);
    });
    JsFuture::from(read).await.ok()?;
    let address = reader.result().ok()?.as_string()?;
    address.split_once(";base64,").map(|(_, data)| data.to_owned())
}
