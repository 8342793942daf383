//! The folders that are served: going to one, adding one, taking one out.

use crate::leptos::ev;
use roost_core::client::Workspace;

use super::{one_more, wrong};
use crate::{
    dom::{Content, El, button, code, div, li, p, span, ul},
    parts::sure::sure,
    store::{Command, Control, Doing, Store},
    words::words,
};

pub(in crate::parts) fn workspaces(store: Store) -> El {
    div().class("inside").child((
        p().child(words().workspaces_about),
        wrong(store),
        move || {
            let chosen = store.workspace();
            let lines = store.daemon.with(|daemon| daemon.workspaces.clone()).into_iter().map(|one| {
                let here = one.id == chosen;
                li().class("setting").child(move || match store.doing.get() {
                    _ if store.is_leaving(&one.id) => leaving(&one).view(),
                    Some(Doing::Removing(id)) if id == one.id => {
                        sure(store, words().take_out_sure, words().take_out, Command::RemoveWorkspace(id)).view()
                    }
                    _ => line(store, &one, here).view(),
                })
            });
            ul().child(lines.collect::<Vec<_>>())
        },
        one_more("folder", words().add_folder, words().folder_example, move |cwd| {
            store.dispatch(Command::AddWorkspace(cwd));
        }),
    ))
}

/// What is being taken out can neither be gone to nor be taken out once more.
fn leaving(one: &Workspace) -> impl Content + use<> {
    (about(one, None), span().class("chip").child(words().being_taken_out))
}

fn about(one: &Workspace, chip: Option<El>) -> El {
    div().class("what").child((span().class("name").child(one.name().to_owned()), chip, code().child(one.cwd.clone())))
}

fn line(store: Store, one: &Workspace, here: bool) -> impl Content + use<> {
    let of = one.name().to_owned();
    let press = move |label: &'static str, command: Command| {
        button()
            .plain()
            .class("button")
            .attr("aria-label", words().act_on(label, &of))
            .on(ev::click, move |_| store.dispatch(command.clone()))
            .child(label)
    };
    (
        about(one, here.then(|| span().class("chip").child(words().current))),
        (!here).then(|| press(words().go_there, Command::Choose(Control::Workspace, one.id.clone()))),
        one.removable.then(|| press(words().take_out, Command::Do(Some(Doing::Removing(one.id.clone()))))),
    )
}
