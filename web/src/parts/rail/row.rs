//! The row of a session. It stays the same row whatever becomes of its session, as long as that stands in the same part of the list:
//! nothing is pulled away from under a pointer, and nobody who is writing in it is disturbed.

use crate::leptos::ev;

use super::{plain_click, shown_title, state_words};
use crate::{
    browser,
    dom::{Content, El, a, div, each, li, span, ul},
    parts::{
        icon::{self, icon},
        menu::menu_button,
        name_field::name_field,
        sure::sure,
    },
    store::{Command, Derived, Doing, MenuOf, SessionLine, Store, derived},
    words::{when, words},
};

/// The rows of these sessions, under a title for screen readers.
pub(super) fn list(store: Store, title: impl Fn() -> String + Send + 'static, lines: Derived<Vec<SessionLine>>) -> El {
    let rows = each(move || lines.get(), |line| line.id.to_string(), move |line| row(store, lines, line).view());
    ul().attr("aria-label", title).child(rows)
}

fn row(store: Store, lines: Derived<Vec<SessionLine>>, first: SessionLine) -> El {
    let (id, of) = (first.id.clone(), first.id.clone());
    // A row that is about to go shows what it showed last.
    let now = derived(move || {
        let found = lines.with(|lines| lines.iter().find(|line| line.id == first.id).cloned());
        found.unwrap_or_else(|| first.clone())
    });
    let doing = derived(move || store.doing.with(|doing| doing.clone().filter(|doing| doing.session() == Some(&of))));
    let shown = id.clone();
    let here = derived(move || store.talk.session.with(|here| here.as_ref() == Some(&shown)));
    li().class("session")
        .attr("data-session", id.to_string())
        .attr("data-state", move || now.with(|line| line.state.name()))
        .attr("data-here", move || here.get().then_some(""))
        .child(move || {
            let session = id.clone();
            match doing.get() {
                Some(Doing::Renaming(_)) => {
                    let named = move |title| Command::Rename { session: session.clone(), title };
                    name_field(store, words().title, &now.with_untracked(|line| line.title.clone()), named).view()
                }
                Some(Doing::Grouping(_)) => {
                    let named = move |name| Command::NewGroup { session: session.clone(), name };
                    name_field(store, words().group_name, "", named).view()
                }
                Some(Doing::Closing(_)) => {
                    sure(store, words().close_sure, words().close, Command::Close(session)).view()
                }
                Some(Doing::Deleting(_)) => {
                    sure(store, words().delete_sure, words().delete, Command::Delete(session)).view()
                }
                Some(Doing::RenamingGroup(_) | Doing::DeletingGroup(_) | Doing::Removing(_)) | None => {
                    plain(store, now, here).view()
                }
            }
        })
}

fn plain(store: Store, now: Derived<SessionLine>, here: Derived<bool>) -> impl Content {
    let line = now.get_untracked();
    let title = move || now.with(shown_title);
    let inside = move || {
        let line = now.get();
        (
            span().class("lamp"),
            span().class("name").child(shown_title(&line)),
            span()
                .class("when")
                .child((line.pinned.then(|| icon(icon::PIN)), line.updated.map(|at| when(at, browser::now())))),
            state_words(line.state).map(|says| span().class("says").child(says)),
        )
    };
    let name = if line.archived {
        // It cannot be opened before it is brought back.
        div().class("line").child(inside)
    } else {
        a().class("line")
            .attr("href", format!("/session/{}", line.id))
            .attr("aria-current", move || here.get().then_some("page"))
            .attr("title", title)
            .on(ev::click, move |event| {
                if plain_click(&event) {
                    store.dispatch(Command::Open(line.id.clone()));
                }
            })
            .child(inside)
    };
    let label = move || words().menu_of(&title());
    (name, menu_button(store, label, move || MenuOf::Session(now.get_untracked())))
}
