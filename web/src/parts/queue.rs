//! Between transcript and composer: what is on its way, what waits for its turn, and what went wrong.

use leptos::{
    ev,
    html::{button, li, p, span, ul},
    prelude::*,
};
use roost_core::transcript::QueuedPrompt;

use super::icon::{self, icon};
use crate::{
    store::{Command, Outgoing, Sending, Store, store},
    words::words,
};

pub(crate) fn queue() -> impl IntoView {
    let store = store();
    let outgoing = Memo::new(move |_| store.outgoing_here());
    let any = Memo::new(move |_| !outgoing.with(Vec::is_empty) || !store.talk.queue.with(Vec::is_empty));
    move || {
        any.get().then(|| {
            ul().class("queue").attr("aria-label", words().queue).child((
                For(ForProps::builder()
                    .each(move || store.talk.queue.get())
                    .key(|queued| queued.prompt.clone())
                    .children(move |queued| waiting(store, queued).into_any())
                    .build()),
                For(ForProps::builder()
                    .each(move || outgoing.get())
                    .key(Outgoing::clone_key)
                    .children(move |one| on_its_way(store, one).into_any())
                    .build()),
            ))
        })
    }
}

impl Outgoing {
    fn clone_key(&self) -> (u64, bool) {
        (self.id, self.state == Sending::Sending)
    }
}

fn waiting(store: Store, queued: QueuedPrompt) -> impl IntoView {
    let label = words().remove_of(&queued.text);
    li().attr("data-state", "queued").child((
        span().class("text").child(queued.text),
        span().class("fate").child(words().queued),
        button()
            .r#type("button")
            .class("quiet")
            .attr("aria-label", label)
            .on(ev::click, move |_| store.dispatch(Command::Unqueue(queued.prompt.clone())))
            .child(icon(icon::CROSS)),
    ))
}

fn on_its_way(store: Store, one: Outgoing) -> impl IntoView {
    let id = one.id;
    let press = move |label: &'static str, command: Command| {
        button().r#type("button").class("link").on(ev::click, move |_| store.dispatch(command.clone())).child(label)
    };
    match one.state {
        Sending::Sending => li()
            .attr("data-state", "sending")
            .child((span().class("text").child(one.text), span().class("fate").child(words().sending)))
            .into_any(),
        Sending::Failed(why) => li()
            .attr("data-state", "failed")
            .attr("role", "alert")
            .child((
                span().class("text").child(one.text),
                span().class("fate").child(words().not_sent(&why)),
                press(words().retry, Command::Resend(id)),
                press(words().edit, Command::TakeBack(id)),
                press(words().discard, Command::Discard(id)),
            ))
            .into_any(),
    }
}

/// What went wrong with the last thing asked for.
pub(crate) fn complaint() -> impl IntoView {
    let store = store();
    move || {
        store.complaint.get().map(|what| {
            p().class("elsewhere").attr("role", "alert").child((
                span().child(what),
                button()
                    .r#type("button")
                    .class("quiet")
                    .attr("aria-label", words().dismiss)
                    .on(ev::click, move |_| store.complaint.set(None))
                    .child(icon(icon::CROSS)),
            ))
        })
    }
}
