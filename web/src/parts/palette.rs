//! The list of commands above the composer. The engine is `core::slash`; a press is a press, with a mouse or a finger.

use std::ops::Range;

use crate::leptos::{ev, prelude::*};
use roost_core::slash::{Group, OnEnter, Row};

use crate::{
    dom::{Content, div, mark, span},
    store::{Command, Derived, PaletteView, Store, derived, follow, store},
    words::words,
};

/// Id of the list.
pub(crate) const LIST: &str = "palette";

/// Id of a row.
pub(crate) fn row_id(nth: usize) -> String {
    format!("palette-{nth}")
}

pub(crate) fn palette() -> impl Content {
    let store = store();
    let view = store.composer.palette;
    let open = derived(move || view.with(|view| view.as_ref().is_some_and(|view| view.menu.is_open())));
    let menu = derived(move || view.get().map(|view| view.menu));
    follow(move || {
        let selected = view.with(|view| view.as_ref().and_then(PaletteView::selected));
        if let Some(row) = selected.and_then(|nth| crate::browser::element(&row_id(nth))) {
            let nearest = web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    });
    (
        div().class("unseen").attr("role", "status").child(move || {
            open.get()
                .then(|| words().commands_found(menu.with(|menu| menu.as_ref().map_or(0, |menu| menu.rows.len()))))
        }),
        move || open.get().then(|| list(store, menu).view()),
    )
}

fn list(store: Store, menu: Derived<Option<std::sync::Arc<roost_core::slash::Menu>>>) -> impl Content {
    div()
        .class("palette")
        .id(LIST)
        .attr("role", "listbox")
        .attr("aria-label", words().commands)
        // The keyboard stays in the text box.
        .on(ev::mousedown, move |event| event.prevent_default())
        .child(move || {
            let menu = menu.get()?;
            let headed = menu.rows.iter().any(|row| !matches!(row.group, Group::Matches | Group::Arguments));
            let mut last = None;
            let mut views = Vec::new();
            for (nth, row) in menu.rows.iter().enumerate() {
                if headed && last != Some(row.group) {
                    let same = menu.rows.iter().filter(|other| other.group == row.group).count();
                    views.push(
                        div()
                            .class("group")
                            .attr("role", "presentation")
                            .child(format!("{} {same}", heading(row.group)))
                            .view(),
                    );
                    last = Some(row.group);
                }
                views.push(option(store, nth, row).view());
            }
            Some((
                views,
                menu.unknown.as_ref().map(|unknown| no_such(store, &unknown.name, unknown.nearest.as_deref())),
            ))
        })
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Recent => words().group_recent,
        Group::Commands => words().group_commands,
        Group::Custom => words().group_custom,
        Group::Skills => words().group_skills,
        Group::Matches | Group::Arguments => "",
    }
}

fn option(store: Store, nth: usize, row: &Row) -> impl Content + use<> {
    let selected =
        derived(move || store.composer.palette.with(|view| view.as_ref().and_then(PaletteView::selected) == Some(nth)));
    let does = move || {
        store.composer.palette.with(|view| {
            view.as_ref().map(|view| match view.menu.on_enter(nth, view.chosen) {
                OnEnter::Run => words().enter_runs,
                OnEnter::Choose => words().enter_chooses,
            })
        })
    };
    let about = match (&row.unavailable, &row.alias) {
        (Some(why), _) => why.clone(),
        (None, Some(alias)) => words().alias(alias, &row.description),
        (None, None) => row.description.clone(),
    };
    let hint = row.hint.clone();
    div()
        .class("option")
        .id(row_id(nth))
        .attr("role", "option")
        .attr("aria-selected", move || selected.get().to_string())
        .attr("aria-disabled", row.unavailable.is_some().then_some("true"))
        .on(ev::pointermove, move |event| {
            // A list that opens under a resting pointer sends no movement.
            if (event.movement_x() != 0 || event.movement_y() != 0) && !selected.get_untracked() {
                store.point_at_row(nth);
            }
        })
        .on(ev::click, move |_| store.press_row(nth))
        .child((
            span().class("name").child((
                marked(&row.label, &row.marks),
                (!hint.is_empty()).then(|| span().class("arg").child(format!(" {hint}"))),
            )),
            span().class("about").child((about, row.current.then(|| format!(" · {}", words().current)))),
            span().class("does").attr("aria-hidden", "true").child(does),
        ))
}

/// The label with what the query matched.
pub(super) fn marked(label: &str, marks: &[Range<usize>]) -> Vec<AnyView> {
    let mut views = Vec::new();
    let mut end = 0;
    for range in marks {
        let (Some(before), Some(hit)) = (label.get(end..range.start), label.get(range.clone())) else {
            continue;
        };
        if !before.is_empty() {
            views.push(before.to_owned().view());
        }
        views.push(mark().child(hit.to_owned()).view());
        end = range.end;
    }
    if let Some(rest) = label.get(end..).filter(|rest| !rest.is_empty()) {
        views.push(rest.to_owned().view());
    }
    views
}

fn no_such(store: Store, name: &str, nearest: Option<&str>) -> impl Content + use<> {
    // For the mouse; the keyboard has Tab and Ctrl+Enter. A button within an option would be out of a screen reader's reach.
    let press = |label: String| span().class("link").child(label);
    div().class("unknown").attr("role", "option").attr("aria-selected", "false").child((
        span().child(words().unknown_command(name)),
        nearest.map(|nearest| {
            press(words().nearest(nearest)).on(ev::click, move |_| {
                store.complete();
                crate::browser::focus("prompt");
            })
        }),
        press(words().send_as_text.to_owned())
            .on(ev::click, move |_| store.dispatch(Command::SendAsText(store.composer.text()))),
    ))
}
