//! Before a session is open: the recent ones and three honest hints, above a composer that has the keyboard.

use crate::leptos::ev;

use super::rail::{plain_click, shown_title, state_words};
use crate::{
    browser,
    dom::{Content, a, code, div, h2, kbd, li, section, span, ul},
    store::{Command, SessionLine, SessionState, Store, store},
    words::{when, words},
};

const MOST_RECENT: usize = 6;

pub(crate) fn home() -> impl Content {
    let store = store();
    let recent = move || {
        let (mut lines, rest): (Vec<_>, Vec<_>) =
            store.list.sessions.get().into_iter().partition(|line| line.state == SessionState::Waiting);
        lines.extend(rest);
        lines.truncate(MOST_RECENT);
        lines
    };
    div().class("column home").child((
        move || {
            let lines = recent();
            (!lines.is_empty()).then(|| {
                section().class("recent").child((
                    h2().child(words().recent_sessions),
                    ul().child(lines.into_iter().map(|line| session(store, &line)).collect::<Vec<_>>()),
                ))
            })
        },
        section().child((
            h2().child(words().good_to_know),
            ul().class("hints").child((
                li().class("for-keys").child((span().child(kbd().child("Enter")), span().child(words().hint_enter))),
                li().child((span().child(code().child("/")), span().child(words().hint_slash))),
                li().class("for-keys").child((
                    span().child((kbd().child("Esc"), " ", kbd().child("Esc"))),
                    span().child(words().hint_stop),
                )),
            )),
        )),
    ))
}

fn session(store: Store, line: &SessionLine) -> impl Content + use<> {
    let id = line.id.clone();
    let says =
        state_words(line.state).map(ToOwned::to_owned).or_else(|| line.updated.map(|at| when(at, browser::now())));
    li().attr("data-state", line.state.name()).child(
        a().attr("href", format!("/session/{}", line.id))
            .on(ev::click, move |event| {
                if plain_click(&event) {
                    store.dispatch(Command::Open(id.clone()));
                }
            })
            .child((span().class("name").child(shown_title(line)), span().class("says").child(says))),
    )
}
