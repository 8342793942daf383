//! What lies on top of the page: help, and this browser.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use super::icon::{self, icon};
use crate::{
    browser,
    dom::{Content, Ref, button, dd, dialog, div, dl, dt, h2, h3, header, input, kbd, label, once_drawn, p, section},
    store::{Command, Sheet, Store, store},
    words::words,
};

pub(crate) fn sheet() -> impl Content {
    let store = store();
    move || store.sheet.get().map(|which| open(store, which).view())
}

fn open(store: Store, which: Sheet) -> impl Content {
    let node = Ref::new();
    once_drawn(node, |node| {
        if let Some(dialog) = node.dyn_ref::<HtmlDialogElement>()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
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
                    .plain()
                    .class("quiet")
                    .attr("aria-label", words().close)
                    .on(ev::click, move |_| close())
                    .child(icon(icon::CROSS)),
            )),
            match which {
                Sheet::Help => help(store).view(),
                Sheet::Device => device(store).view(),
            },
        ))
}

fn help(store: Store) -> impl Content {
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
                    .collect::<Vec<_>>(),
            ),
        )),
        section().child((h3().child(words().commands), commands)),
    ))
}

fn device(store: Store) -> impl Content {
    let signed = store.has_token();
    div().class("inside").child((
        signed.then(|| {
            section().child(
                label().child((
                    input()
                        .attr("type", "checkbox")
                        .attr("checked", store.is_remembered())
                        .on(ev::change, move |event| store.dispatch(Command::Remember(event_target_checked(&event)))),
                    " ",
                    words().remember,
                )),
            )
        }),
        p().child(if signed { words().device_token } else { words().device_open }),
        signed.then(|| {
            button()
                .plain()
                .class("button")
                .on(ev::click, move |_| store.dispatch(Command::SignOut))
                .child(words().sign_out)
        }),
    ))
}
