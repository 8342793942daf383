//! Core for JavaScript: the npm package, built by `cargo xtask npm` from this crate with its `js` feature.
//!
//! Parse an event stream, reduce it to a transcript, route and complete slash commands. Values cross as plain objects, described by
//! `js/types.d.ts`; offsets into texts are in UTF-16 units here, as JavaScript counts. Objects with a `free` method live in
//! WASM memory and are freed when they are collected, or by hand.

mod slash;
mod sse;
mod transcript;
mod utf16;
mod view;

use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;

pub use slash::{Menu, Palette};
pub use sse::SseParser;
pub use transcript::Transcript;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("js/types.d.ts");

/// A plain JavaScript value: maps become objects, absent options are left out.
fn plain(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

/// Reads a value that JavaScript hands in.
fn read<T: DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    Ok(serde_wasm_bindgen::from_value(value)?)
}
