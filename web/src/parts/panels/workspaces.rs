//! The folders that are served: going to one, adding one, taking one out.

use crate::leptos::ev;

use super::{one_more, wrong};
use crate::{
    dom::{El, button, code, div, li, p, span, ul},
    store::{Command, Control, Store},
    words::words,
};

pub(in crate::parts) fn workspaces(store: Store) -> El {
    div().class("inside").child((
        p().child(words().workspaces_about),
        wrong(store),
        move || {
            let chosen = store.workspace();
            let lines = store.daemon.with(|daemon| daemon.workspaces.clone()).into_iter().map(|one| {
                let (go, gone, name) = (one.id.clone(), one.id.clone(), one.name().to_owned());
                let here = one.id == chosen;
                li().class("setting").child((
                    div().class("what").child((
                        span().class("name").child(name.clone()),
                        here.then(|| span().class("chip").child(words().current)),
                        code().child(one.cwd),
                    )),
                    (!here).then(|| {
                        button()
                            .plain()
                            .class("button")
                            .on(ev::click, move |_| store.dispatch(Command::Choose(Control::Workspace, go.clone())))
                            .child(words().go_there)
                    }),
                    one.removable.then(|| {
                        button()
                            .plain()
                            .class("button")
                            .attr("aria-label", words().remove_of(&name))
                            .on(ev::click, move |_| store.dispatch(Command::RemoveWorkspace(gone.clone())))
                            .child(words().take_out)
                    }),
                ))
            });
            ul().child(lines.collect::<Vec<_>>())
        },
        one_more("folder", words().add_folder, words().folder_example, move |cwd| {
            store.dispatch(Command::AddWorkspace(cwd));
        }),
    ))
}
