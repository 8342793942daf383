//! The list of files above the composer, for `@`.

use crate::leptos::ev;

use super::palette::marked;
use crate::{
    dom::{Content, div, span},
    store::{derived, store},
    words::words,
};

/// Id of the list.
pub(crate) const LIST: &str = "files";

/// Id of a row.
pub(crate) fn row_id(nth: usize) -> String {
    format!("files-{nth}")
}

pub(crate) fn mention() -> impl Content {
    let store = store();
    let view = store.composer.mention;
    let rows = derived(move || view.with(|view| view.as_ref().map(|view| view.rows.clone())));
    move || {
        let rows = rows.get()?;
        let rows = rows.iter().enumerate().map(|(nth, row)| {
            let selected = derived(move || view.with(|view| view.as_ref().is_some_and(|view| view.chosen == nth)));
            div()
                .class("option file")
                .id(row_id(nth))
                .attr("role", "option")
                .attr("aria-selected", move || selected.get().to_string())
                .on(ev::click, move |_| store.take_mention(Some(nth)))
                .child(span().class("name").child(marked(&row.path, &row.marks)))
                .view()
        });
        let list = div()
            .class("palette")
            .id(LIST)
            .attr("role", "listbox")
            .attr("aria-label", words().files)
            // The keyboard stays in the text box.
            .on(ev::mousedown, move |event| event.prevent_default());
        Some(list.child(rows.collect::<Vec<_>>()))
    }
}
