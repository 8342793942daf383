//! What lies on top of the page: help, and this browser.

use leptos::{
    ev,
    html::{button, dd, dialog, div, dl, dt, h2, h3, header, input, kbd, label, p, section},
    prelude::*,
};

use super::icon::{self, icon};
use crate::{
    browser,
    store::{Command, Sheet, Store, store},
    words::words,
};

pub(crate) fn sheet() -> impl IntoView {
    let store = store();
    move || store.sheet.get().map(|which| open(store, which).into_any())
}

fn open(store: Store, which: Sheet) -> impl IntoView {
    let node = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(node) = node.get()
            && !node.open()
        {
            let _ = node.show_modal();
        }
    });
    let close = move || {
        store.dispatch(Command::ShowSheet(None));
        browser::focus("prompt");
    };
    dialog()
        .class("sheet")
        .attr("aria-labelledby", "sheet-title")
        .node_ref(node)
        .on(ev::close, move |_| close())
        .on(ev::Custom::<ev::Event>::new("cancel"), move |event: ev::Event| {
            event.prevent_default();
            close();
        })
        .child((
            header().child((
                h2().id("sheet-title").child(match which {
                    Sheet::Help => words().help,
                    Sheet::Device => words().this_device,
                }),
                button()
                    .r#type("button")
                    .class("quiet")
                    .attr("aria-label", words().close)
                    .on(ev::click, move |_| close())
                    .child(icon(icon::CROSS)),
            )),
            match which {
                Sheet::Help => help(store).into_any(),
                Sheet::Device => device(store).into_any(),
            },
        ))
}

fn help(store: Store) -> impl IntoView {
    let commands = move || {
        let palette = store.talk.palette.get();
        let rows: Vec<_> = palette
            .catalogue()
            .commands()
            .iter()
            .map(|command| {
                let hint = command.hint.text();
                let name =
                    if hint.is_empty() { format!("/{}", command.name) } else { format!("/{} {hint}", command.name) };
                (dt().child(name), dd().child(command.description.clone()))
            })
            .collect();
        dl().child(rows)
    };
    div().class("inside").child((
        section().child((
            h3().child(words().keys),
            dl().child(
                words()
                    .key_table
                    .iter()
                    .map(|(key, does)| (dt().child(kbd().child(*key)), dd().child(*does)))
                    .collect_view(),
            ),
        )),
        section().child((h3().child(words().commands), commands)),
    ))
}

fn device(store: Store) -> impl IntoView {
    let signed = store.has_token();
    div().class("inside").child((
        signed.then(|| {
            section().child(
                label().child((
                    input()
                        .r#type("checkbox")
                        .prop("checked", store.is_remembered())
                        .on(ev::change, move |event| store.dispatch(Command::Remember(event_target_checked(&event)))),
                    " ",
                    words().remember,
                )),
            )
        }),
        p().child(if signed { words().device_token } else { words().device_open }),
        signed.then(|| {
            button()
                .r#type("button")
                .class("button")
                .on(ev::click, move |_| store.dispatch(Command::SignOut))
                .child(words().sign_out)
        }),
    ))
}
