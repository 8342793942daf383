//! What lies on top of the page: help, this browser, and the panels that the daemon has something for.

use crate::leptos::{ev, prelude::*};

use super::{
    icon::{self, icon},
    panels,
};
use crate::{
    browser,
    dom::{
        Content, El, Ref, button, dd, dialog, div, dl, dt, h2, h3, header, input, kbd, label, nav, on_top, p, section,
        shut,
    },
    store::{Command, Sheet, Store, derived, store},
    words::words,
};

pub(crate) fn sheet() -> impl Content {
    let store = store();
    // Going from one panel to another leaves the dialog open.
    let any = derived(move || store.sheet.with(Option::is_some));
    move || any.get().then(|| open(store).view())
}

fn open(store: Store) -> impl Content {
    let which = move || store.sheet.get().unwrap_or(Sheet::Help);
    let node = Ref::new();
    on_top(node);
    dialog()
        .class("sheet")
        .attr("aria-labelledby", "sheet-title")
        .node_ref(node)
        .on(ev::close, move |_| {
            store.dispatch(Command::ShowSheet(None));
            // The browser gives the keyboard back to where it was, if that is still there.
            if browser::nothing_focused() {
                browser::focus("prompt");
            }
        })
        .child((
            header().child((
                h2().id("sheet-title").child(move || words().sheet(which())),
                button()
                    .plain()
                    .class("quiet")
                    .attr("aria-label", words().close)
                    .on(ev::click, move |_| shut(node))
                    .child(icon(icon::CROSS)),
            )),
            tabs(store),
            move || match which() {
                Sheet::Help => help(store).view(),
                Sheet::Device => device(store).view(),
                Sheet::Settings => panels::settings(store).view(),
                Sheet::Permissions => panels::permissions(store).view(),
                Sheet::Daemon => panels::daemon(store).view(),
                Sheet::Workspaces => panels::workspaces(store).view(),
            },
        ))
}

fn tabs(store: Store) -> El {
    let offered = move || {
        let of = |sheet: &Sheet| store.daemon.with(|daemon| sheet.is_offered(|tag| daemon.has(tag)));
        Sheet::ALL.into_iter().filter(of).map(|sheet| tab(store, sheet)).collect::<Vec<_>>()
    };
    nav().class("tabs").attr("aria-label", words().panels).child(offered)
}

fn tab(store: Store, sheet: Sheet) -> El {
    button()
        .plain()
        .attr("aria-current", move || (store.sheet.get() == Some(sheet)).then_some("page"))
        .on(ev::click, move |_| store.dispatch(Command::ShowSheet(Some(sheet))))
        .child(words().sheet(sheet))
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
