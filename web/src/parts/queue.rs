//! Between transcript and composer: what is on its way, what waits for its turn, and what went wrong.

use crate::leptos::ev;
use roost_core::transcript::QueuedPrompt;

use super::icon::{self, icon};
use crate::{
    dom::{Content, button, each, li, p, span, ul},
    store::{Command, Outgoing, Sending, Store, derived, store},
    words::words,
};

pub(crate) fn queue() -> impl Content {
    let store = store();
    let outgoing = derived(move || store.outgoing_here());
    let any = derived(move || !outgoing.with(Vec::is_empty) || !store.talk.queue.with(Vec::is_empty));
    move || {
        any.get().then(|| {
            ul().class("queue").attr("aria-label", words().queue).child((
                each(
                    move || store.talk.queue.get(),
                    |queued| queued.prompt.to_string(),
                    move |queued| waiting(store, queued).view(),
                ),
                each(move || outgoing.get(), Outgoing::key, move |one| on_its_way(store, one).view()),
            ))
        })
    }
}

impl Outgoing {
    fn key(&self) -> String {
        format!("{} {}", self.id, matches!(self.state, Sending::Failed { .. }))
    }
}

fn waiting(store: Store, queued: QueuedPrompt) -> impl Content {
    let label = words().remove_of(&queued.text);
    let (prompt, text) = (queued.prompt.clone(), queued.text.clone());
    li().attr("data-state", "queued").child((
        span().class("text").attr("title", queued.text.clone()).child(queued.text.clone()),
        span().class("fate").child(words().queued),
        button()
            .plain()
            .class("quiet")
            .attr("aria-label", words().edit_of(&queued.text))
            .attr("title", words().edit)
            .on(ev::click, move |_| store.dispatch(Command::EditQueued(prompt.clone(), text.clone())))
            .child(icon(icon::PENCIL)),
        button()
            .plain()
            .class("quiet")
            .attr("aria-label", label)
            .on(ev::click, move |_| store.dispatch(Command::Unqueue(queued.prompt.clone())))
            .child(icon(icon::CROSS)),
    ))
}

fn on_its_way(store: Store, mut one: Outgoing) -> impl Content {
    let id = one.id;
    if !one.pictures.is_empty() {
        one.text = format!("{} {}", one.text, words().attachments(one.pictures.len()));
    }
    let press = move |label: &'static str, command: Command| {
        button().plain().class("link").on(ev::click, move |_| store.dispatch(command.clone())).child(label)
    };
    match one.state {
        Sending::OnItsWay | Sending::Accepted { .. } => li()
            .attr("data-state", "sending")
            .child({
                let fate = if one.text.starts_with('!') { words().runs } else { words().sending };
                (span().class("text").child(one.text), span().class("fate").child(fate))
            })
            .view(),
        Sending::Failed { why, .. } => li()
            .attr("data-state", "failed")
            .child((
                span().class("text").child(one.text),
                span().class("fate").attr("role", "alert").child(words().not_sent(&why)),
                press(words().retry, Command::Resend(id)),
                press(words().edit, Command::TakeBack(id)),
                press(words().discard, Command::Discard(id)),
            ))
            .view(),
    }
}

/// What went wrong with the last thing asked for.
pub(crate) fn complaint() -> impl Content {
    let store = store();
    move || {
        store.complaint.get().map(|what| {
            p().class("elsewhere").attr("role", "alert").child((
                span().child(what),
                button()
                    .plain()
                    .class("quiet")
                    .attr("aria-label", words().dismiss)
                    .on(ev::click, move |_| store.complaint.set(None))
                    .child(icon(icon::CROSS)),
            ))
        })
    }
}
