//! The state of the line: shape, word and colour together.

use crate::leptos::ev;

use crate::{
    dom::{Content, button, p, span},
    store::{Command, Connection, Ending, store},
    words::words,
};

pub(crate) fn wire() -> impl Content {
    let store = store();
    let state = move || store.connection.with(name);
    let says = move || store.connection.with(|connection| sentence(connection, store.clock.get().0));
    p().class("wire").attr("role", "status").attr("data-state", state).child((
        span().class("mark"),
        // The countdown is for the eye; a screen reader hears of the change of state only.
        span().attr("aria-live", "off").child(says),
        move || {
            offers(&store.connection.get()).map(|label| {
                button()
                    .plain()
                    .class("link")
                    .on(ev::click, move |_| store.dispatch(Command::ReconnectNow))
                    .child(label)
            })
        },
    ))
}

fn name(connection: &Connection) -> &'static str {
    match connection {
        Connection::Idle => "none",
        Connection::Connecting => "connecting",
        Connection::CatchingUp { .. } => "catching-up",
        Connection::Live => "live",
        Connection::Offline => "offline",
        Connection::Retrying(_) => "retrying",
        Connection::Ended(_) => "ended",
    }
}

fn sentence(connection: &Connection, now: u64) -> String {
    match connection {
        Connection::Idle => String::new(),
        Connection::Connecting => words().connecting.to_owned(),
        Connection::CatchingUp { all: 0, .. } => words().catching_up.to_owned(),
        Connection::CatchingUp { done, all } => words().catching_up_of(*done, *all),
        Connection::Live => words().live.to_owned(),
        Connection::Offline => words().offline.to_owned(),
        Connection::Retrying(until) => words().retrying_in(until.0.saturating_sub(now).div_ceil(1_000)),
        Connection::Ended(Ending::Closed) => words().ended_closed.to_owned(),
        Connection::Ended(Ending::Died) => words().ended_died.to_owned(),
        Connection::Ended(Ending::Unknown) => words().ended_unknown.to_owned(),
        Connection::Ended(Ending::Refused(why)) => why.clone(),
    }
}

/// What the person may do about it.
fn offers(connection: &Connection) -> Option<&'static str> {
    match connection {
        Connection::Offline | Connection::Retrying(_) => Some(words().now),
        Connection::Ended(Ending::Closed | Ending::Died | Ending::Refused(_)) => Some(words().reopen),
        Connection::Ended(Ending::Unknown)
        | Connection::Idle
        | Connection::Connecting
        | Connection::CatchingUp { .. }
        | Connection::Live => None,
    }
}
